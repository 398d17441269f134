"""The published splits by their names: ``ntu60-xsub``, ``pkummd1-xview`` and so on."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import EvaluationError
from .ntu import ntu_side, published_counts
from .pkummd import camera_side, list_file, pku_phase, read_list
from .side import Side

Sides = Callable[[str], Side | None]


@dataclass(frozen=True, kw_only=True)
class Split:
    """A published division of a data set's recordings.

    Attributes:
        name: such as ``"ntu60-xview"``.
        dataset, protocol: its two parts.
        clips: training and test clips of the whole data set; None where not published.
    """

    name: str
    dataset: str
    protocol: str
    clips: tuple[int, int] | None = None

    @property
    def is_ntu(self) -> bool:
        """Whether it divides NTU RGB+D, and not PKU-MMD."""
        return self.dataset.startswith("ntu")

    def sides(self, folder: Path) -> Sides:
        """What says of a recording's name whether it trains, tests, or takes no part (None).

        Args:
            folder: the data set; for PKU-MMD it holds the list of the split.

        Raises:
            EvaluationError: a list is needed and is not there, or cannot be used.

        Example:
            >>> find_split("ntu60-xview").sides(Path("."))("S001C001P003R002A013")
            'test'
        """
        if self.is_ntu:
            return lambda name: ntu_side(name, self.dataset, self.protocol)
        phase = int(self.dataset[-1])
        path = list_file(folder, phase, self.protocol)
        if path is not None:
            listed = read_list(path)
            return lambda name: listed.get(name) if pku_phase(name) == phase else None
        if self.protocol == "xview":
            return lambda name: camera_side(name) if pku_phase(name) == phase else None
        version = "_v2" if phase == 2 else ""
        raise EvaluationError(
            f"{folder} holds no cross_subject{version}.txt, which says who trains and who tests in "
            f"{self.name}. It is in the folder Split of PKU-MMD's download: copy it into {folder}."
        )


def _all_splits() -> dict[str, Split]:
    ntu = [("ntu60", "xsub"), ("ntu60", "xview"), ("ntu120", "xsub"), ("ntu120", "xset")]
    pku = [(f"pkummd{phase}", protocol) for phase in (1, 2) for protocol in ("xsub", "xview")]
    return {
        f"{dataset}-{protocol}": Split(
            name=f"{dataset}-{protocol}",
            dataset=dataset,
            protocol=protocol,
            clips=published_counts(dataset, protocol) if (dataset, protocol) in ntu else None,
        )
        for dataset, protocol in ntu + pku
    }


SPLITS = _all_splits()


def find_split(name: str) -> Split:
    """A split by its name.

    Raises:
        EvaluationError: no such split; says what there is, and what is nearest.

    Example:
        >>> find_split("ntu120-xset").clips
        (54468, 59477)
    """
    if name in SPLITS:
        return SPLITS[name]
    near = difflib.get_close_matches(str(name), SPLITS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise EvaluationError(f"there is no split {name!r}; expected one of {', '.join(SPLITS)}.{hint}")
