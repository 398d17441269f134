"""`encode_stream`: an iterable of clips in, an iterator of vectors out, in constant memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip, check_units
from ..models import SkeletonEncoder
from ..models.encoder import Devices, EncodePrecision, Output
from ..read.anything import iter_clips
from .batches import chunks, cut_windows
from .options import EncodeOptions
from .workers import Workers, loaded


def encode_stream(
    clips: object,
    model: str | SkeletonEncoder = "default",
    *,
    batch_size: int = 64,
    device: Devices = None,
    output: Output = "clip",
    normalize: bool = False,
    preprocess: bool = True,
    precision: EncodePrecision = "float32",
    window: int | None = None,
    stride: int | None = None,
    truncate_dim: int | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Embed clips as they come, however many.

    Memory does not grow with their number: a few batches are held. While one batch is computed, the next one
    is read, in the thread that asks for rows; a batch's rows come once the clips of the next one are read.
    (For live frames of one recording: `skelrep.stream.StreamingEncoder`.)

    Args:
        clips: anything `encode` takes, also a generator of arrays, clips or paths; a folder is read file by
            file.
        model, batch_size, device, output, normalize, preprocess, precision: as in `encode`.
        truncate_dim: as in `encode`.
        window, stride: as in `encode`; then one item of the result is all windows of a clip.

    Returns:
        Iterator of rows in order: float32 (D,) for each clip; with `window`, (windows, D).

    Raises:
        ShapeError, InvalidClipError, FormatError: of the clip named, after the rows of all batches before its
            own.
        ConfigError: an impossible option, at once.

    Example:
        >>> import skelrep
        >>> clips = (np.random.default_rng(i).normal(size=(3, 30 + i, 25, 1)) for i in range(5))
        >>> rows = encode_stream(clips, SkeletonEncoder(skelrep.ModelConfig()), batch_size=2)
        >>> [row.shape for row in rows]
        [(768,), (768,), (768,), (768,), (768,)]
    """
    options = EncodeOptions(
        batch_size=batch_size, output=output, normalize=normalize, preprocess=preprocess,
        precision=precision, window=window, stride=stride, truncate_dim=truncate_dim,
    )  # fmt: skip
    encoder = loaded(model)
    workers = Workers(encoder, device, options)
    source = iter_clips(clips, recipe=encoder.config.preprocess.recipe_name)
    return _rows(workers, with_units_checked(source) if preprocess else source)


def with_units_checked(clips: Iterable[Clip]) -> Iterable[Clip]:
    """The clips; a body that was not measured in metres is noticed at the first one."""
    if not isinstance(clips, Sequence):
        return _with_first_checked(clips)
    if len(clips):
        check_units(clips[0].data, clips[0].name or "clips[0]")
    return clips


def _with_first_checked(clips: Iterable[Clip]) -> Iterator[Clip]:
    for number, clip in enumerate(clips):
        if not number:
            check_units(clip.data, clip.name or "clips[0]")
        yield clip


def _rows(workers: Workers, clips: Iterable[Clip]) -> Iterator[NDArray[np.float32]]:
    options = workers.options
    counts: deque[int] = deque()
    if options.window is not None:
        clips = cut_windows(clips, options.window, options.stride, counts)
    with closing(workers.rows(chunk.gather() for chunk in chunks(clips, options.batch_size))) as parts:
        # Copies: a row that is kept must not keep its batch.
        rows = (row.copy() for part in parts for row in part.numpy())
        if options.window is None:
            yield from rows
        for first in rows:
            yield np.stack([first, *islice(rows, counts.popleft() - 1)])
