"""`skelrep export`: a model as a file that runs without skelrep."""

from __future__ import annotations

import argparse
import contextlib
import logging
import warnings
from collections.abc import Iterator

from .console import say
from .options import MODEL_HELP, Subparsers, add_revision, check_output_file, path

SUFFIXES = (".onnx", ".pt2")


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        parents=[common],
        allow_abbrev=False,
        help="write a model as an ONNX or torch.export file",
        description="Write a model as one file that runs without skelrep: .onnx for ONNX Runtime and others "
        "(needs the extra 'onnx'), .pt2 for torch.export.load. Before it gets its name, it is run and "
        "compared with the model.",
    )
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        "-o",
        "--output-file",
        "--output",
        type=path,
        required=True,
        metavar="FILE",
        help="model.onnx or model.pt2",
    )
    parser.add_argument(
        "--input",
        choices=("prepared", "raw"),
        default="prepared",
        help="what the file takes: preprocessed clips (default), or raw ones, which it preprocesses itself",
    )
    add_revision(parser)
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Export, and tell what the file is."""
    check_output_file(options.output_file, SUFFIXES)
    from ..export import export_onnx, export_program
    from ..pretrained import find_pretrained
    from ..selfcheck import encoder_of, open_model

    model = encoder_of(open_model(find_pretrained(options.model, revision=options.revision)))
    with torch_hushed():
        if options.output_file.suffix == ".onnx":
            error = export_onnx(model, options.output_file, input=options.input)
            say(f"ONNX Runtime computes the same (relative error {error:.1e})")
        else:
            export_program(model, options.output_file, input=options.input)
    size = options.output_file.stat().st_size / 1e6
    say(f"{options.output_file}: {options.input} clips to {model.embedding_dim} numbers, {size:.1f} MB")


@contextlib.contextmanager
def torch_hushed() -> Iterator[None]:
    """Keep torch's notes on its own insides from the terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)
