"""Golden tensors: a fixed clip, its vector and a sketch of every layer travel with the weights.

They are computed when a model is saved; `skelrep.verify` computes them again and compares.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from .layout import NUM_JOINTS, hops_to_centre
from .models import SkeletonEncoder
from .models.bodies import present_bodies, split_bodies
from .views import make_view

GOLDEN_INPUT, GOLDEN_OUTPUT, GOLDEN_LAYERS = "golden.input", "golden.output", "golden.layers"
SKETCH_SIZE = 8
# What a block computes, in order; the block itself last. Only blocks that change shape have `residual`.
BLOCK_LAYERS = ("spatial", "spatial_norm", "temporal", "temporal_norm", "residual.0", "residual.1")


def golden_clip(frames: int) -> Tensor:
    """A smooth clip of two bodies, made by a formula.

    Args:
        frames: T.

    Returns:
        float32 (1, C=3, T, V=25, M=2), shaped like preprocessed joints: farther joints swing wider.
    """
    c, t, v, m = np.ogrid[:3, :frames, :NUM_JOINTS, :2]
    reach = np.array(hops_to_centre())[v] / 5
    phase = 2 * np.pi * t / frames * (1 + m) + 0.7 * c + 1.3 * v + 0.4 * m
    clip = reach * (np.sin(1.7 * c + 2.3 * v) + 0.3 * np.sin(phase)) + 0.05 * m
    return torch.from_numpy(clip.astype(np.float32))[None]


def golden_tensors(encoder: SkeletonEncoder) -> dict[str, Tensor]:
    """What is saved beside the weights: the golden clip, its vector (1, D), and `layer_sketches` of it."""
    clip = golden_clip(encoder.config.preprocess.frames)
    twin = reference_twin(encoder)
    return {
        GOLDEN_INPUT: clip,
        GOLDEN_OUTPUT: golden_vector(twin, clip),
        GOLDEN_LAYERS: layer_sketches(twin, clip),
    }


def golden_shapes(encoder: SkeletonEncoder, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Empty tensors of the shapes that a model's golden tensors must have.

    Args:
        encoder: may be without memory.
        given: the file's tensors; files older than the sketches lack `golden.layers`.
    """
    shapes: dict[str, tuple[int, ...]] = {
        GOLDEN_INPUT: (1, 3, encoder.config.preprocess.frames, NUM_JOINTS, 2),
        GOLDEN_OUTPUT: (1, encoder.embedding_dim),
    }
    if GOLDEN_LAYERS in given:
        shapes[GOLDEN_LAYERS] = (len(layer_names(encoder)), 1 + SKETCH_SIZE)
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def reference_twin(encoder: SkeletonEncoder) -> SkeletonEncoder:
    """A copy in eval mode, float32, on the CPU: the caller's model stays as it is, and a GPU may use TF32."""
    return copy.deepcopy(encoder).to("cpu", torch.float32).eval()


def golden_vector(twin: SkeletonEncoder, clip: Tensor) -> Tensor:
    """The vector (1, D) of a golden clip."""
    with torch.inference_mode():
        return twin(clip.float()).clone()


def layer_names(encoder: SkeletonEncoder) -> list[str]:
    """Every layer of every view in the order of computing: the rows of `layer_sketches`."""
    return [name for name, _ in _layers(encoder)]


def layer_sketches(twin: SkeletonEncoder, clip: Tensor) -> Tensor:
    """The norm of every layer's output on a golden clip, and eight numbers that tell it from others.

    All blocks are computed, also those after the one that the vector is made of.

    Args:
        twin: from `reference_twin`.
        clip: float (1, 3, T, V, M), preprocessed.

    Returns:
        float32 (layers, 9): |x|, then x times eight rows of random signs, over sqrt(8). By the lemma of
        Johnson and Lindenstrauss, the distance of two sketches is close to that of the outputs themselves.
    """
    outputs: dict[str, Tensor] = {}
    for name, module in _layers(twin):
        module.register_forward_hook(lambda _, __, output, name=name: outputs.update({name: output}))
    clip = clip.to(next(twin.parameters()).dtype)
    present = present_bodies(clip, "fixed")
    with torch.inference_mode():
        for view in twin.views:
            rows = split_bodies(make_view(clip, view), present)
            twin.encoders[view].forward_features(rows)  # type: ignore[operator]
        if twin.whitening is not None:
            twin.whitening(twin.forward_pooled(clip))
    signs = _random_signs(max(output.numel() for output in outputs.values()))
    return torch.stack([_sketch(outputs[name], signs) for name in layer_names(twin)])


def _layers(encoder: SkeletonEncoder) -> Iterator[tuple[str, nn.Module]]:
    modules = dict(encoder.named_modules())
    for view in encoder.views:
        names = [f"encoders.{view}.input_norm"]
        for number in range(encoder.config.encoder.blocks):
            block = f"encoders.{view}.blocks.{number}"
            names += [*(f"{block}.{part}" for part in BLOCK_LAYERS), block]
        yield from ((name, modules[name]) for name in names if name in modules)
    if encoder.whitening is not None:
        yield "whitening", encoder.whitening


def _sketch(output: Tensor, signs: Tensor) -> Tensor:
    x = output.flatten().double()
    sums = signs[:, : x.numel()] @ x / SKETCH_SIZE**0.5
    return torch.cat([x.norm()[None], sums]).float()


def _random_signs(count: int) -> Tensor:
    """float64 (8, count) of +1 and -1, the same on every machine: NumPy keeps this generator's bits."""
    bits = np.random.PCG64(0).random_raw(count)[None] >> np.arange(SKETCH_SIZE, dtype=np.uint64)[:, None]
    return torch.from_numpy((bits & np.uint64(1)) * 2.0 - 1.0)
