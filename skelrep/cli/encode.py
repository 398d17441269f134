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
        "Rows are in reading order; with --window a row is a window, and 'starts' tells its first frame.",
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
        choices=("clip", "bodies", "frames", "joints"),
        default="clip",
        help="one vector a clip, a body, a frame, or a joint and frame (default: %(default)s)",
    )
    parser.add_argument(
        "--window",
        type=positive,
        help="embed windows of this many frames; an .npz gets a row a window and 'starts', first frames",
    )
    parser.add_argument("--stride", type=positive, help="frames from window to window (default: no overlap)")
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
    found = encode(
        clips,
        model,
        batch_size=options.batch_size,
        output=options.output,
        normalize=options.normalize,
        progress=False if options.quiet else None,
        window=options.window,
        stride=options.stride,
    )
    counts = [len(rows) for rows in found] if isinstance(found, list) else None
    embeddings = np.asarray(np.concatenate(found) if counts else found)
    write_embeddings(options.output_file, clips, embeddings, counts, options.stride or options.window)
    if not options.quiet:
        seconds = time.perf_counter() - began
        say(f"{len(clips)} clips -> {tuple(embeddings.shape)} in {seconds:.1f} s: {options.output_file}")


def write_embeddings(
    path: Path,
    clips: Sequence[Clip],
    embeddings: NDArray[np.float32],
    counts: Sequence[int] | None,
    stride: int | None,
) -> None:
    """Write the result whole or not at all; `counts` are the windows of each clip, `stride` apart."""
    import numpy as np

    from ..atomic import atomic_write

    with atomic_write(path) as file:
        if path.suffix == ".npy":
            np.save(file, embeddings)
            return
        repeats = [1] * len(clips) if counts is None else counts
        arrays: dict[str, Any] = {
            "names": np.repeat(np.array([clip.name for clip in clips], dtype=np.str_), repeats),
            "embeddings": embeddings,
        }
        if counts is not None and stride is not None:
            arrays["starts"] = np.concatenate([np.arange(count) * stride for count in counts])
        if any(clip.label is not None for clip in clips):
            labels = [UNKNOWN_LABEL if clip.label is None else clip.label for clip in clips]
            arrays["labels"] = np.repeat(np.array(labels, dtype=np.int64), repeats)
        np.savez(file, **arrays)
