"""What happens to an array between a file and its clip: gaps filled, bodies chosen, values checked."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..clips import MAX_BODIES, as_float32, check_clip
from ..config import Recipe
from ..errors import DataWarning, InvalidClipError


class Repair(NamedTuple):
    """What is done to the arrays that are read.

    Attributes:
        recipe: ``"fixed"`` chooses two of more than two bodies; ``"faithful"`` refuses them.
        max_gap: frames without a joint that are filled (see `fill_gaps`); None refuses NaN.
        check_values: False keeps NaN, and clips without a body, for whoever wants to report them.
    """

    recipe: Recipe = "fixed"
    max_gap: int | None = None
    check_values: bool = True


def prepare_clip(array: object, where: str, repair: Repair) -> NDArray[np.float32]:
    """The data of one clip.

    Args:
        array: numpy array or torch tensor (C=3, T, V=25, M), metres.
        where: how to call it in an error or warning.
        repair: what to do about gaps and about more than two bodies.

    Returns:
        float32 (C, T, V, M), M = 1 or 2.

    Raises:
        ShapeError, InvalidClipError: it cannot be used.
    """
    data = fill_clip(as_float32(array, where, any_bodies=repair.recipe == "fixed"), where, repair.max_gap)
    can_choose = repair.check_values or bool(np.isfinite(data).all() and data.any())
    if data.shape[3] > MAX_BODIES and can_choose:
        data = _choose(data, where)
    return data if not repair.check_values else check_clip(data, where)


def fill_clip(data: NDArray[np.float32], where: str, max_gap: int | None) -> NDArray[np.float32]:
    """Gaps of at most `max_gap` frames filled, also at the ends; None leaves NaN.

    Args:
        data: float32 (C=3, T, V=25, M), any M from 1 on.
        where: how to call it in an error.
        max_gap: in frames.

    Raises:
        InvalidClipError: a longer gap.
    """
    if max_gap is None or np.isfinite(data).all():
        return data
    from .gaps import fill_gaps  # few clips have gaps

    try:
        return fill_gaps(data, max_gap=max_gap, max_hold=max_gap)[0]
    except InvalidClipError as error:
        raise InvalidClipError(f"{where}: {error}") from error


def _choose(data: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    from .choose import choose_bodies  # few clips have three bodies

    try:
        chosen = choose_bodies(data)
    except InvalidClipError as error:
        raise InvalidClipError(f"{where}: {error}") from error
    warnings.warn(
        f"{where} has {data.shape[3]} bodies on axis M; the {chosen.shape[3]} that move most were kept, "
        "ghosts left out. Where the last axis is not M, put the axes into the order (C, T, V, M).",
        DataWarning,
        stacklevel=4,
    )
    return chosen
