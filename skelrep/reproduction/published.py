"""What the papers report, quoted and never computed here."""

from __future__ import annotations

from ..config import VIEWS, View

# Top-1 in % of linear evaluation, by method and split: Li et al., "3D Human Action Representation Learning
# via Cross-View Consistency Pursuit", CVPR 2021. None is quoted for PKU-MMD.
PUBLISHED: dict[str, dict[str, float]] = {
    "SkeletonCLR (joint)": {
        "ntu60-xsub": 68.3,
        "ntu60-xview": 76.4,
        "ntu120-xsub": 56.8,
        "ntu120-xset": 55.9,
    },
    "2s-CrosSCLR (joint + motion)": {"ntu60-xsub": 74.5, "ntu60-xview": 82.1},
    "3s-CrosSCLR": {"ntu60-xsub": 77.8, "ntu60-xview": 83.4, "ntu120-xsub": 67.9, "ntu120-xset": 66.7},
}


def method_name(views: tuple[View, ...]) -> str:
    """What the paper calls a pretraining with these views.

    Example:
        >>> method_name(("joint",)), method_name(("joint", "motion", "bone"))
        ('SkeletonCLR (joint)', '3s-CrosSCLR')
    """
    if views == VIEWS:
        return "3s-CrosSCLR"
    kind = "SkeletonCLR" if len(views) == 1 else f"{len(views)}s-CrosSCLR"
    return f"{kind} ({' + '.join(views)})"


def published_top_1(views: tuple[View, ...], split: str) -> float | None:
    """The quoted number, in percent; None where the paper has none.

    Example:
        >>> published_top_1(("joint",), "ntu60-xview"), published_top_1(("bone",), "ntu60-xview")
        (76.4, None)
    """
    return PUBLISHED.get(method_name(views), {}).get(split)
