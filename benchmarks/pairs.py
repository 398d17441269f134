"""True and false pairs of dancers, from `cmu_salsa`: both clips of a take share one frame and one clock."""

from __future__ import annotations

import numpy as np
from archives import Archive
from numpy.typing import NDArray
from protocols import PROBES

from skelrep.evaluate import subject_folds

# Frames at 30 per second: windows of 2 s, a new one each second, false times 4 s away.
WINDOW, HOP, SHIFT = 60, 30, 120
FOLDS = 7
# Where the false partner comes from. "as recorded": the partner of another take, in that take's own world
# frame; the distance alone gives it away. "placed": the same, moved and turned so that its own lead would
# stand where this lead stands: right distance, wrong coordination. "other time": the right partner, at least
# 4 s earlier or later.
NEGATIVES = ("other take, as recorded", "other take, placed", "same take, other time")


def pair_windows(archive: Archive, negative: str, seed: int) -> tuple[list[NDArray], NDArray, NDArray]:
    """Windows of two bodies, each true pair with one false one, drawn by the seed.

    Returns:
        Clips (3, 60, 25, 2); whether each is a true pair (N,); the take of its lead (N,).
    """
    takes = sorted(set(archive.columns["pair"].tolist()))
    lead, follow = ({t: _body(archive, t, role) for t in takes} for role in ("lead", "follow"))
    rng = np.random.default_rng(seed)
    clips, truth, owner = [], [], []
    for take in takes:
        starts = range(0, lead[take].shape[1] - WINDOW + 1, HOP)
        for start in starts:
            here = lead[take][:, start : start + WINDOW]
            other, when = _other(rng, take, start, lead, negative)
            false = follow[other][:, when : when + WINDOW]
            if negative.endswith("placed"):
                false = _moved(false, lead[other][:, when : when + WINDOW], here)
            true = follow[take][:, start : start + WINDOW]
            clips += [np.stack((here, partner), axis=-1) for partner in (true, false)]
            truth += [True, False]
            owner += [take, take]
    return clips, np.array(truth), np.array(owner)


def pair_accuracy(features: NDArray, truth: NDArray, takes: NDArray, probe: str) -> float:
    """Accuracy of a probe at true or false, over folds that hold whole takes out."""
    found = []
    for train, test in subject_folds(takes, FOLDS):
        result = PROBES[probe](features[train], truth[train], features[test], truth[test])
        found.append(result.predictions == truth[test])
    return float(np.concatenate(found).mean())


def _body(archive: Archive, take: str, role: str) -> NDArray:
    index = np.flatnonzero((archive.columns["pair"] == take) & (archive.columns["role"] == role))
    return archive.clips[int(index[0])].data[..., 0]


def _other(
    rng: np.random.Generator, take: str, start: int, lead: dict[str, NDArray], negative: str
) -> tuple[str, int]:
    """Take and first frame of the false partner."""
    if negative == "same take, other time":
        times = np.arange(lead[take].shape[1] - WINDOW + 1)
        return take, int(rng.choice(times[np.abs(times - start) >= SHIFT]))
    other = str(rng.choice([t for t in lead if t != take]))
    return other, int(rng.integers(lead[other].shape[1] - WINDOW + 1))


def _moved(partner: NDArray, from_lead: NDArray, to_lead: NDArray) -> NDArray:
    """The partner (3, T, V), carried by the rigid floor motion that takes one lead to another (frame 0)."""
    origin_from, heading_from = _place(from_lead)
    origin_to, heading_to = _place(to_lead)
    turn = heading_to - heading_from
    c, s = np.cos(turn), np.sin(turn)
    x, y, z = partner - origin_from[:, None, None]
    return (np.stack((c * x - s * z, y, s * x + c * z)) + origin_to[:, None, None]).astype(np.float32)


def _place(body: NDArray) -> tuple[NDArray, float]:
    """SpineBase on the floor plane and the angle of the shoulder line about y, in frame 0."""
    across = body[:, 0, 8] - body[:, 0, 4]
    return body[:, 0, 0] * np.array([1, 0, 1]), float(np.arctan2(across[2], across[0]))
