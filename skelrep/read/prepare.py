"""What happens to an array between a file and its clip: gaps filled, bodies chosen, values checked."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..clips import MAX_BODIES, as_float32, check_clip
from ..config import Recipe
from ..errors import DataWarning, InvalidClipError
from .choose import choose_bodies
from .gaps import fill_gaps


@dataclass(frozen=True, kw_only=True)
class Repair:
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
    data = as_float32(array, where, any_bodies=repair.recipe == "fixed")
    try:
        if repair.max_gap is not None and not np.isfinite(data).all():
            data = fill_gaps(data, max_gap=repair.max_gap, max_hold=repair.max_gap)[0]
        can_choose = repair.check_values or bool(np.isfinite(data).all() and data.any())
        if data.shape[3] > MAX_BODIES and can_choose:
            data = _choose(data, where)
    except InvalidClipError as error:
        raise InvalidClipError(f"{where}: {error}") from error
    return data if not repair.check_values else check_clip(data, where)


def _choose(data: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    chosen = choose_bodies(data)
    warnings.warn(
        f"{where} has {data.shape[3]} bodies on axis M; the {chosen.shape[3]} that move most were kept, "
        "ghosts left out. Where the last axis is not M, put the axes into the order (C, T, V, M).",
        DataWarning,
        stacklevel=4,
    )
    return chosen
