"""Say what is wrong with the shape of a clip, and which line of code repairs it."""

from __future__ import annotations

from itertools import permutations

from .layout import NUM_JOINTS

EXPECTED = "a clip is (C=3, T, V=25, M=1 or 2): coordinates, frames, joints, bodies"

# Orders seen in other projects come first, so that an ambiguous shape is explained by a likely one.
_KNOWN_ORDERS = ("MTVC", "TVCM", "TMVC", "CTMV", "CVTM", "TVMC", "MCTV")
_ORDERS = _KNOWN_ORDERS + tuple("".join(p) for p in permutations("CTVM") if "".join(p) not in _KNOWN_ORDERS)
_ONE_BODY_ORDERS = ("TVC", "CTV", "TCV", "CVT", "VTC", "VCT")


def shape_problem(shape: tuple[int, ...], tensor: bool = False, *, any_bodies: bool = False) -> str | None:
    """Explain why a shape is not that of one clip.

    Args:
        shape: of the array that should be (C=3, T, V=25, M=1 or 2).
        tensor: word the remedy for torch instead of numpy.
        any_bodies: more than two bodies on axis M are good too, unless another order of axes fits.

    Returns:
        what is wrong and the remedy, to follow the words "clips[3] " ; None for a good shape.

    Example:
        >>> shape_problem((3, 64, 25, 2)) is None
        True
        >>> shape_problem((64, 25, 3))[:54]
        'has shape (64, 25, 3), which looks like (T, V, C), one'
    """
    if len(shape) == 4:
        return _four_axes(shape, tensor, any_bodies)
    if len(shape) == 3:
        for order in _ONE_BODY_ORDERS:
            if _fits(dict(zip(order, shape, strict=True))):
                remedy = _reorder("CTV", order, tensor) + "[..., None]"
                return f"{_looks_like(shape, order)}, one body; {EXPECTED}. Use {remedy}."
    return _other_axes(shape, tensor)


def _four_axes(shape: tuple[int, ...], tensor: bool, any_bodies: bool) -> str | None:
    sizes = dict(zip("CTVM", shape, strict=True))
    if _fits(sizes):
        return None
    for order in _ORDERS:
        if _fits(dict(zip(order, shape, strict=True))):
            remedy = _reorder("CTVM", order, tensor)
            return f"{_looks_like(shape, order)}; {EXPECTED}. Use {remedy}."
    if any_bodies and _fits(sizes | {"M": min(sizes["M"], 2)}):
        return None
    return _wrong_size(shape, sizes)


def _wrong_size(shape: tuple[int, ...], sizes: dict[str, int]) -> str:
    order = "or check the axis order (C, T, V, M)"
    if sizes["V"] != NUM_JOINTS:
        return (
            f"has {sizes['V']} joints on axis V (shape {shape}); NTU-25 needs 25. Map your joints to "
            f"skelrep.layout.JOINT_NAMES, {order}."
        )
    if sizes["C"] != 3:
        what = "2D poses; 3D coordinates in metres are needed" if sizes["C"] == 2 else "x, y, z are needed"
        return f"has {sizes['C']} coordinates on axis C (shape {shape}): {what}. Keep x[:3] of more, {order}."
    if sizes["T"] == 0:
        return f"has no frames: axis T is 0 (shape {shape}). Leave this clip out, {order}."
    return (
        f"has {sizes['M']} bodies on axis M (shape {shape}); expected 1 or 2. Choose two, for example "
        f"x[..., :2], {order}."
    )


def _other_axes(shape: tuple[int, ...], tensor: bool) -> str:
    turn = ".permute(3, 0, 2, 1)" if tensor else ".transpose(3, 0, 2, 1)"
    if len(shape) == 5:
        return f"has 5 axes (shape {shape}); {EXPECTED}. Pass N clips as one array itself, not inside a list."
    if len(shape) == 2 and shape[1] in (75, 150):
        remedy = f"x.reshape(-1, {shape[1] // 75}, 25, 3){turn}"
        return f"has shape {shape}, flat coordinates of each frame; {EXPECTED}. Use {remedy}."
    return (
        f"has {len(shape)} axes (shape {shape}); {EXPECTED}. Check the axis order, and that it is one clip."
    )


def _looks_like(shape: tuple[int, ...], order: str) -> str:
    return f"has shape {shape}, which looks like ({', '.join(order)})"


def _fits(sizes: dict[str, int]) -> bool:
    return sizes["C"] == 3 and sizes["T"] > 0 and sizes["V"] == NUM_JOINTS and sizes.get("M", 1) in (1, 2)


def _reorder(wanted: str, given: str, tensor: bool) -> str:
    axes = tuple(given.index(axis) for axis in wanted)
    if axes == tuple(range(len(axes))):
        return "x"
    return f"x.{'permute' if tensor else 'transpose'}{axes}"
