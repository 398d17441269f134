"""Options that several commands take: one word, one meaning, one help text."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Protocol

from ..errors import OutputError

CLIPS = "FOLDER_OR_FILE"
CLIPS_HELP = "clips in any format that read_clips reads"
MODEL_HELP = "what load_pretrained takes: an embedded name, a folder, a Hub id, a published .pt"
LABELS_HELP = "a CSV file with the columns name (a file without its ending) and label"


class Subparsers(Protocol):
    """What `argparse` returns from `add_subparsers`."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
        """Add a command."""


def positive(text: str) -> int:
    """An `argparse` type: a whole number above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def path(text: str) -> Path:
    """An `argparse` type: a path, which an unset variable of the shell is not: it would be this folder."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def device(text: str) -> str:
    """An `argparse` type: where to compute; torch's "meta" has shapes and no numbers."""
    if any(name.strip().startswith("meta") for name in text.split(",")):
        raise argparse.ArgumentTypeError(f"device {text!r} cannot be used: it holds no numbers")
    return text


def add_clips(parser: argparse.ArgumentParser) -> None:
    """Add the clips, which stand without a word."""
    parser.add_argument("clips", type=path, metavar=CLIPS, help=CLIPS_HELP)


def add_output_file(
    parser: argparse.ArgumentParser, metavar: str, about: str, default: Path | None = None
) -> None:
    """Add `--output-file`, which must be given where there is no default."""
    parser.add_argument(
        "-o", "--output-file", type=path, required=default is None, default=default, metavar=metavar,
        help=about if default is None else f"{about} (default: %(default)s)",
    )  # fmt: skip


def add_table_file(parser: argparse.ArgumentParser) -> None:
    """Add `--output-file` of a table that is printed without it."""
    parser.add_argument(
        "-o", "--output-file", type=path, metavar="OUT.csv", help="write here instead of printing"
    )


def add_output_dir(parser: argparse.ArgumentParser, metavar: str, about: str) -> None:
    """Add `--output-dir`."""
    parser.add_argument("-o", "--output-dir", type=path, required=True, metavar=metavar, help=about)


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add `--model`, by default the embedded one."""
    parser.add_argument("--model", default="default", help=f"{MODEL_HELP} (default: %(default)s)")


def add_revision(parser: argparse.ArgumentParser) -> None:
    """Add `--revision`."""
    parser.add_argument("--revision", metavar="REVISION", help="branch, tag or commit of a Hub repo")


def add_labels(parser: argparse.ArgumentParser, more: str, *, required: bool = False) -> None:
    """Add `--labels`; `more` says what else the file may hold, and what becomes of other clips."""
    parser.add_argument(
        "--labels", type=path, required=required, metavar="LABELS.csv", help=f"{LABELS_HELP}; {more}"
    )


def add_reading_recipe(parser: argparse.ArgumentParser) -> None:
    """Add `--recipe` of a command that reads clips; None where it is not given."""
    parser.add_argument(
        "--recipe",
        choices=("fixed", "faithful"),
        help="how bodies are read: fixed tracks them by id and drops ghosts, faithful keeps the file's order "
        "(default: the model's recipe)",
    )


def add_window(parser: argparse.ArgumentParser, about: str) -> None:
    """Add `--window` and `--stride`; `about` says what becomes of a window."""
    parser.add_argument("--window", type=positive, help=about)
    parser.add_argument("--stride", type=positive, help="frames from window to window (default: no overlap)")


def add_truncate_dim(parser: argparse.ArgumentParser) -> None:
    """Add `--truncate-dim`."""
    parser.add_argument(
        "--truncate-dim",
        type=positive,
        metavar="K",
        help="the first K numbers of every vector (default: all)",
    )


def add_batch_size(parser: argparse.ArgumentParser) -> None:
    """Add `--batch-size` of a command that embeds."""
    parser.add_argument(
        "--batch-size", type=positive, default=64, help="clips a forward pass (default: %(default)s)"
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device`."""
    parser.add_argument(
        "--device",
        type=device,
        help="where to compute, such as cpu or cuda (default: CUDA where there is one)",
    )  # fmt: skip


def add_quiet(parser: argparse.ArgumentParser, about: str = "no progress bar, no summary") -> None:
    """Add `--quiet`."""
    parser.add_argument("--quiet", action="store_true", help=about)


def pick_device(name: str | None) -> str:
    """The device asked for, or the best there is."""
    import torch

    return name or ("cuda" if torch.cuda.is_available() else "cpu")


def check_output_file(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse, before anything is computed, a name that could not be written in the end.

    Raises:
        OutputError: another suffix, or a folder in the way.
    """
    if path.suffix not in suffixes:
        raise OutputError(f"cannot write {path}: the name must end in {' or '.join(suffixes)}.")
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder. Give the name of a file.")
