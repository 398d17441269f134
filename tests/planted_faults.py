"""A folder of real recordings, some of which are made ill: one file a fault, named after it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skelrep.demo import load_demo_clips
from skelrep.layout import MIRROR_PAIRS

CLEAN = 12
GLITCHING = "kinect_m03_s06_e10"
FAST = 6


def swap_sides(x: np.ndarray) -> np.ndarray:
    order = np.arange(25)
    for left, right in MIRROR_PAIRS:
        order[[left, right]] = right, left
    return x[:, :, order]


def glitch(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, 30, 7] += 0.6  # a hand, 18 m/s and more
    return x


def frozen(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, 20:34] = x[:, 20:21]
    return x


def holes(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, 20:24, 11] = np.nan
    return x


def ghost(x: np.ndarray) -> np.ndarray:
    chair = np.repeat(x[:, :1], x.shape[1], axis=1) + np.array([1.5, 0, 0.5])[:, None, None, None]
    chair += np.random.default_rng(0).normal(0, 0.002, chair.shape)
    return np.concatenate([x, chair], axis=-1)


def swapping(x: np.ndarray) -> np.ndarray:
    other = x[:, ::-1] + np.array([1.0, 0, 0])[:, None, None, None]
    pair = np.concatenate([x, other], axis=-1)
    pair[:, 25:40] = pair[:, 25:40, :, ::-1]
    return pair


def z_up(x: np.ndarray) -> np.ndarray:
    return np.stack([x[0], -x[2], x[1]])


def jump(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[0, 30:] += 2
    return x


def dropped(x: np.ndarray) -> np.ndarray:
    """Smooth, then every seventh frame left out."""
    smooth = sum(x[:, k : x.shape[1] - 8 + k] for k in range(9)) / 9
    return smooth[:, np.arange(smooth.shape[1]) % 7 != 3]


def lost(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, 10:14, 21] = 0
    return x


def away(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, 40:45] = 0
    return x


def twin(x: np.ndarray) -> np.ndarray:
    """The same motion, elsewhere and turned."""
    cos, sin = np.cos(0.7), np.sin(0.7)
    turned = np.stack([cos * x[0] + sin * x[2], x[1], -sin * x[0] + cos * x[2]])
    return turned + np.array([1.0, 0, 1.0])[:, None, None, None]


# Name of the file -> what is done to a clean clip; the check that must find it has the name in FOUND_BY.
FAULTS = {
    "millimetres": lambda x: 1000 * x, "centimetres": lambda x: 100 * x, "feet": lambda x: 3.281 * x,
    "z_up": z_up, "y_down": lambda x: x * np.array([-1, -1, 1])[:, None, None, None],
    "sides": swap_sides, "mirrored": lambda x: x * np.array([-1, 1, 1])[:, None, None, None],
    "glitch": glitch, "jump": jump, "frozen": frozen, "nan": holes, "lost": lost, "ghost": ghost,
    "swapping": swapping, "dropped": dropped,
}  # fmt: skip
FOUND_BY = {
    "millimetres": "units", "centimetres": "units", "feet": "units", "z_up": "up axis", "y_down": "up axis",
    "sides": "left-right", "mirrored": "left-right", "glitch": "glitch", "jump": "jump", "frozen": "frozen",
    "nan": "nan", "lost": "origin", "ghost": "ghost", "swapping": "swap", "dropped": "dropped",
    "duplicate": "duplicate", "cut.npy": "unreadable", "static": "static", "empty": "no body",
}  # fmt: skip


def clean_arrays() -> list[np.ndarray]:
    """The demo's recordings but one, whose hand truly jumps; it goes last."""
    clips = load_demo_clips()
    return [clip.data for clip in clips if clip.name != GLITCHING] + [
        clip.data for clip in clips if clip.name == GLITCHING
    ]


def write_clean(folder: Path) -> Path:
    """Twelve real recordings, at 30 frames a second by their names."""
    folder.mkdir(exist_ok=True)
    for number, x in enumerate(clean_arrays()[:CLEAN]):
        np.save(folder / f"S001C001P001R001A{number + 1:03d}.npy", x)
    return folder


def write_ill(folder: Path) -> Path:
    """The clean folder, and a file for each fault."""
    write_clean(folder)
    arrays = clean_arrays()
    for number, (name, make_ill) in enumerate(FAULTS.items()):
        np.save(folder / f"{name}.npy", make_ill(arrays[CLEAN + number]).astype(np.float32))
    np.save(folder / "duplicate.npy", arrays[0])
    np.save(folder / "static.npy", np.repeat(arrays[28][:, :1], 40, axis=1))
    np.save(folder / "empty.npy", np.zeros((3, 40, 25, 1), np.float32))
    whole = (folder / "frozen.npy").read_bytes()
    (folder / "cut.npy").write_bytes(whole[: len(whole) // 2])
    return folder


def write_ragged(path: Path, arrays: list[np.ndarray], fps: float) -> Path:
    """One-body clips in skelrep's archive format."""
    steps, origin = [], []
    for x in arrays:
        frames = x[..., 0].transpose(1, 2, 0)
        origin.append(frames[0, 0])
        q = np.round((frames - frames[0, 0]) / 0.00025).astype(np.int64)
        steps.append(np.diff(q, axis=0, prepend=0).astype(np.int16))
    offsets = np.cumsum([0, *map(len, steps)])
    names = np.array([f"{path.stem}{n}" for n in range(len(arrays))])
    np.savez(
        path, dq=np.concatenate(steps), scale=np.float32(0.00025), origin=np.array(origin, np.float32),
        offsets=offsets, names=names, fps=np.float32(fps),
    )  # fmt: skip
    return path
