"""Parse the command line, run one command, turn errors into one line and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

from .._version import __version__
from ..errors import PeerError, SkelrepError
from . import (
    atlas,
    convert,
    demo,
    doctor,
    draw,
    encode,
    export,
    finetune,
    index,
    info,
    predict,
    probe,
    push,
    reproduce,
    search,
    train,
    verify,
)
from .console import complain, is_first_process, show_warning

COMMANDS = (
    encode,
    export,
    index,
    search,
    finetune,
    predict,
    probe,
    train,
    reproduce,
    doctor,
    draw,
    atlas,
    info,
    demo,
    convert,
    verify,
    push,
)
EXIT_ERROR, EXIT_INTERRUPTED, EXIT_PIPE, EXIT_TERMINATED = 2, 130, 141, 143


def build_parser() -> argparse.ArgumentParser:
    """The parser of `skelrep` with all its commands."""
    parser = argparse.ArgumentParser(
        prog="skelrep",
        allow_abbrev=False,
        description="Embeddings of 3D human skeleton clips: pretrained encoders, and CrosSCLR pretraining.",
    )
    parser.add_argument("--version", action="version", version=f"skelrep {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--traceback", action="store_true", help="show where an error comes from")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands, common)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `skelrep`.

    Args:
        arguments: as typed after `skelrep`; by default those of this process.

    Returns:
        The exit code: 0; 2 for an error, told in one line on standard error; 130 when interrupted; 141
        when nobody reads what it prints; 143 when SIGTERM ended a training, after it was saved.
    """
    options = build_parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show_warning
            options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (such as `head`) has seen enough. What is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except KeyboardInterrupt:
        if is_first_process():
            sys.stderr.write(f"skelrep: interrupted{options.after_interrupt}\n")
        return EXIT_INTERRUPTED
    except SystemExit as stop:
        if stop.code != EXIT_TERMINATED:
            raise
        sys.stderr.write(f"skelrep: terminated{options.after_interrupt}\n")
        return EXIT_TERMINATED
    except SkelrepError as error:
        if options.traceback:
            raise
        if is_first_process() or not isinstance(error, PeerError):  # the process that failed says why
            complain(f"error: {error}")
        return EXIT_ERROR
    except OSError as error:  # of the system, on a path that nobody looked at before: no fault of the program
        if options.traceback:
            raise
        complain(f"error: {error.strerror or error}: {error.filename or options.command}")
        return EXIT_ERROR
    return 0
