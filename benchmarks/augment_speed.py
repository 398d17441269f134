"""Measure making pairs of random crops: per-sample NumPy, as published, against `skelrep.augment`.

    python benchmarks/augment_speed.py [--out FILE.json]

One thread, 128 two-body clips of 50 frames, temporal crop and shear; medians of interleaved rounds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from skelrep.augment import augment
from skelrep.config import AugmentConfig

CLIPS, FRAMES, BODIES, ROUNDS = 128, 50, 2, 15


def published_crop(x_CTVM: NDArray[np.float32], ratio: int) -> NDArray[np.float32]:
    """Frames mirrored at both ends, then a window from a random start."""
    frames = x_CTVM.shape[1]
    padding = frames // ratio
    front, back = x_CTVM[:, :padding][:, ::-1], x_CTVM[:, -padding:][:, ::-1]
    start = random.randint(0, 2 * padding)
    return np.concatenate((front, x_CTVM, back), axis=1)[:, start : start + frames]


def published_shear(x_CTVM: NDArray[np.float32], amplitude: float) -> NDArray[np.float32]:
    """A random shear of one clip as a matrix product over coordinates."""
    a = [random.uniform(-amplitude, amplitude) for _ in range(3)]
    b = [random.uniform(-amplitude, amplitude) for _ in range(3)]
    matrix = np.array([[1, a[0], b[0]], [a[1], 1, b[1]], [a[2], b[2], 1]])
    sheared = np.dot(x_CTVM.transpose(1, 2, 3, 0), matrix.T)
    return sheared.transpose(3, 0, 1, 2).astype(np.float32)


def per_sample(clips: NDArray[np.float32], config: AugmentConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """Both crops of every clip, one clip at a time, stacked as a data loader does."""
    pairs = [
        [published_shear(published_crop(clip, config.crop_ratio), config.shear) for _ in range(2)]
        for clip in clips
    ]
    first, second = (torch.from_numpy(np.stack(crops)) for crops in zip(*pairs, strict=True))
    return first, second


def batched(
    clips: torch.Tensor, config: AugmentConfig, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both crops of every clip by the library."""
    return augment(clips, config, generator), augment(clips, config, generator)


def main() -> None:
    """Time both ways in turn and print pairs a second as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = np.random.default_rng(0).normal(size=(CLIPS, 3, FRAMES, 25, BODIES)).astype(np.float32)
    tensor, config, generator = torch.from_numpy(clips), AugmentConfig(), torch.Generator().manual_seed(0)
    seconds: dict[str, list[float]] = {"per_sample_numpy": [], "skelrep": []}
    for number in range(ROUNDS + 1):
        began = time.process_time()
        per_sample(clips, config)
        between = time.process_time()
        batched(tensor, config, generator)
        if number:  # the first round warms up
            seconds["per_sample_numpy"].append(between - began)
            seconds["skelrep"].append(time.process_time() - between)
    rates = {name: round(CLIPS / statistics.median(times)) for name, times in seconds.items()}
    spread = {name: [round(CLIPS / max(times)), round(CLIPS / min(times))] for name, times in seconds.items()}
    ratios = [a / b for a, b in zip(*seconds.values(), strict=True)]
    result = {
        "pairs_per_second": rates,
        "slowest_and_fastest": spread,
        "ratio": round(statistics.median(ratios), 1),
        "setting": {"clips": CLIPS, "frames": FRAMES, "bodies": BODIES, "threads": 1, "rounds": ROUNDS},
        "versions": {
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
