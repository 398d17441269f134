"""`Layout`: the joints of a skeleton, its axes and unit, and what each NTU-25 joint is made of."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import ConfigError
from ..layout import JOINT_NAMES
from ..record import listed
from .axes import AUTO, parse_axes
from .derive import Row, complete
from .names import match_names

MAX_JOINTS = 1000
Source = str | Mapping[str, float]
Sources = Source | Sequence[Source]  # the first whose joints are all there


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """A skeleton, as one frozen record.

    Attributes:
        name: how reports and errors call it.
        joints: its joint names, in the order of its arrays.
        mapping: NTU joint name (`skelrep.layout.JOINT_NAMES`) to what it is made of: the name of one source
            joint, or weights of several that add up to 1; or a list of these, of which the first whose joints
            are all there is taken in each frame. NTU joints that are left out are derived where possible.
        axes: which source axes become x (to the sensor's left), y (up) and z (away from the sensor), such as
            ``"-x -y +z"``; ``"auto"`` finds the up axis from the bodies.
        unit: metres a unit; None when it differs from file to file.
        dims: 3, or 2 when its usual files hold image positions.

    Raises:
        ConfigError: unknown joints (with the closest match), weights that do not add up to 1, or joints of
            NTU-25 that nothing is known about.

    Example:
        >>> own = Layout.from_names(["hip_l", "hip_r", "knee_l", "knee_r", "ankle_l", "ankle_r", "shoulder_l",
        ...     "shoulder_r", "elbow_l", "elbow_r", "wrist_l", "wrist_r", "nose"], aliases={"Head": "nose"})
        >>> len(own.measured), "HandTipLeft" in own.derived
        (13, True)
    """

    name: str
    joints: tuple[str, ...]
    mapping: Mapping[str, Sources]
    axes: str = "+x +y +z"
    unit: float | None = 1.0
    dims: int = 3
    rows: tuple[tuple[Row, ...], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        where = f"Layout {self.name!r}"
        _check_joints(self.joints, where)
        if self.axes != AUTO:
            parse_axes(self.axes, where)
        if self.unit is not None and not (_is_number(self.unit) and self.unit > 0):
            raise ConfigError(
                f"{where}: unit is {self.unit!r}; expected metres a unit, such as 0.001, or None."
            )
        if self.dims not in (2, 3):
            raise ConfigError(f"{where}: dims is {self.dims!r}; expected 2 or 3.")
        object.__setattr__(self, "rows", _all_rows(self.joints, self.mapping, where))

    @classmethod
    def from_names(
        cls,
        joint_names: Sequence[str],
        *,
        aliases: Mapping[str, Sources] | None = None,
        name: str = "own",
        axes: str = AUTO,
        unit: float | None = None,
        dims: int = 3,
    ) -> Layout:
        """The layout of a skeleton whose joint names speak for themselves.

        Args:
            joint_names: in the order of the arrays; names as Mixamo, CMU, Kinect, SMPL, OpenPose and others
                write them are understood, in any case and with any prefix.
            aliases: NTU joint name to one of yours (or to weights), where a name is not understood.
            name, axes, unit, dims: as in `Layout`.

        Raises:
            ConfigError: as `Layout`; the error lists the names that were not understood.
        """
        names = tuple(joint_names)
        _check_joints(names, f"Layout {name!r}")
        found: dict[str, Sources] = dict(match_names(names))
        return cls(
            name=name, joints=names, mapping=found | dict(aliases or {}), axes=axes, unit=unit, dims=dims
        )

    @property
    def measured(self) -> tuple[str, ...]:
        """NTU joints that are one joint of this skeleton, each source joint counted once."""
        taken: set[int] = set()
        names = []
        for name, (row, *_) in zip(JOINT_NAMES, self.rows, strict=True):
            (joint, *others) = row
            if not others and joint not in taken:
                taken.add(joint)
                names.append(name)
        return tuple(names)

    @property
    def derived(self) -> tuple[str, ...]:
        """NTU joints that are computed from others."""
        return tuple(name for name in JOINT_NAMES if name not in self.measured)

    def sources(self, joint: str) -> str:
        """What an NTU joint is made of, in words such as ``"0.5 hip_l + 0.5 hip_r"``."""
        row = self.rows[JOINT_NAMES.index(joint)][0]
        if list(row.values()) == [1.0]:
            return self.joints[next(iter(row))]
        return " ".join(f"{weight:+.3g} {self.joints[number]}" for number, weight in row.items()).lstrip("+")


def _check_joints(joints: object, where: str) -> None:
    if not isinstance(joints, tuple) or not joints or not all(isinstance(n, str) and n for n in joints):
        raise ConfigError(f"{where}: joints is {str(joints)[:80]!r}; expected a tuple of names.")
    if len(joints) > MAX_JOINTS:
        raise ConfigError(f"{where} has {len(joints)} joints; at most {MAX_JOINTS} are supported.")
    twice = sorted({name for name in joints if joints.count(name) > 1})
    if twice:
        raise ConfigError(f"{where} names joints twice: {listed(twice, 5)}. Give each its own name.")


def _all_rows(
    joints: tuple[str, ...], mapping: Mapping[str, Sources], where: str
) -> tuple[tuple[Row, ...], ...]:
    numbers = {name: n for n, name in enumerate(joints)}
    given: dict[str, list[Row]] = {}
    for target, source in mapping.items():
        if target not in JOINT_NAMES:
            raise ConfigError(f"{where} maps {target!r}, no NTU-25 joint. {_closest(target, JOINT_NAMES)}")
        options = [source] if isinstance(source, str | Mapping) else list(source)
        if not options:
            raise ConfigError(f"{where}: {target} is made of nothing. Leave it out to have it derived.")
        given[target] = [_row(option, numbers, f"{where}, {target}") for option in options]
    _, missing = complete({target: options[0] for target, options in given.items()})
    if missing:
        raise ConfigError(
            f"{where} says nothing about {', '.join(missing)}. Name the source joint of each in `mapping` "
            f"(or `aliases`). Its joints: {listed(joints, 40)}."
        )
    # What is derived has as many choices as what it is derived from.
    depth = max(map(len, given.values()))
    choices = [
        complete({t: options[min(n, len(options) - 1)] for t, options in given.items()})[0]
        for n in range(depth)
    ]
    return tuple(tuple(_unique([full[name] for full in choices])) for name in JOINT_NAMES)


def _unique(rows: Sequence[Row]) -> list[Row]:
    return [row for n, row in enumerate(rows) if row not in rows[:n]]


def _row(source: object, numbers: Mapping[str, int], where: str) -> Row:
    weights = {source: 1.0} if isinstance(source, str) else source
    if not isinstance(weights, Mapping) or not weights:
        raise ConfigError(
            f"{where} is made of {str(source)[:60]!r}; expected a joint name, or weights of joints."
        )
    row: Row = {}
    for name, weight in weights.items():
        if name not in numbers:
            raise ConfigError(f"{where} names {name!r}, no joint. {_closest(str(name), tuple(numbers))}")
        if not _is_number(weight):
            raise ConfigError(f"{where}: the weight of {name!r} is {weight!r}; expected a number.")
        row[numbers[name]] = float(weight)
    if abs(sum(row.values()) - 1) > 1e-6:
        raise ConfigError(f"{where}: weights add up to {sum(row.values()):.4g}; expected 1.")
    return row


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _closest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {listed(known, 40)}."
