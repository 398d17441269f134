"""Write and slowly read NTU `.skeleton` text: the oracle that the fast reader is held against."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FIXTURES = Path(__file__).parent / "data" / "ntu"
PARITY = Path(__file__).parents[2] / "shared" / "parity" / "ntu_raw"

Frame = list[tuple[str, NDArray[np.float64]]]  # bodies of a frame: id, joints (25, 3)


def fixture_text(name: str) -> bytes:
    return gzip.decompress((FIXTURES / f"{name}.skeleton.gz").read_bytes())


def skeleton_text(frames: list[Frame], newline: str = "\n") -> bytes:
    """The exact line structure of the Kinect recordings."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for body_id, joints in bodies:
            lines += [f"{body_id} 0 1 1 1 1 0 0.02 0.05 2", str(len(joints))]
            lines += [
                " ".join(map(repr, map(float, joint))) + " 277.4 191.8 1036 519 -0.2 0.05 0.9 -0.1 2"
                for joint in joints
            ]
    return newline.join([*lines, ""]).encode()


def slow_bodies(text: bytes) -> list[Frame]:
    """One line at a time, as the format is described."""
    lines = iter(text.decode().splitlines())
    frames: list[Frame] = []
    for _ in range(int(next(lines))):
        bodies: Frame = []
        for _ in range(int(next(lines))):
            body_id = next(lines).split()[0]
            joints = [[float(number) for number in next(lines).split()[:3]] for _ in range(int(next(lines)))]
            bodies.append((body_id, np.array(joints)))
        frames.append(bodies)
    return frames


def slow_faithful(text: bytes) -> NDArray[np.float32]:
    """reference.md, Data 1 and 2: slots in file order, length = frames with a first body."""
    frames = slow_bodies(text)
    x = np.zeros((3, len(frames), 25, 2), dtype=np.float32)
    for t, bodies in enumerate(frames):
        for m, (_, joints) in enumerate(bodies[:2]):
            for v in range(25):
                for c in range(3):
                    x[c, t, v, m] = joints[v][c]
    length = sum(1 for t in range(len(frames)) if any(x[c, t, 0, 0] != 0 for c in range(3)))
    return x[:, :length]
