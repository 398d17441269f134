"""Which skeleton it is: by joint names, by their number, and where that leaves a choice, by geometry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, ShapeError
from ..layouts import LAYOUTS, Layout, plan_conversion
from ..layouts.convert import MIN_FIT, as_positions
from .raw import Found, ReadOptions, hide_unseen, split_columns

CLEAR = 0.8  # the second best layout must fit at most this share as well as the best
COUNTS = {len(layout.joints) for layout in LAYOUTS.values()}


def recognise(found: Found, options: ReadOptions) -> tuple[Layout, list[NDArray[np.float64]]]:
    """The layout of what was found, and its positions in the order of that layout.

    Returns:
        the layout and, for each recording, float64 (M, T, V, C) with C = 2 or 3.

    Raises:
        FormatError: no known skeleton has so many joints, or several fit.
        ShapeError: an array that is not of the given layout, or 2D positions without `lift_2d`.
    """
    layout = options.layout or found.layout
    order: list[int] | None = None
    if found.joints and (layout is None or options.layout is not None):
        layout, order = _by_names(found.joints, options.layout)
    count = found.raws[0].positions.shape[2]
    candidates = [layout] if layout else [one for one in LAYOUTS.values() if len(one.joints) == count]
    if not candidates:
        raise FormatError(f"{found.where}: {unknown_count(count)}")
    return _best(candidates, _positions(found, order), found, options)


def unknown_count(count: int) -> str:
    """What to say of so many joints."""
    known = ", ".join(f"{name} {len(one.joints)}" for name, one in LAYOUTS.items())
    return (
        f"{count} joints; known skeletons are {known}. Pass layout=skelrep.Layout(...), for example "
        "Layout.from_names([your joint names])."
    )


def _positions(found: Found, order: list[int] | None) -> list[NDArray[np.generic]]:
    return [raw.positions if order is None else raw.positions[:, :, order] for raw in found.raws]


def _by_names(joints: tuple[str, ...], wanted: Layout | None) -> tuple[Layout, list[int]]:
    """A known layout all of whose joints are there, or one made from the names; and its joints' places."""
    places = {_plain(name): n for n, name in enumerate(joints)}
    for layout in [wanted] if wanted else LAYOUTS.values():
        if all(_plain(name) in places for name in layout.joints):
            return layout, [places[_plain(name)] for name in layout.joints]
    if wanted is not None:
        return wanted, list(range(len(joints)))
    return Layout.from_names(joints, name="by joint names"), list(range(len(joints)))


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _best(
    candidates: Sequence[Layout], arrays: Sequence[NDArray[np.generic]], found: Found, options: ReadOptions
) -> tuple[Layout, list[NDArray[np.float64]]]:
    if len(candidates) == 1:
        return candidates[0], _checked(candidates[0], arrays, found, options.lift_2d)
    tried = [(layout, _checked(layout, arrays, found, options.lift_2d)) for layout in candidates]
    fits = [plan_conversion(checked, layout).fit for layout, checked in tried]
    best, second = sorted(range(len(fits)), key=lambda n: -fits[n])[:2]
    if fits[best] < MIN_FIT or fits[second] > CLEAR * fits[best]:
        scores = ", ".join(f"{layout.name!r} {fit:.2f}" for (layout, _), fit in zip(tried, fits, strict=True))
        raise FormatError(
            f"{found.where} has {arrays[0].shape[2]} joints, which several skeletons have, and the bodies do "
            f"not tell which it is (fit scores: {scores}). Pass layout=... with one of these names."
        )
    return tried[best]


def _checked(
    layout: Layout, arrays: Sequence[NDArray[np.generic]], found: Found, lift_2d: bool
) -> list[NDArray[np.float64]]:
    checked = []
    for number, array in enumerate(arrays):
        place = found.where if len(arrays) == 1 else f"{found.where}, clip {number}"
        whole = found.only_coordinates
        positions, confidence = (array, None) if whole else split_columns(array, flat=layout.dims == 2)
        checked.append(as_positions(hide_unseen(positions, confidence), layout, place, lift_2d))
    if len({array.shape[3] for array in checked}) > 1:
        raise ShapeError(f"{found.where} mixes 2D and 3D recordings. Read them one after another.")
    return checked
