"""`skelrep encode`: files in, vectors out."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import Subparsers, add_device, check_output_file, pick_device, positive, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..clips import Clip

UNKNOWN_LABEL = -1


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "encode",
        parents=[common],
        allow_abbrev=False,
        help="embed clips",
        description="Embed the clips of a file or folder. An .npz gets 'names', 'embeddings' and, where "
        f"known, 'labels' ({UNKNOWN_LABEL} for a clip without one); an .npy gets the embeddings alone. "
        "Rows are in reading order.",
    )
    parser.add_argument("clips", type=Path, metavar="FOLDER_OR_FILE", help="any format that read_clips reads")
    parser.add_argument(
        "-o", "--output-file", type=Path, required=True, metavar="OUT.npz", help=".npz or .npy"
    )
    parser.add_argument(
        "--model",
        default="default",
        help="what load_pretrained takes: an embedded name, a folder, a Hub id, a published .pt "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--batch-size", type=positive, default=64, help="clips a forward pass (default: %(default)s)"
    )
    add_device(parser)
    parser.add_argument(
        "--recipe",
        choices=("fixed", "faithful"),
        help="how bodies are read: fixed tracks them by id and drops ghosts, faithful keeps the file's order "
        "(default: the model's recipe)",
    )
    parser.add_argument(
        "--output",
        choices=("clip", "frames", "joints"),
        default="clip",
        help="one vector a clip, a frame, or a joint and frame (default: %(default)s)",
    )
    parser.add_argument("--normalize", action="store_true", help="scale every vector to unit length")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no summary")
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Read, embed, write."""
    check_output_file(options.output_file, (".npz", ".npy"))
    import numpy as np

    from ..embed import encode
    from ..pretrained import load_pretrained
    from ..read import as_clips

    model = load_pretrained(options.model, device=pick_device(options.device))
    clips = as_clips(options.clips, recipe=options.recipe or model.config.preprocess.recipe_name)
    began = time.perf_counter()
    vectors = encode(
        clips,
        model,
        batch_size=options.batch_size,
        output=options.output,
        normalize=options.normalize,
        progress=False if options.quiet else None,
    )
    embeddings = np.asarray(vectors)
    write_embeddings(options.output_file, clips, embeddings)
    if not options.quiet:
        seconds = time.perf_counter() - began
        say(f"{len(clips)} clips -> {tuple(embeddings.shape)} in {seconds:.1f} s: {options.output_file}")


def write_embeddings(path: Path, clips: Sequence[Clip], embeddings: NDArray[np.float32]) -> None:
    """Write the result whole or not at all."""
    import numpy as np

    from ..atomic import atomic_write

    with atomic_write(path) as file:
        if path.suffix == ".npy":
            np.save(file, embeddings)
            return
        arrays: dict[str, Any] = {
            "names": np.array([clip.name for clip in clips], dtype=np.str_),
            "embeddings": embeddings,
        }
        if any(clip.label is not None for clip in clips):
            labels = [UNKNOWN_LABEL if clip.label is None else clip.label for clip in clips]
            arrays["labels"] = np.array(labels, dtype=np.int64)
        np.savez(file, **arrays)
