"""The random changes of one clip as plain loops over frames, joints and bodies, in float64."""

from __future__ import annotations

import math

import numpy as np

from skelrep.layout import JOINT_NAMES

Array = np.ndarray
LEG_WORDS = ("Hip", "Knee", "Ankle", "Foot")


def tilt(x: Array, direction: float, angle: float) -> Array:
    """Parts along and across the axis: the part across turns."""
    axis = np.array([math.cos(direction), 0.0, math.sin(direction)])
    out = np.zeros_like(x)
    for place in np.ndindex(x.shape[1:]):
        p = x[(slice(None), *place)]
        along = axis * (axis @ p)
        across = p - along
        out[(slice(None), *place)] = (
            along + math.cos(angle) * across + math.sin(angle) * np.cross(axis, across)
        )
    return out


def warp_time(x: Array, speeds: Array) -> Array:
    """Frame by frame: how far the clip has played, and what is seen there."""
    frames, pieces = x.shape[1], len(speeds)
    corners = np.concatenate([[0.0], np.cumsum(speeds)]) / np.sum(speeds) * (frames - 1)
    clock = np.linspace(0, frames - 1, pieces + 1)
    out = np.zeros_like(x)
    for t in range(frames):
        position = np.interp(t, clock, corners)
        for c, v, m in np.ndindex(x.shape[0], *x.shape[2:]):
            out[c, t, v, m] = np.interp(position, np.arange(frames), x[c, :, v, m])
    return out


def scale_motion(x: Array, gains: Array) -> Array:
    """Around the mean over the frames in which the body is there."""
    out = x.copy()
    for m in range(x.shape[3]):
        there = [t for t in range(x.shape[1]) if x[:, t, :, m].any()]
        for c, v in np.ndindex(x.shape[0], x.shape[2]):
            mean = sum(x[c, t, v, m] for t in there) / max(len(there), 1)
            for t in there:
                out[c, t, v, m] = mean + gains[c, v] * (x[c, t, v, m] - mean)
    return out


def add_drift(x: Array, knots: Array) -> Array:
    """np.interp between the knots, for bodies that are there."""
    out, moments = x.copy(), np.linspace(0, x.shape[1] - 1, len(knots))
    for t, m in np.ndindex(x.shape[1], x.shape[3]):
        if x[:, t, :, m].any():
            for c, v in np.ndindex(x.shape[0], x.shape[2]):
                out[c, t, v, m] += np.interp(t, moments, knots[:, c, v, m])
    return out


def mirror(x: Array) -> Array:
    """Joints go where the other side's name says."""
    out = x.copy()
    for v, name in enumerate(JOINT_NAMES):
        other = name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
        out[:, :, v] = x[:, :, JOINT_NAMES.index(other)]
    out[0] *= -1
    return out


def mix_lower_body(x: Array, other: Array) -> Array:
    """The other's legs, moved by the difference of the two SpineBases."""
    out = x.copy()
    for t, m in np.ndindex(x.shape[1], x.shape[3]):
        if x[:, t, :, m].any() and other[:, t, :, m].any():
            for v, name in enumerate(JOINT_NAMES):
                if name.startswith(LEG_WORDS):
                    out[:, t, v, m] = other[:, t, v, m] - other[:, t, 0, m] + x[:, t, 0, m]
    return out
