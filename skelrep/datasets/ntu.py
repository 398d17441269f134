"""NTU RGB+D (60 classes) and NTU RGB+D 120: the published splits, and recordings without usable skeletons.

The lists are data, in ``data/``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from ..read.ntu import NtuName, parse_ntu_name
from .side import Side

# Which number of a name decides, for each list of data/ntu_splits.json.
_DECIDES = {
    "training_performers": "performer",
    "training_cameras": "camera",
    "training_setups": "setup",
}


def ntu_side(name: str, dataset: str, protocol: str) -> Side | None:
    """Which side of a split a recording is on.

    Args:
        name: such as ``"S001C002P003R002A013"``.
        dataset: ``"ntu60"`` (setups 1 to 17) or ``"ntu120"`` (all 32).
        protocol: ``"xsub"``, ``"xview"`` (NTU-60) or ``"xset"`` (NTU-120).

    Returns:
        the side; None for a recording that takes no part: of another data set, or with a skeleton that is
        missing or incomplete.

    Source:
        Shahroudy et al., "NTU RGB+D", CVPR 2016; Liu et al., "NTU RGB+D 120", TPAMI 2020; the data set's list
        of samples with missing skeletons.

    Example:
        >>> ntu_side("S001C001P003R002A013", "ntu60", "xview")
        'test'
        >>> ntu_side("S018C002P008R001A061", "ntu60", "xview") is None
        True
    """
    parsed = parse_ntu_name(name)
    if parsed is None or not _takes_part(parsed, dataset) or name in missing_skeletons():
        return None
    for rule, values in ntu_lists()[dataset][protocol].items():
        if rule in _DECIDES:
            return "train" if getattr(parsed, _DECIDES[rule]) in values else "test"
    raise KeyError(f"{dataset} {protocol} has no rule in ntu_splits.json")  # pragma: no cover


def published_counts(dataset: str, protocol: str) -> tuple[int, int]:
    """Training and test clips of the whole split.

    Example:
        >>> published_counts("ntu60", "xsub")
        (40091, 16487)
    """
    train, test = ntu_lists()[dataset][protocol]["clips"]
    return train, test


@cache
def ntu_lists() -> dict[str, Any]:
    """The content of ``data/ntu_splits.json``."""
    return json.loads(files(__package__).joinpath("data", "ntu_splits.json").read_text(encoding="utf-8"))


@cache
def missing_skeletons() -> frozenset[str]:
    """Names of all recordings whose skeletons are missing or incomplete: 535, of which 302 are of NTU-60.

    Example:
        >>> len(missing_skeletons()), "S001C002P005R002A008" in missing_skeletons()
        (535, True)
    """
    text = files(__package__).joinpath("data", "ntu_missing_skeletons.txt").read_text(encoding="utf-8")
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return frozenset(f"{start}A{int(action):03d}" for start, *actions in lines for action in actions)


def _takes_part(name: NtuName, dataset: str) -> bool:
    return name.setup <= ntu_lists()[dataset]["setups"] and name.action <= ntu_lists()[dataset]["classes"]
