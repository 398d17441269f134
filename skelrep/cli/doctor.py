"""`skelrep doctor`: a health report of recordings."""

from __future__ import annotations

import argparse

from .console import say
from .options import MODEL_HELP, Subparsers, add_clips, add_quiet, check_output_file, path


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "doctor",
        parents=[common],
        allow_abbrev=False,
        help="say what may be wrong with clips",
        description="Look at the clips of a file or folder, without labels: format, units, up axis, left and "
        "right, frame rate, glitches, frozen and dropped frames, NaN, ghost bodies, duplicates, and clips "
        "unlike the others. The table has the worst first, each with what to do about it.",
    )
    add_clips(parser)
    parser.add_argument("--json", type=path, metavar="REPORT.json", help="also write the whole report")
    parser.add_argument(
        "--model",
        help=f"also tell clips unlike those that this model was trained on; {MODEL_HELP} (default: none)",
    )
    parser.add_argument(
        "--recipe",
        choices=("fixed", "faithful"),
        default="fixed",
        help="how bodies are read (default: %(default)s)",
    )
    add_quiet(parser, "no progress bar")
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Look, tell, write."""
    if options.json is not None:
        check_output_file(options.json, (".json",))
    from ..health import doctor

    report = doctor(
        options.clips,
        model=options.model,
        recipe=options.recipe,
        progress=False if options.quiet else None,
    )
    if options.json is not None:
        report.save(options.json)
    say(str(report))
