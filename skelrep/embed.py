"""`encode`: clips in, vectors out, in order, whatever their lengths."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import get_args, overload

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from .clips import Clip, check_units
from .errors import ConfigError, ShapeError
from .models import SkeletonEncoder
from .models.encoder import MAX_BODIES, Output, VectorLists, Vectors
from .preprocess import preprocess_arrays
from .read import as_clips
from .weights_file import check_device
from .windows import Windows

PROGRESS_FROM = 512  # clips; fewer are done before a bar could be read


@overload
def encode(
    clips: object, model: str | SkeletonEncoder = ..., *, batch_size: int = ...,
    device: str | torch.device | None = ..., output: Output = ..., normalize: bool = ...,
    preprocess: bool = ..., to_tensor: bool = ..., progress: bool | None = ..., window: None = ...,
    stride: None = ...,
) -> Vectors: ...  # fmt: skip
@overload
def encode(
    clips: object, model: str | SkeletonEncoder = ..., *, batch_size: int = ...,
    device: str | torch.device | None = ..., output: Output = ..., normalize: bool = ...,
    preprocess: bool = ..., to_tensor: bool = ..., progress: bool | None = ..., window: int | None,
    stride: int | None = ...,
) -> Vectors | VectorLists: ...  # fmt: skip
def encode(
    clips: object,
    model: str | SkeletonEncoder = "default",
    *,
    batch_size: int = 64,
    device: str | torch.device | None = None,
    output: Output = "clip",
    normalize: bool = False,
    preprocess: bool = True,
    to_tensor: bool = False,
    progress: bool | None = None,
    window: int | None = None,
    stride: int | None = None,
) -> Vectors | VectorLists:
    """Embed skeleton clips.

    Args:
        clips: one float array (3, T, 25, M) or (N, 3, T, 25, M) in metres, numpy or torch; a list of arrays
            of different lengths and body counts; a path or a list of paths; a list of `Clip`; a `ClipStore`.
        model: a `SkeletonEncoder`, or a name for `load_pretrained`.
        batch_size: clips a forward pass; it does not change the result beyond rounding.
        device: where to compute; by default where the model is.
        output: ``"clip"`` one vector a clip (N, D); ``"bodies"`` one a body (N, 2, D), zero for an absent
            one; ``"frames"`` (N, T', D'); ``"joints"`` (N, T', 25, D').
        normalize: scale every vector to unit length, so that dot products are cosines.
        preprocess: False when the clips are already resized, centred and turned ("frame50" files); they must
            then have one length. Clips that a reader found to be so (`Clip.prepared`) are known anyway.
        to_tensor: return a torch tensor on the compute device instead of a numpy array.
        progress: show a bar; by default from 512 clips on, when standard error is a terminal.
        window: cut every clip into windows of this many frames, and embed each.
        stride: frames from one window's start to the next one's; by default `window`.

    Returns:
        float32 (N, D), one row a clip in the order given; (0, D) for none. With `window`: a list of N such
        arrays, of the windows of each clip in order of time (`skelrep.windows.window_starts` tells their
        first frames; a clip shorter than a window is one window). A window without any body is embedded as
        the network sees nothing: zeros under ``"fixed"``.

    Raises:
        ShapeError, InvalidClipError: a clip that cannot be used, named by its place.

    Example:
        >>> import skelrep
        >>> clips = [np.random.default_rng(i).normal(size=(3, 30 + i, 25, 1)) for i in range(2)]
        >>> skelrep.encode(clips, SkeletonEncoder(skelrep.ModelConfig())).shape
        (2, 768)
    """
    check_options(batch_size, output, window, stride)
    encoder = model if isinstance(model, SkeletonEncoder) else _load(model)
    items = as_clips(clips, recipe=encoder.config.preprocess.recipe_name)
    if preprocess and len(items):
        # One clip tells: a warning a clip would bury it.
        check_units(items[0].data, items[0].name or "clips[0]")
    windows = None if window is None else Windows(items, window, stride)
    with ready_encoder(encoder, device) as ready, torch.inference_mode():
        batches = _batches(items if windows is None else windows, batch_size, progress)
        parts = [_encode_batch(ready, batch, output, preprocess) for batch in batches]
        vectors = torch.cat(parts) if parts else _nothing(ready, output)
        if normalize:
            vectors = torch.nn.functional.normalize(vectors, dim=-1)
    if windows is None:
        return vectors.clone() if to_tensor else vectors.cpu().numpy()
    each = torch.split(vectors.clone(), windows.counts.tolist())
    return list(each) if to_tensor else [one.cpu().numpy() for one in each]


def check_options(batch_size: int, output: str, window: int | None = None, stride: int | None = None) -> None:
    """Raise `ConfigError` for an impossible option."""
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}; expected 1 or more.")
    if output not in get_args(Output):
        raise ConfigError(f"output is {output!r}; expected one of {', '.join(map(repr, get_args(Output)))}.")
    if window is None and stride is not None:
        raise ConfigError(f"stride is {stride} without a window; expected both. Pass window=... too.")


def _load(name: str) -> SkeletonEncoder:
    from .pretrained import load_pretrained

    return load_pretrained(name)


@contextlib.contextmanager
def ready_encoder(encoder: SkeletonEncoder, device: str | torch.device | None) -> Iterator[SkeletonEncoder]:
    """The encoder in eval mode on `device`; the caller's model keeps its device and its mode."""
    target = encoder.device if device is None else check_device(device)
    if target != encoder.device:
        yield copy.deepcopy(encoder).to(target).eval()
    elif encoder.training:
        # A twin with the same weights: another thread may be using the model, and would see its mode change.
        weights = {id(tensor): tensor for tensor in (*encoder.parameters(), *encoder.buffers())}
        yield copy.deepcopy(encoder, weights).eval()
    else:
        yield encoder


