"""`encode`: clips in, vectors out, in order, whatever their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import torch
from torch import Tensor

from ..clips import Clip, check_units
from ..models import SkeletonEncoder
from ..models.encoder import Devices, EncodePrecision, Output, VectorLists, Vectors
from ..read.anything import as_clips
from ..windows import Windows
from .batches import chunks
from .options import EncodeOptions
from .progress import progress_bar
from .workers import Workers, loaded


@overload
def encode(
    clips: object, model: str | SkeletonEncoder = ..., *, batch_size: int = ..., device: Devices = ...,
    output: Output = ..., normalize: bool = ..., preprocess: bool = ..., precision: EncodePrecision = ...,
    to_tensor: bool = ..., progress: bool | None = ..., window: None = ..., stride: None = ...,
    truncate_dim: int | None = ...,
) -> Vectors: ...  # fmt: skip
@overload
def encode(
    clips: object, model: str | SkeletonEncoder = ..., *, batch_size: int = ..., device: Devices = ...,
    output: Output = ..., normalize: bool = ..., preprocess: bool = ..., precision: EncodePrecision = ...,
    to_tensor: bool = ..., progress: bool | None = ..., window: int | None, stride: int | None = ...,
    truncate_dim: int | None = ...,
) -> Vectors | VectorLists: ...  # fmt: skip
def encode(
    clips: object,
    model: str | SkeletonEncoder = "default",
    *,
    batch_size: int = 64,
    device: Devices = None,
    output: Output = "clip",
    normalize: bool = False,
    preprocess: bool = True,
    precision: EncodePrecision = "float32",
    to_tensor: bool = False,
    progress: bool | None = None,
    window: int | None = None,
    stride: int | None = None,
    truncate_dim: int | None = None,
) -> Vectors | VectorLists:
    """Embed skeleton clips.

    Args:
        clips: one float array (3, T, 25, M) or (N, 3, T, 25, M) in metres, numpy or torch; a list of arrays
            of different lengths and body counts; a path or a list of paths; a list of `Clip`; a `ClipStore`.
        model: a `SkeletonEncoder`, or a name for `load_pretrained`.
        batch_size: clips a forward pass; it does not change the result beyond rounding.
        device: where to compute; by default where the model is. A list, such as ``["cuda:0", "cuda:1"]``,
            computes on all of them, with the same rows.
        output: ``"clip"`` one vector a clip (N, D); ``"bodies"`` one a body (N, 2, D), zero for an absent
            one; ``"frames"`` (N, T', D'); ``"joints"`` (N, T', 25, D').
        normalize: scale every vector to unit length, so that dot products are cosines.
        preprocess: False when the clips are already resized, centred and turned ("frame50" files); they must
            then have one length. Clips that a reader found to be so (`Clip.prepared`) are known anyway.
        precision: of the computation; ``"bfloat16"`` is coarser, and faster where the machine has it.
        to_tensor: return a torch tensor on the (first) compute device instead of a numpy array.
        progress: show a bar; by default from 512 clips on, when standard error is a terminal.
        window: cut every clip into windows of this many frames, and embed each.
        stride: frames from one window's start to the next one's; by default `window`.
        truncate_dim: give the first so many numbers of every vector, and normalise those; by default the
            model's `truncate_dim`. See `skelrep.fit_whitening` for what the first ones are.

    Returns:
        float32 (N, D), one row a clip in the order given; (0, D) for none. With `window`: a list of N such
        arrays, of the windows of each clip in order of time (`skelrep.windows.window_starts` tells their
        first frames; a clip shorter than a window is one window). A window without any body is embedded as
        the network sees nothing: zeros under ``"fixed"``.

    Raises:
        ShapeError, InvalidClipError: a clip that cannot be used, named by its place.
        ConfigError: an impossible option, or a device that is not there.

    Example:
        >>> import numpy as np, skelrep
        >>> clips = [np.random.default_rng(i).normal(size=(3, 30 + i, 25, 1)) for i in range(2)]
        >>> skelrep.encode(clips, SkeletonEncoder(skelrep.ModelConfig())).shape
        (2, 768)
    """
    options = EncodeOptions(
        batch_size=batch_size, output=output, normalize=normalize, preprocess=preprocess,
        precision=precision, window=window, stride=stride, truncate_dim=truncate_dim,
    )  # fmt: skip
    encoder = loaded(model)
    items = as_clips(clips, recipe=encoder.config.preprocess.recipe_name)
    if preprocess and len(items):
        # One clip tells: a warning a clip would bury it.
        check_units(items[0].data, items[0].name or "clips[0]")
    windows = None if window is None else Windows(items, window, stride)
    workers = Workers(encoder, device, options)
    vectors = _all_rows(workers, items if windows is None else windows, progress)
    if to_tensor:
        vectors = vectors.to(workers.encoders[0].device)
    if windows is None:
        return vectors if to_tensor else vectors.numpy()
    each = torch.split(vectors, windows.counts.tolist())
    return list(each) if to_tensor else [one.numpy() for one in each]


def _all_rows(workers: Workers, items: Sequence[Clip], progress: bool | None) -> Tensor:
    if not len(items):
        return workers.no_rows().clone()
    rows = workers.rows(chunk.gather() for chunk in chunks(items, workers.options.batch_size))
    vectors, at = torch.empty(0), 0
    with progress_bar(len(items), progress) as advance:
        for some in rows:
            if not at:
                vectors = torch.empty(len(items), *some.shape[1:])
            vectors[at : at + len(some)] = some
            at += len(some)
            advance(len(some))
    return vectors
