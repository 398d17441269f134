"""What is preprocessing worth? Preprocessed coordinates under simple classifiers, on tuning subjects only.

    python benchmarks/choose_preprocessing.py --data ../shared/data

Table 1: whether coordinates of two bodies tell a true pair of dancers from a false one (see `pairs.py`).
Table 2: alignment x bone lengths x frames, on IRDS and UI-PRMD as recorded, and with every clip turned about
the vertical by a random angle first: recordings of strangers do not all face the camera.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from archives import Archive, read_archive
from numpy.typing import NDArray
from pairs import NEGATIVES, pair_accuracy, pair_windows
from protocols import SETS, score, used_clips
from records import percent, provenance, table, write_json
from torch import Tensor

from skelrep.layout import KINECT_BONE_LENGTHS, SHOULDER_LEFT, SHOULDER_RIGHT
from skelrep.preprocess import align_each_frame, centre, resize, rotate_about_y, set_bone_lengths

TURN_SEED = 0
PAIR_SEEDS = (0, 1, 2)
PAIR_FRAMES = 16
COLUMNS = ("1-NN", "ridge")
BONES = ("keep", "kinect")


def once_each(x_NTMVC: Tensor) -> Tensor:
    """Turn each body by one angle a clip, its own: mean shoulder line onto x."""
    return rotate_about_y(x_NTMVC, _angle(x_NTMVC))


def once_together(x_NTMVC: Tensor) -> Tensor:
    """Turn both bodies by the first one's angle, so that they keep facing each other as they did."""
    return rotate_about_y(x_NTMVC, _angle(x_NTMVC)[:, :, :1])


ALIGNMENTS = {
    "none": lambda x: x,
    "every frame (faithful)": align_each_frame,
    "once, each body": once_each,
    "once, together": once_together,
}


def centre_pair(x_NTMVC: Tensor) -> Tensor:
    """Move every body by the first one's SpineShoulder."""
    leaders = torch.arange(len(x_NTMVC)).repeat_interleave(x_NTMVC.shape[2]) * x_NTMVC.shape[2]
    bodies = x_NTMVC.transpose(1, 2)
    return centre(bodies.flatten(0, 1), leaders).view(bodies.shape).transpose(1, 2)


def prepared(arrays: list[NDArray], align: str, bones: str, frames: int, centring: str = "body") -> NDArray:
    """Clips (3, T, 25, M) to coordinates (N, D), with every step of `skelrep.preprocess` open to choice."""
    flat = torch.from_numpy(np.concatenate([a.transpose(1, 3, 2, 0) for a in arrays]))
    lengths = torch.tensor([a.shape[1] for a in arrays])
    x = resize(flat, torch.cumsum(lengths, 0) - lengths, lengths, frames)
    if bones == "kinect":
        x = set_bone_lengths(x, torch.tensor(KINECT_BONE_LENGTHS))
    x = centre(x) if centring == "body" else centre_pair(x)
    return ALIGNMENTS[align](x).flatten(1).numpy()


def turned(arrays: list[NDArray]) -> list[NDArray]:
    """Each clip rotated about the vertical by its own random angle."""
    angles = np.random.default_rng(TURN_SEED).uniform(-np.pi, np.pi, len(arrays))
    out = []
    for a, angle in zip(arrays, angles, strict=True):
        c, s = np.cos(angle), np.sin(angle)
        out.append(np.stack((c * a[0] + s * a[2], a[1], -s * a[0] + c * a[2])).astype(np.float32))
    return out


def compare_centring(archive: Archive) -> list[dict[str, Any]]:
    """Table 1; one number a seed, which draws the false partners."""
    rows = []
    for negative in NEGATIVES:
        draws = [pair_windows(archive, negative, seed) for seed in PAIR_SEEDS]
        for centring, align, bones in itertools.product(("body", "pair"), list(ALIGNMENTS)[1:], BONES):
            accuracy: dict[str, list[float]] = {probe: [] for probe in COLUMNS}
            for clips, truth, takes in draws:
                x = prepared(clips, align, bones, PAIR_FRAMES, centring)
                for probe in COLUMNS:
                    accuracy[probe].append(pair_accuracy(x, truth, takes, probe))
            variant = {"negative": negative, "centring": centring, "alignment": align, "bone_lengths": bones}
            rows.append({**variant, "windows": len(draws[0][1]), **accuracy})
    return rows


def compare_variants(archive: Archive) -> list[dict[str, Any]]:
    """Table 2 for one set."""
    used = np.flatnonzero(used_clips(archive, "tune"))
    arrays = [archive.clips[n].data for n in used]
    conditions = {"as recorded": arrays, "turned": turned(arrays)}
    rows = []
    # With one body, turning "together" is turning "each".
    for align, bones, frames in itertools.product(list(ALIGNMENTS)[:3], BONES, (50, 64)):
        for condition, clips in conditions.items():
            x = prepared(clips, align, bones, frames)
            features = np.zeros((len(archive.clips), x.shape[1]), np.float32)
            features[used] = x
            accuracy = {probe: score(features, archive, "tune", probe).accuracy for probe in COLUMNS}
            variant = {"alignment": align, "bone_lengths": bones, "frames": frames, "condition": condition}
            rows.append({"set": archive.name, **variant, **accuracy})
    return rows


def show(title: str, rows: list[dict[str, Any]]) -> None:
    cells = [[percent(v) if isinstance(v, float | list) else str(v) for v in row.values()] for row in rows]
    print(f"\n{title}\n{table(list(rows[0]), cells)}", flush=True)


def main() -> None:
    torch.set_num_threads(2)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives")
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).parent / "results/choose_preprocessing.json"
    )
    args = parser.parse_args()
    archives = {name: read_archive(args.data / f"{name}.npz") for name in (*SETS, "cmu_salsa")}
    centring = compare_centring(archives["cmu_salsa"])
    show("True pair or false one (accuracy %, chance 50, takes held out)", centring)
    variants: dict[str, list[dict[str, Any]]] = {}
    for name in SETS:
        variants[name] = compare_variants(archives[name])
        show(f"{name}: tuning folds (accuracy %)", variants[name])
    data = {name: archive.sha256 for name, archive in archives.items()}
    seeds = {"turned": TURN_SEED, "false partners": PAIR_SEEDS}
    record = {**provenance(), "seeds": seeds, "data_sha256": data, "pairs": centring, "variants": variants}
    write_json(args.json, record)


def _angle(x_NTMVC: Tensor) -> Tensor:
    """(N, 1, M) radians that bring each body's mean shoulder line onto x."""
    across = (x_NTMVC[..., SHOULDER_RIGHT, :] - x_NTMVC[..., SHOULDER_LEFT, :]).mean(dim=1, keepdim=True)
    return -torch.atan2(across[..., 2], across[..., 0])


if __name__ == "__main__":
    main()