def _batches(items: Sequence[Clip], batch_size: int, progress: bool | None) -> Iterator[Sequence[Clip]]:
    hidden = None if progress is None and len(items) >= PROGRESS_FROM else not progress
    with tqdm(total=len(items), desc="encode", unit="clip", disable=hidden) as bar:
        for start in range(0, len(items), batch_size):
            batch = items[start : start + batch_size]
            yield batch
            bar.update(len(batch))


def _encode_batch(
    encoder: SkeletonEncoder, batch: Sequence[Clip], output: Output, preprocess: bool
) -> Tensor:
    if preprocess:
        prepared = [clip.prepared for clip in batch]
        x = preprocess_arrays([clip.data for clip in batch], encoder.config.preprocess, prepared)
    else:
        x = _stack(batch)
    x = x.to(encoder.device)
    if output == "clip":
        return encoder(x)
    if output == "bodies":
        return encoder.forward_bodies(x)
    features = encoder.forward_features(x)
    return features.mean(dim=2) if output == "frames" else features


def _stack(batch: Sequence[Clip]) -> Tensor:
    """Already prepared clips, which must agree in length, as float32 (N, 3, T, V, M)."""
    lengths = {clip.data.shape[1] for clip in batch}
    if len(lengths) > 1:
        raise ShapeError(
            f"clips have {sorted(lengths)} frames; with preprocess=False all clips need one length. "
            "Leave preprocess=True for raw clips of different lengths."
        )
    bodies = max(clip.data.shape[3] for clip in batch)
    padded = [np.pad(clip.data, ((0, 0), (0, 0), (0, 0), (0, bodies - clip.data.shape[3]))) for clip in batch]
    return torch.from_numpy(np.stack(padded))


def _nothing(encoder: SkeletonEncoder, output: Output) -> Tensor:
    if output == "clip":
        return torch.zeros(0, encoder.embedding_dim)
    if output == "bodies":
        return torch.zeros(0, MAX_BODIES, encoder.embedding_dim)
    one = torch.ones(1, 3, encoder.config.preprocess.frames, 25, 1, device=encoder.device)
    features = encoder.forward_features(one)
    return (features.mean(dim=2) if output == "frames" else features)[:0]
