"""BVH motion capture files: hierarchy and channel values, as text; `kinematics.py` makes positions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, FormatError
from ..layouts import Layout
from .kinematics import joint_positions
from .raw import MAX_NUMBERS, Found, RawClip

MAX_JOINTS = 1000
MAX_NUMBER = 1e9  # no length or angle is larger
MIN_FRAME_TIME = 1e-5  # seconds; no camera is faster, and the rate of 1e-320 would be infinite
_CHANNEL = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)


@dataclass
class Skeleton:
    """The hierarchy of a BVH file, parents before children.

    Attributes:
        names: of joints; an end site is its parent's name with ``_end``.
        parents: number of each joint's parent, -1 for a root.
        offsets: x, y, z from the parent, in the file's unit.
        channels: of each joint, such as ``"Zrotation"``, in the order of the file.
    """

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[tuple[float, float, float]] = field(default_factory=list)
    channels: list[tuple[str, ...]] = field(default_factory=list)


def read_bvh(path: Path, layout: Layout | None = None) -> Found:
    """Read one BVH file: forward kinematics in the channel order of the file, angles in degrees.

    Args:
        path: of the file.
        layout: of its joints; by default found from their names.

    Raises:
        FormatError: not a BVH file, cut short, or joints whose names are not understood.
    """
    skeleton, frame_time, values = parse_bvh(path.read_bytes().decode("utf-8", "replace"), str(path))
    if len(values) * len(skeleton.names) * 3 > MAX_NUMBERS:
        raise FormatError(f"{path} has {len(values)} frames of {len(skeleton.names)} joints. Split it.")
    positions = joint_positions(skeleton.parents, skeleton.offsets, skeleton.channels, values)
    fps = round(1 / frame_time, 3) if MIN_FRAME_TIME < frame_time < 10 else None
    raw = RawClip(positions=positions[None], name=path.stem, fps=fps)
    names = tuple(skeleton.names)
    if layout is None:
        try:
            layout = Layout.from_names(names, name="BVH joint names")
        except ConfigError as error:
            raise FormatError(
                f"{path}: {error} Pass layout=skelrep.Layout.from_names(names, aliases={{...}})."
            ) from error
        return Found(where=str(path), format="BVH", raws=(raw,), layout=layout, only_coordinates=True)
    return Found(where=str(path), format="BVH", raws=(raw,), joints=names, only_coordinates=True)


def parse_bvh(text: str, where: str) -> tuple[Skeleton, float, NDArray[np.float64]]:
    """Hierarchy, seconds a frame, and channel values (T, K).

    Raises:
        FormatError: names the line.
    """
    head, found, motion = text.partition("MOTION")
    if not found or "HIERARCHY" not in head[:1000]:
        raise FormatError(f"{where} is no BVH file: expected HIERARCHY, joints, MOTION and frames.")
    skeleton = _Hierarchy(head, where).parse()
    count = sum(map(len, skeleton.channels))
    match = re.match(r"\s*Frames\s*:\s*(\d{1,9})\s+Frame\s+Time\s*:\s*(\S{1,40})", motion, re.IGNORECASE)
    if match is None:
        raise FormatError(f"{where}: expected 'Frames: N' and 'Frame Time: seconds' after MOTION.")
    tokens = motion[match.end() :].split()
    frames = int(match[1])
    if frames == 0 or len(tokens) != frames * count:
        raise FormatError(
            f"{where} holds {len(tokens)} numbers after MOTION; expected {frames} frames of {count} "
            "channels. Is the file whole?"
        )
    values = _numbers([match[2], *tokens], where)
    return skeleton, float(values[0]), values[1:].reshape(frames, count)


class _Hierarchy:
    """Reads the words between HIERARCHY and MOTION; a stack of joints, so that any depth is fine."""

    def __init__(self, text: str, where: str) -> None:
        self._words = [(word, n) for n, line in enumerate(text.splitlines(), 1) for word in line.split()]
        self._where, self._at = where, 0
        self._open: list[int] = []
        self._given: dict[str, int] = {}  # names, and the last number that was tried behind them
        self._skeleton = Skeleton()

    def parse(self) -> Skeleton:
        self._expect("HIERARCHY")
        while self._at < len(self._words):
            word = self._next().upper()
            if word in ("ROOT", "JOINT"):
                self._joint(self._name())
            elif word == "END":
                self._next()
                self._joint(self._skeleton.names[self._open[-1]] + "_end" if self._open else "")
            elif word == "OFFSET" and self._open:
                x, y, z = _numbers([self._next() for _ in range(3)], self._where).tolist()
                self._skeleton.offsets[self._open[-1]] = (x, y, z)
            elif word == "CHANNELS" and self._open:
                self._channels()
            elif word == "}" and self._open:
                self._open.pop()
            else:
                self._fail("ROOT, JOINT, End Site, OFFSET, CHANNELS or }", back=1)
        if self._open or not self._skeleton.names:
            self._fail("the end of every joint before MOTION")
        return self._skeleton

    def _joint(self, name: str) -> None:
        if len(self._skeleton.names) >= MAX_JOINTS:
            self._fail(f"at most {MAX_JOINTS} joints")
        if not name:
            self._fail("a joint before an End Site")
        self._expect("{")
        self._skeleton.names.append(self._unique(name))
        self._skeleton.parents.append(self._open[-1] if self._open else -1)
        self._skeleton.offsets.append((0.0, 0.0, 0.0))
        self._skeleton.channels.append(())
        self._open.append(len(self._skeleton.names) - 1)

    def _unique(self, name: str) -> str:
        """The name, or where it was given before, the next of name#2, name#3, ... that was not."""
        unique = name
        while unique in self._given:
            self._given[name] = self._given.get(name, 1) + 1
            unique = f"{name}#{self._given[name]}"
        self._given.setdefault(unique, 1)
        return unique

    def _channels(self) -> None:
        number = self._next()
        if not re.fullmatch("[0-9]", number):
            self._fail("a number of channels", back=1)
        names = tuple(self._next() for _ in range(int(number)))
        if not all(_CHANNEL.fullmatch(name) for name in names):
            self._fail("channels such as Xposition or Zrotation", back=1)
        self._skeleton.channels[self._open[-1]] = tuple(name[0].upper() + name[1:].lower() for name in names)

    def _name(self) -> str:
        """A name can hold blanks, as those of 3ds Max do: all words up to the brace."""
        words = [self._next()]
        while self._at < len(self._words) and self._words[self._at][0] != "{" and len(words) < 20:
            words.append(self._next())
        return " ".join(words)

    def _next(self) -> str:
        if self._at >= len(self._words):
            self._fail("more of the hierarchy")
        self._at += 1
        return self._words[self._at - 1][0]

    def _expect(self, word: str) -> None:
        if self._next().upper() != word:
            self._fail(word, back=1)

    def _fail(self, expected: str, back: int = 0) -> NoReturn:
        at = self._at - back
        word, line = self._words[at] if 0 <= at < len(self._words) else ("MOTION", "end of hierarchy")
        raise FormatError(f"{self._where}, line {line}: found {word[:40]!r}; expected {expected}.")


def _numbers(words: list[str], where: str) -> NDArray[np.float64]:
    try:
        values = np.array(words, dtype=np.float64)
    except ValueError as error:
        raise FormatError(f"{where} holds something else than numbers ({str(error)[:80]}).") from error
    if not (np.abs(values) < MAX_NUMBER).all():
        wrong = values[~(np.abs(values) < MAX_NUMBER)][0]
        raise FormatError(f"{where} holds {wrong}, which is no length or angle.")
    return values
