"""The `Clip` record: one recording of one or two bodies, metres, NTU-25 layout; and checks of its array."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import SupportsInt, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray

from .errors import InvalidClipError, ShapeError, UnitsWarning
from .layout import JOINT_NAMES, SPINE_BASE, SPINE_SHOULDER
from .shapes import EXPECTED, shape_problem

# An adult measures about 0.5 m between SpineBase and SpineShoulder; a child or an avatar is still inside.
MIN_TRUNK, MAX_TRUNK = 0.05, 3.0
MAX_BODIES = 2
MAX_FPS = 1e6  # frames per second beyond which a file is wrong


@dataclass(frozen=True, eq=False, kw_only=True)
class Clip:
    """One recording.

    Attributes:
        data: float32 (C=3, T, V=25, M), metres, y up; an absent body is all zero. T and M differ from clip to
            clip.
        name: the file's stem, or another name a person knows it by.
        label: class number, where known.
        fps: frames per second, where known.
        layout: the joint order of `data`; always ``"ntu25"`` after reading.
        prepared: already resized, centred and turned ("frame50" files); `encode` does not do it again.

    Example:
        >>> clip = Clip(data=np.ones((3, 60, 25, 1), dtype=np.float32), name="wave", fps=30.0)
        >>> clip.name, clip.data.shape
        ('wave', (3, 60, 25, 1))
    """

    data: NDArray[np.float32]
    name: str = ""
    label: int | None = None
    fps: float | None = None
    layout: str = "ntu25"
    prepared: bool = False


def is_label(value: object) -> TypeGuard[SupportsInt]:
    """Whether a value is a class number: an integer of 64 bits, which arrays and weights can hold.

    Example:
        >>> is_label(3), is_label(np.int16(3)), is_label(True), is_label(2**63)
        (True, True, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return -(2**63) <= int(value) < 2**63


def check_clip(array: object, where: str) -> NDArray[np.float32]:
    """Validate the array of one clip.

    Args:
        array: numpy array or torch tensor (C=3, T >= 1, V=25, M=1 or 2), any integer or floating dtype,
            metres.
        where: how to call it in an error, such as ``"clips[3]"``.

    Returns:
        float32 (C, T, V, M), C-contiguous; the array itself where it already is that.

    Raises:
        ShapeError: not an array of numbers, or axes of another number, order or size.
        InvalidClipError: NaN, infinity, or no body at all.

    Example:
        >>> check_clip(np.ones((3, 8, 25, 1), dtype=np.int16), "clip").dtype
        dtype('float32')
    """
    data = as_float32(array, where)
    _check_values(data, where)
    return data


def as_float32(array: object, where: str, *, any_bodies: bool = False) -> NDArray[np.float32]:
    """The part of `check_clip` that looks at axes and dtype, and leaves the values alone.

    Args:
        array, where: as in `check_clip`.
        any_bodies: accept more than two bodies on axis M.

    Returns:
        float32 (C, T, V, M), C-contiguous; the array itself where it already is that.

    Raises:
        ShapeError: not an array of numbers, or axes of another number, order or size.
    """
    if not isinstance(array, np.ndarray | torch.Tensor):
        kind = type(array).__name__
        raise ShapeError(f"{where} is a {kind}, not a numpy array or torch tensor; {EXPECTED}.")
    is_tensor = isinstance(array, torch.Tensor)
    problem = shape_problem(tuple(array.shape), is_tensor, any_bodies=any_bodies)
    if problem:
        raise ShapeError(f"{where} {problem}")
    numbers = _to_numpy(array, where)
    if numbers.dtype.kind not in "iuf":
        raise ShapeError(
            f"{where} has dtype {numbers.dtype}; expected integers or floats, x, y, z in metres."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(numbers, dtype=np.float32)


def check_units(array: NDArray[np.float32], where: str) -> None:
    """Warn when the body of a raw clip cannot have been measured in metres.

    Call it on raw clips only: preprocessed ones keep their size, but a caller knows what they are.

    Args:
        array: float32 (C, T, V, M), as `check_clip` returns it.
        where: how to call it in the warning.
    """
    size = trunk_length(array)
    if size is None or MIN_TRUNK <= size <= MAX_TRUNK:
        return
    remedy = "Divide by 1000." if 50 <= size <= 3000 else "Convert it to metres."
    warnings.warn(
        f"{where} measures {size:.4g} between SpineBase and SpineShoulder; NTU layout is in metres (about "
        f"0.5). {remedy}",
        UnitsWarning,
        stacklevel=2,
    )


def trunk_length(array: NDArray[np.float32]) -> float | None:
    """Median distance between SpineBase and SpineShoulder of the first body that is there.

    Args:
        array: (C, T, V, M).

    Returns:
        the median over the frames that hold this body, in the unit of the array; None without any body.
    """
    for body in range(array.shape[3]):
        there = array[..., body].any(axis=(0, 2))
        if there.any():
            spine = array[:, there, SPINE_BASE, body] - array[:, there, SPINE_SHOULDER, body]
            sizes = np.sort(np.linalg.norm(spine.astype(np.float64), axis=0))
            # np.median is the same, and would import numpy.ma, which takes as long as a first vector.
            return float((sizes[(len(sizes) - 1) // 2] + sizes[len(sizes) // 2]) / 2)
    return None


def is_preprocessed(array: NDArray[np.float32]) -> bool:
    """Whether clips were already centred, as "frame50" files are: SpineShoulder is 0 in every present body.

    Args:
        array: (..., V=25, M), one clip or several.

    Example:
        >>> raw = np.ones((3, 8, 25, 1), dtype=np.float32)
        >>> is_preprocessed(raw), is_preprocessed(raw * (np.arange(25) != 20)[:, None])
        (False, True)
    """
    return bool(np.any(array) and not np.any(array[..., SPINE_SHOULDER, :]))


def _to_numpy(array: np.ndarray | torch.Tensor, where: str) -> np.ndarray:
    if isinstance(array, np.ndarray):
        return array
    try:
        tensor = array.detach().cpu()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        kind = f"{array.layout} tensor on {array.device}"
        raise ShapeError(
            f"{where} is a {kind} that numpy cannot read. Pass a dense CPU or CUDA tensor."
        ) from error


def _check_values(data: NDArray[np.float32], where: str) -> None:
    finite = np.isfinite(data)
    if not finite.all():
        frame, body, joint = np.argwhere(~finite.transpose(1, 3, 2, 0))[0, :3]
        raise InvalidClipError(
            f"{where} has {np.count_nonzero(~finite)} NaN or infinite values, the first at frame {frame}, "
            f"joint {joint} ({JOINT_NAMES[joint]}), body {body}. Fill short gaps with max_gap=... "
            "(read_clips, as_clips, skelrep.read.fill_gaps), or leave the clip out."
        )
    if not data.any():
        raise InvalidClipError(f"{where} holds no body: every coordinate is 0. Leave this clip out.")
