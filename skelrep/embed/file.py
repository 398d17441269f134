"""`encode_to_file`: any number of clips into one `.npy` file, which can be interrupted and gone on with."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..clips import Clip
from ..errors import ConfigError, OutputError
from ..models import SkeletonEncoder
from ..models.encoder import Devices, EncodePrecision, Output
from ..read.anything import iter_clips
from ..read.dataset import ClipStore
from ..windows import Windows
from .batches import cut_windows
from .options import EncodeOptions
from .part import PartFile, model_digest
from .progress import progress_bar
from .ranks import Ranks, all_ranks
from .share import Share
from .stream import with_units_checked
from .workers import Workers, loaded

FORMAT_VERSION = 1


def encode_to_file(
    path: str | os.PathLike[str],
    clips: object,
    model: str | SkeletonEncoder = "default",
    *,
    resume: bool = True,
    batch_size: int = 64,
    device: Devices = None,
    output: Output = "clip",
    normalize: bool = False,
    preprocess: bool = True,
    precision: EncodePrecision = "float32",
    progress: bool | None = None,
    window: int | None = None,
    stride: int | None = None,
    truncate_dim: int | None = None,
) -> np.memmap[Any, np.dtype[np.float32]]:
    """Embed clips into a `.npy` file, in constant memory.

    Rows go to ``path.part`` beside the final name, which appears when the file is whole. After Ctrl-C, a
    kill or a full disk, the same call goes on with what is missing: clips whose rows are there are not
    computed again. Under `torchrun`, all processes must make the same call; each computes its share.

    Args:
        path: ends in ``.npy``; its folder is made where missing.
        clips: anything `encode` takes, also a generator; a folder is read file by file. When going on, they
            must be the same clips in the same order.
        model, batch_size, device, output, normalize, preprocess, precision: as in `encode`.
        resume: False begins anew, whatever part is there.
        progress: show a bar; by default from 512 clips on, when standard error is a terminal.
        truncate_dim: as in `encode`.
        window, stride: as in `encode`; a row is then a window, those of a clip one after another.

    Returns:
        The rows, float32 (N, D), mapped from the file and read-only; see `encode` for other outputs.

    Raises:
        OutputError: the file cannot be written or the disk is full (finished rows are kept); or the part is
            of other work.
        ShapeError, InvalidClipError, FormatError: of a clip; finished rows are kept.
        ConfigError: an impossible option.

    Example:
        >>> import skelrep, tempfile
        >>> clips = (np.random.default_rng(i).normal(size=(3, 30 + i, 25, 1)) for i in range(5))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     encode_to_file(folder + "/rows.npy", clips, SkeletonEncoder(skelrep.ModelConfig())).shape
        (5, 768)
    """
    options = EncodeOptions(
        batch_size=batch_size, output=output, normalize=normalize, preprocess=preprocess,
        precision=precision, window=window, stride=stride, truncate_dim=truncate_dim,
    )  # fmt: skip
    target = Path(path)
    if target.suffix != ".npy" or target.is_dir():
        raise OutputError(f"cannot write {target}: expected the name of a file that ends in .npy.")
    encoder = loaded(model)
    workers = Workers(encoder, device, options)
    source = _source(clips, encoder, options)
    with all_ranks() as ranks:
        if ranks.size > 1 and not resume:
            raise ConfigError("resume=False with several processes: delete the .part files, and call again.")
        part = PartFile(target, batch_size)
        if not ranks.rank:
            part.prepare(_work(encoder, workers.options, source), resume=resume)
        ranks.wait()
        try:
            count = _encode_share(part, source, workers, ranks, progress)
        except Exception:
            if ranks.size == 1 and part.empty():
                part.remove()  # nothing was done that a next call could go on from
            raise
        ranks.wait()
        if not ranks.rank:
            part.finish(count, workers.no_rows().numpy())
        ranks.wait()
    return np.load(target, mmap_mode="r")


def _source(clips: object, encoder: SkeletonEncoder, options: EncodeOptions) -> Iterable[Clip]:
    """The clips, or their windows; a sequence where their number is known."""
    source = iter_clips(clips, recipe=encoder.config.preprocess.recipe_name)
    if options.preprocess:
        source = with_units_checked(source)
    if options.window is None:
        return source
    if isinstance(source, ClipStore):
        return Windows(source, options.window, options.stride)
    return cut_windows(source, options.window, options.stride)


def _work(encoder: SkeletonEncoder, options: EncodeOptions, source: Iterable[Clip]) -> dict[str, Any]:
    """What rows are made of; the clips themselves are told by a checksum a batch."""
    return {
        "format_version": FORMAT_VERSION,
        "skelrep_version": __version__,
        "model": model_digest(encoder),
        "clips": len(source) if isinstance(source, Sequence) else None,
        **dataclasses.asdict(options),
    }


def _encode_share(
    part: PartFile, source: Iterable[Clip], workers: Workers, ranks: Ranks, progress: bool | None
) -> int:
    """Write this rank's share of the rows that are missing; returns the number of all rows."""
    share = Share(part, source, ranks)
    total = len(source) if isinstance(source, Sequence) else None
    shown = False if ranks.rank else progress
    try:
        with (
            progress_bar(total, shown, share.rows_done) as advance,
            closing(workers.checked_rows(share.missing())) as results,
        ):
            for number, checksum, rows in results:
                part.write(number, checksum, rows.numpy())
                advance(len(rows) * ranks.size)
    finally:
        part.close()
    return share.count
