"""NTU RGB+D `.skeleton` files: text of Kinect v2 bodies, frame by frame, and the meaning of their names.

Grammar, in tokens: the number of frames; a frame is its number of bodies and the bodies; a body is its id,
nine numbers of the tracker, the number of joints (25), and twelve numbers a joint, x, y, z (metres) first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip
from ..config import Recipe
from ..errors import FormatError, InvalidClipError
from ..layout import NUM_JOINTS, SPINE_BASE
from .bodies import MAX_BODIES, Track, select_bodies

FPS = 30.0
INFO_TOKENS = 10
JOINT_TOKENS = 12
BODY_TOKENS = INFO_TOKENS + 1 + NUM_JOINTS * JOINT_TOKENS

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})(?![0-9A-Za-z])")


@dataclass(frozen=True, kw_only=True)
class NtuName:
    """What the name of an NTU RGB+D recording says; numbers as in the name, from 1."""

    setup: int
    camera: int
    performer: int
    replication: int
    action: int

    @property
    def label(self) -> int:
        """Class number, from 0."""
        return self.action - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class NtuBodies:
    """All bodies of a file, in the order in which they stand there.

    Attributes:
        num_frames: frames of the file, with or without a body.
        frame: int64 (K,), the frame of each body.
        slot: int64 (K,), its place in that frame.
        body_id: K ids, as written.
        joints: float32 (K, V=25, 3), metres.
    """

    num_frames: int
    frame: NDArray[np.int64]
    slot: NDArray[np.int64]
    body_id: list[bytes]
    joints: NDArray[np.float32]


def parse_ntu_name(name: str) -> NtuName | None:
    """Split the name of an NTU RGB+D recording.

    Args:
        name: such as ``"S001C002P003R002A013"``, with or without folder and suffix.

    Returns:
        its numbers, or None for another kind of name.

    Example:
        >>> parse_ntu_name("S001C002P003R002A013.skeleton").label
        12
    """
    match = _NAME.match(Path(name).name)
    if match is None:
        return None
    setup, camera, performer, replication, action = map(int, match.groups())
    return NtuName(setup=setup, camera=camera, performer=performer, replication=replication, action=action)


def read_skeleton(path: Path, recipe: Recipe) -> Clip:
    """Read one `.skeleton` file.

    Args:
        path: the file.
        recipe: ``"fixed"`` tracks bodies by id and drops ghosts (`select_bodies`); ``"faithful"`` keeps the
            first two bodies of each frame in file order, and as many frames as hold a first body.

    Raises:
        FormatError: not such a file, or cut short; says the frame and line.
        InvalidClipError: no body in any frame, or coordinates that are not finite.
    """
    bodies = parse_skeleton(path.read_bytes(), str(path))
    if not len(bodies.frame):
        raise InvalidClipError(
            f"{path} has {bodies.num_frames} frames and no body in any of them. Leave it out."
        )
    data = select_bodies(group_by_id(bodies)) if recipe == "fixed" else in_file_order(bodies)
    if not data.any():
        raise InvalidClipError(
            f"{path} has only bodies whose coordinates are 0: none was tracked. Leave it out."
        )
    name = parse_ntu_name(path.stem)
    return Clip(data=data, name=path.stem, label=name.label if name else None, fps=FPS)


def parse_skeleton(content: bytes, where: str) -> NtuBodies:
    """Parse the text of a `.skeleton` file; time and memory grow with its length, whatever its numbers claim.

    Raises:
        FormatError: the text departs from the grammar.
        InvalidClipError: a coordinate is NaN or infinite.
    """
    tokens = content.split()
    num_frames = _count(tokens, 0, content, where, "the number of frames")
    frame, slot, body_id, xyz = [], [], [], []
    at = 1
    for t in range(num_frames):
        num_bodies = _count(tokens, at, content, where, f"the number of bodies of frame {t}")
        at += 1
        for body in range(num_bodies):
            if tokens[at + INFO_TOKENS : at + INFO_TOKENS + 1] != [b"25"] or len(tokens) < at + BODY_TOKENS:
                _explain_body(tokens, at, content, f"{where}, frame {t}, body {body}")
            joints = tokens[at + INFO_TOKENS + 1 : at + BODY_TOKENS]
            xyz += joints[0::JOINT_TOKENS] + joints[1::JOINT_TOKENS] + joints[2::JOINT_TOKENS]
            frame.append(t)
            slot.append(body)
            body_id.append(tokens[at])
            at += BODY_TOKENS
    if at != len(tokens):
        _fail(content, at, where, f"the end of the file after {num_frames} frames")
    return NtuBodies(
        num_frames=num_frames,
        frame=np.array(frame, np.int64),
        slot=np.array(slot, np.int64),
        body_id=body_id,
        joints=_numbers(xyz, frame, where),
    )


def in_file_order(bodies: NtuBodies) -> NDArray[np.float32]:
    """The published reading -> (3, T, V, 2): slots are the order in each frame, absent bodies zero.

    T counts the frames in which SpineBase of the first body is not all zero; the first T frames are kept.
    """
    length = np.count_nonzero(bodies.joints[bodies.slot == 0, SPINE_BASE].any(axis=1))
    x_TMVC = np.zeros((length, MAX_BODIES, NUM_JOINTS, 3), dtype=np.float32)
    used = (bodies.slot < MAX_BODIES) & (bodies.frame < length)
    x_TMVC[bodies.frame[used], bodies.slot[used]] = bodies.joints[used]
    return np.ascontiguousarray(x_TMVC.transpose(3, 0, 2, 1))


def group_by_id(bodies: NtuBodies) -> list[Track]:
    """One track a body id, in order of appearance; a second body of one id in one frame is left out."""
    places: dict[bytes, dict[int, int]] = {}
    for place, (t, name) in enumerate(zip(bodies.frame.tolist(), bodies.body_id, strict=True)):
        places.setdefault(name, {}).setdefault(t, place)
    return [
        Track(frames=np.array(list(seen), np.int64), joints=bodies.joints[list(seen.values())])
        for seen in places.values()
    ]


def _count(tokens: list[bytes], at: int, content: bytes, where: str, what: str) -> int:
    if at >= len(tokens) or not tokens[at].isdigit() or len(tokens[at]) > 18:
        _fail(content, at, where, what)
    return int(tokens[at])


def _numbers(xyz: list[bytes], frame: list[int], where: str) -> NDArray[np.float32]:
    """float32 (K, V, 3) from the tokens of all x, y, z of a body, body by body."""
    try:
        with np.errstate(over="ignore"):
            x_KCV = (
                np.array(list(map(float, xyz)), dtype=np.float64)
                .astype(np.float32)
                .reshape(-1, 3, NUM_JOINTS)
            )
    except ValueError as error:
        bad = next(n for n, token in enumerate(xyz) if not _is_number(token))
        t, (axis, joint) = frame[bad // (3 * NUM_JOINTS)], divmod(bad % (3 * NUM_JOINTS), NUM_JOINTS)
        raise FormatError(
            f"{where}, frame {t}: {'xyz'[axis]} of joint {joint} is {_short(xyz[bad])}; expected a number."
        ) from error
    finite = np.isfinite(x_KCV)
    if not finite.all():
        body, _, joint = np.argwhere(~finite)[0]
        raise InvalidClipError(
            f"{where}, frame {frame[body]}: joint {joint} is NaN or infinite. Leave the file out."
        )
    return np.ascontiguousarray(x_KCV.transpose(0, 2, 1))


def _is_number(token: bytes) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True


def _explain_body(tokens: list[bytes], at: int, content: bytes, where: str) -> NoReturn:
    joints = at + INFO_TOKENS
    if joints < len(tokens) and tokens[joints] != b"%d" % NUM_JOINTS:
        _fail(content, joints, where, f"the joint count {NUM_JOINTS} after {INFO_TOKENS} fields of the body")
    _fail(content, len(tokens), where, f"{NUM_JOINTS} joints of {JOINT_TOKENS} numbers")


def _fail(content: bytes, at: int, where: str, expected: str) -> NoReturn:
    """Name the line of token `at`; the text is searched only here, so that good files are read fast."""
    for number, line in enumerate(content.splitlines(), start=1):
        words = line.split()
        if at < len(words):
            raise FormatError(
                f"{where}, line {number}: found {_short(words[at])} where {expected} should stand. Is it an "
                "NTU .skeleton text file, and whole?"
            )
        at -= len(words)
    raise FormatError(f"{where} ends where {expected} should stand. The file is cut short: copy it again.")


def _short(token: bytes) -> str:
    text = ascii(token.decode("latin-1"))
    return text if len(text) <= 24 else text[:20] + "...'"
