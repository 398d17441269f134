"""`skelrep encode`: files in, vectors out."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from ..errors import OutputError
from .console import say
from .options import (
    Subparsers,
    add_batch_size,
    add_clips,
    add_model,
    add_output_file,
    add_quiet,
    add_reading_recipe,
    add_truncate_dim,
    add_window,
    check_output_file,
    device,
    pick_device,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..clips import Clip
    from ..config import Recipe
    from ..models import SkeletonEncoder
    from ..models.encoder import EncodePrecision, Output

UNKNOWN_LABEL = -1


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "encode",
        parents=[common],
        allow_abbrev=False,
        help="embed clips",
        description="Embed the clips of a file or folder. An .npz gets 'names', 'embeddings' and, where "
        f"known, 'labels' ({UNKNOWN_LABEL} for a clip without one). An .npy gets the embeddings alone, as "
        "they are computed, however many; after an interruption the same command goes on. Rows are in "
        "reading order; with --window a row is a window, and 'starts' tells its first frame.",
    )
    add_clips(parser)
    add_output_file(parser, "OUT.npz", ".npz or .npy")
    add_model(parser)
    _add_computation(parser)
    _add_rows(parser)
    parser.add_argument(
        "--no-resume",
        dest="resume",
        action="store_false",
        help="begin an .npy anew, whatever an interrupted command has left",
    )
    add_quiet(parser)
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def _add_computation(parser: argparse.ArgumentParser) -> None:
    """How it is computed."""
    add_batch_size(parser)
    parser.add_argument(
        "--device",
        type=device,
        help="where to compute, such as cpu, cuda, or several as cuda:0,cuda:1 (default: CUDA where there is "
        "one)",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="bfloat16 is coarser, and faster where the machine has it (default: %(default)s)",
    )


def _add_rows(parser: argparse.ArgumentParser) -> None:
    """What a row is."""
    add_reading_recipe(parser)
    parser.add_argument(
        "--output",
        choices=("clip", "bodies", "frames", "joints"),
        default="clip",
        help="one vector a clip, a body, a frame, or a joint and frame (default: %(default)s)",
    )
    add_window(
        parser, "embed windows of this many frames; an .npz gets a row a window and 'starts', first frames"
    )
    add_truncate_dim(parser)
    parser.add_argument("--normalize", action="store_true", help="scale every vector to unit length")


def run(options: argparse.Namespace) -> None:
    """Read, embed, write."""
    check_output_file(options.output_file, (".npz", ".npy"))
    from ..pretrained import load_pretrained

    devices = pick_devices(options.device)
    model = load_pretrained(options.model, device=devices[0])
    recipe = options.recipe or model.config.preprocess.recipe_name
    began = time.perf_counter()
    if options.output_file.suffix == ".npy":
        options.after_interrupt = "; finished rows are kept, the same command goes on with the rest"
        shape = encode_rows(options, model, recipe, devices)
        count = f"{shape[0]} {'clips' if options.window is None else 'windows'}"
    else:
        count, shape = encode_archive(options, model, recipe, devices)
    if not options.quiet and not int(os.environ.get("RANK", "0")):
        seconds = time.perf_counter() - began
        say(f"{count} -> {shape} in {seconds:.1f} s: {options.output_file}")


def pick_devices(text: str | None) -> list[str]:
    """The devices asked for, separated by commas; else the best there is, under `torchrun` one a process."""
    if text is not None:
        return text.split(",")
    device = pick_device(None)
    return [f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" and "LOCAL_RANK" in os.environ else device]


class Arguments(TypedDict):
    """What `encode` and `encode_to_file` both take."""

    batch_size: int
    device: list[str]
    output: Output
    normalize: bool
    precision: EncodePrecision
    progress: bool | None
    window: int | None
    stride: int | None
    truncate_dim: int | None


def arguments(options: argparse.Namespace, devices: list[str]) -> Arguments:
    """The options under the words of the library."""
    return {
        "batch_size": options.batch_size,
        "device": devices,
        "output": options.output,
        "normalize": options.normalize,
        "precision": options.precision,
        "progress": False if options.quiet else None,
        "window": options.window,
        "stride": options.stride,
        "truncate_dim": options.truncate_dim,
    }


def encode_rows(
    options: argparse.Namespace, model: SkeletonEncoder, recipe: Recipe, devices: list[str]
) -> tuple[int, ...]:
    """Rows into an `.npy` as they come, in constant memory; returns its shape."""
    from ..embed import encode_to_file
    from ..read.anything import iter_clips

    rows = encode_to_file(
        options.output_file,
        iter_clips(options.clips, recipe=recipe),
        model,
        resume=options.resume,
        **arguments(options, devices),
    )
    return rows.shape


def encode_archive(
    options: argparse.Namespace, model: SkeletonEncoder, recipe: Recipe, devices: list[str]
) -> tuple[str, tuple[int, ...]]:
    """An `.npz` of names, rows and labels; returns how many clips it has, and the shape of the rows."""
    import numpy as np

    from ..embed import encode
    from ..embed.ranks import world_size
    from ..read import as_clips

    if world_size() > 1:
        raise OutputError(
            f"cannot write {options.output_file} from several processes: they write an .npy only."
        )
    clips = as_clips(options.clips, recipe=recipe)
    found = encode(
        clips,
        model,
        **arguments(options, devices),
    )
    counts = [len(rows) for rows in found] if isinstance(found, list) else None
    embeddings = np.asarray(np.concatenate(found) if counts else found)
    write_embeddings(options.output_file, clips, embeddings, counts, options.stride or options.window)
    return f"{len(clips)} clips", tuple(embeddings.shape)


def write_embeddings(
    path: Path,
    clips: Sequence[Clip],
    embeddings: NDArray[np.float32],
    counts: Sequence[int] | None,
    stride: int | None,
) -> None:
    """Write the archive whole or not at all; `counts` are the windows of each clip, `stride` apart."""
    import numpy as np

    from ..atomic import atomic_write

    with atomic_write(path) as file:
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
