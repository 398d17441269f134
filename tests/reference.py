"""Slow, readable numpy versions of what the library computes fast; written from the paper, not from it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

BONE_PAIRS_1BASED = [
    (1, 2), (2, 21), (3, 21), (4, 3), (5, 21), (6, 5), (7, 6), (8, 7), (9, 21), (10, 9), (11, 10), (12, 11),
    (13, 1), (14, 13), (15, 14), (16, 15), (17, 1), (18, 17), (19, 18), (20, 19), (21, 21), (22, 23), (23, 8),
    (24, 25), (25, 12),
]  # fmt: skip


def resize(x_TD: NDArray, frames: int) -> NDArray:
    """Half-pixel linear interpolation, one output frame at a time."""
    length, out = len(x_TD), []
    for t in range(frames):
        position = min(max((t + 0.5) * length / frames - 0.5, 0), length - 1)
        low = math.floor(position)
        high = min(low + 1, length - 1)
        out.append(x_TD[low] + (position - low) * (x_TD[high] - x_TD[low]))
    return np.stack(out)


def faithful_preprocess(x_CTVM: NDArray, frames: int) -> NDArray:
    """Centre, resize, rotate, body by body and frame by frame (reference.md, Data 3-5)."""
    x = x_CTVM.astype(np.float64)
    out = np.zeros((3, frames, 25, x.shape[3]))
    for m in range(x.shape[3]):
        body = x[..., m] - x[:, :, 20:21, m]
        body = resize(body.transpose(1, 0, 2), frames)  # T C V
        v = body[:, :, 8] - body[:, :, 4]
        theta = [math.acos(vx / (math.hypot(vx, vz) + 1e-4)) for vx, _, vz in v]
        sign = -1 if v[:, 2].sum() >= 0 else 1
        for t, angle in enumerate(theta):
            c, s = math.cos(sign * angle), math.sin(sign * angle)
            out[:, t, :, m] = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]) @ body[t]
    return out


def motion(x_NCTVM: NDArray) -> NDArray:
    out = np.zeros_like(x_NCTVM)
    for t in range(x_NCTVM.shape[2] - 1):
        out[:, :, t] = x_NCTVM[:, :, t + 1] - x_NCTVM[:, :, t]
    return out


def bone(x_NCTVM: NDArray) -> NDArray:
    out = np.zeros_like(x_NCTVM)
    for joint, parent in BONE_PAIRS_1BASED:
        out[:, :, :, joint - 1] = x_NCTVM[:, :, :, joint - 1] - x_NCTVM[:, :, :, parent - 1]
    return out


def temporal_crop(x_CTVM: NDArray, start: int, padding: int) -> NDArray:
    frames = list(range(x_CTVM.shape[1]))
    padded = frames[:padding][::-1] + frames + frames[len(frames) - padding :][::-1]
    return x_CTVM[:, padded[start : start + len(frames)]]


def info_nce(q: NDArray, k: NDArray, queue: NDArray, temperature: float) -> float:
    losses = []
    for n in range(len(q)):
        logits = np.array([q[n] @ k[n], *(q[n] @ row for row in queue)]) / temperature
        losses.append(-logits[0] + np.log(np.exp(logits - logits.max()).sum()) + logits.max())
    return float(np.mean(losses))


def cross_view_loss(
    u: str, views: list[str], q: dict, k: dict, queue: dict, temperature: float, top_k: int, context: bool
) -> float:
    """-(log_softmax * mask).sum / mask.sum, mean over queries and over the other views v."""
    over_views = []
    for v in views:
        if v == u:
            continue
        per_query = []
        for n in range(len(q[u])):
            mine = np.array([q[u][n] @ row for row in queue[u]])
            other = np.array([q[v][n] @ row for row in queue[v]])
            nearest = np.isin(np.arange(len(other)), np.argsort(-other)[:top_k]).astype(float)
            logits = np.concatenate([[q[u][n] @ k[u][n]], mine, mine * other if context else []])
            logits = logits / temperature
            mask = np.concatenate([[1.0], nearest, nearest if context else []])
            log_softmax = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
            per_query.append(-(log_softmax * mask).sum() / mask.sum())
        over_views.append(np.mean(per_query))
    return float(np.mean(over_views))


def batch_norm(x: NDArray, state: dict, name: str, axis: int) -> NDArray:
    shape = [1] * x.ndim
    shape[axis] = -1
    mean, var, weight, bias = (
        state[f"{name}.{part}"].reshape(shape) for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / np.sqrt(var + 1e-5) * weight + bias


def stgcn_maps(x_CTV: NDArray, state: dict[str, NDArray], last_block: int = 10) -> NDArray:
    """One body through ST-GCN in eval mode, convolution taps and partitions in loops: (C', T', V)."""
    frames = x_CTV.shape[1]
    x = x_CTV.transpose(2, 0, 1).reshape(75, frames)  # joint-major
    x = batch_norm(x, state, "input_norm", axis=0).reshape(25, 3, frames).transpose(1, 2, 0)
    for i in range(last_block):
        name, stride = f"blocks.{i}", 2 if i in (4, 7) else 1
        weight, bias = state[f"{name}.spatial.weight"][:, :, 0, 0], state[f"{name}.spatial.bias"]
        out = len(bias) // 3
        y = 0
        for p in range(3):
            mixed = np.einsum("oc,ctv->otv", weight[p * out : (p + 1) * out], x)
            mixed = mixed + bias[p * out : (p + 1) * out, None, None]
            y = y + mixed @ (state["adjacency"][p] * state[f"{name}.spatial.edge_importance"][p])
        y = np.maximum(batch_norm(y, state, f"{name}.spatial_norm", axis=0), 0)
        y = np.pad(y, ((0, 0), (4, 4), (0, 0)))
        taps, length = state[f"{name}.temporal.weight"][..., 0], -(-x.shape[1] // stride)
        z = np.stack(
            [np.einsum("ock,ckv->ov", taps, y[:, t * stride : t * stride + 9]) for t in range(length)], axis=1
        )
        z = batch_norm(
            z + state[f"{name}.temporal.bias"][:, None, None], state, f"{name}.temporal_norm", axis=0
        )
        if f"{name}.residual.0.weight" in state:
            r = np.einsum("oc,ctv->otv", state[f"{name}.residual.0.weight"][:, :, 0, 0], x[:, ::stride])
            r = r + state[f"{name}.residual.0.bias"][:, None, None]
            z = z + batch_norm(r, state, f"{name}.residual.1", axis=0)
        elif i:
            z = z + x
        x = np.maximum(z, 0)
    return x
