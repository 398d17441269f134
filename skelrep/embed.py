"""`encode`: clips in, vectors out, in order, whatever their lengths."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from .clips import Clip, check_units
from .config import PreprocessConfig
from .errors import ConfigError, ShapeError
from .models import SkeletonEncoder
from .models.encoder import Output
from .preprocess import preprocess as preprocess_clips
from .preprocess import resize
from .read import as_clips
from .weights_file import check_device

PROGRESS_FROM = 512  # clips; fewer are done before a bar could be read


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
) -> NDArray[np.float32] | Tensor:
    """Embed skeleton clips.

    Args:
        clips: one float array (3, T, 25, M) or (N, 3, T, 25, M) in metres, numpy or torch; a list of arrays
            of different lengths and body counts; a path or a list of paths; a list of `Clip`; a `ClipStore`.
        model: a `SkeletonEncoder`, or a name for `load_pretrained`.
        batch_size: clips a forward pass; it does not change the result beyond rounding.
        device: where to compute; by default where the model is.
        output: ``"clip"`` one vector a clip (N, D); ``"frames"`` (N, T', D'); ``"joints"`` (N, T', 25, D').
        normalize: scale every vector to unit length, so that dot products are cosines.
        preprocess: False when the clips are already resized, centred and turned ("frame50" files); they must
            then have one length. Clips that a reader found to be so (`Clip.prepared`) are known anyway.
        to_tensor: return a torch tensor on the compute device instead of a numpy array.
        progress: show a bar; by default from 512 clips on, when standard error is a terminal.

    Returns:
        float32 (N, D), one row a clip in the order given; (0, D) for none.

    Raises:
        ShapeError, InvalidClipError: a clip that cannot be used, named by its place.

    Example:
        >>> import skelrep
        >>> clips = [np.random.default_rng(i).normal(size=(3, 30 + i, 25, 1)) for i in range(2)]
        >>> skelrep.encode(clips, SkeletonEncoder(skelrep.ModelConfig())).shape
        (2, 768)
    """
    check_options(batch_size, output)
    encoder = model if isinstance(model, SkeletonEncoder) else _load(model)
    items = as_clips(clips, recipe=encoder.config.preprocess.recipe_name)
    if preprocess and len(items):
        # One clip tells: a warning a clip would bury it.
        check_units(items[0].data, items[0].name or "clips[0]")
    with ready_encoder(encoder, device) as ready, torch.inference_mode():
        batches = _batches(items, batch_size, progress)
        parts = [_encode_batch(ready, batch, output, preprocess) for batch in batches]
        vectors = torch.cat(parts) if parts else _nothing(ready, output)
        if normalize:
            vectors = torch.nn.functional.normalize(vectors, dim=-1)
    return vectors.clone() if to_tensor else vectors.cpu().numpy()


def check_options(batch_size: int, output: str) -> None:
    """Raise `ConfigError` for an impossible option."""
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}; expected 1 or more.")
    if output not in ("clip", "frames", "joints"):
        raise ConfigError(f"output is {output!r}; expected 'clip', 'frames' or 'joints'.")


def _load(name: str) -> SkeletonEncoder:
    from .pretrained import load_pretrained

    return load_pretrained(name)


@contextlib.contextmanager
def ready_encoder(encoder: SkeletonEncoder, device: str | torch.device | None) -> Iterator[SkeletonEncoder]:
    """The encoder in eval mode on `device`; the caller's model keeps its device and gets its mode back."""
    target = _device_of(encoder) if device is None else check_device(device)
    if target != _device_of(encoder):
        encoder = copy.deepcopy(encoder).to(target)
    training = encoder.training
    if training:
        encoder.eval()
    try:
        yield encoder
    finally:
        if training:
            encoder.train()


def _device_of(encoder: SkeletonEncoder) -> torch.device:
    return next(encoder.parameters()).device


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
    x = _prepare(batch, encoder.config.preprocess) if preprocess else _stack(batch)
    x = x.to(_device_of(encoder))
    if output == "clip":
        return encoder(x)
    features = encoder.forward_features(x)
    return features.mean(dim=2) if output == "frames" else features


def _prepare(batch: Sequence[Clip], config: PreprocessConfig) -> Tensor:
    """Network input; clips that were prepared before are only brought to the length of the others."""
    ready = [clip for clip in batch if clip.prepared]
    if not ready:
        return preprocess_clips(batch, config)
    lengths = torch.tensor([clip.data.shape[1] for clip in ready])
    frames = [torch.from_numpy(clip.data.transpose(1, 3, 2, 0)) for clip in ready]
    resized = [
        resize(x, torch.zeros_like(n), n, config.frames)
        for x, n in zip(frames, lengths[:, None], strict=True)
    ]
    done = iter([x.permute(0, 4, 1, 3, 2) for x in resized])
    rest = iter(preprocess_clips([clip for clip in batch if not clip.prepared], config).split(1))  # type: ignore[no-untyped-call]
    parts = [next(done if clip.prepared else rest) for clip in batch]
    bodies = max(part.shape[4] for part in parts)
    return torch.cat([torch.nn.functional.pad(part, (0, bodies - part.shape[4])) for part in parts])


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
    one = torch.ones(1, 3, encoder.config.preprocess.frames, 25, 1, device=_device_of(encoder))
    features = encoder.forward_features(one)
    return (features.mean(dim=2) if output == "frames" else features)[:0]
