"""Pretrain the default weights, second edition: `python benchmarks/pretrain_default.py --data DIR -o RUN`.

Data: sets whose terms let the weights be used freely (UI-PRMD, CMU, Microsoft's gestures; see docs/data.md),
and no set that is kept for evaluation (IRDS). Long takes are cut into windows; the salsa pairs keep two
bodies. The run stops and resumes like any other `train_crossclr` run.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch
from archives import read_archive

import skelrep
from skelrep.clips import Clip
from skelrep.config import AugmentConfig, EncoderConfig, PretrainConfig

SINGLE = ("uiprmd_kinect", "uiprmd_vicon", "cmu", "cmu_actions", "cmu_iclone", "ms_gestures")
PAIRS = "cmu_salsa"
MAX_SPEED = 30.0  # m/s of any joint: beyond it a recording has a tracking glitch
WINDOW, HOP = 120, 60  # frames at 30 per second: takes longer than 6 s become windows of 4 s
LONG = 180

# Everything the two crops of a clip should have in common is left; what differs from person to person, from
# sensor to sensor and from day to day is drawn anew. Shear 0.5, as published, moves joints further than
# most of the actions here do.
AUGMENT = AugmentConfig(
    shear=0.1,
    rotation=30.0,
    tilt=10.0,
    bone_scale=0.2,
    speed=0.4,
    amplitude=0.3,
    jitter=0.015,
    joint_mask=0.05,
    part_mix=0.2,
)
CONFIG = dataclasses.replace(
    PretrainConfig.recipe("fixed"),
    # Seven of the ten blocks: after short pretraining the last ones serve the contrastive task alone, and
    # they cost two thirds of a step.
    encoder=EncoderConfig(blocks=7, feature_blocks=(4, 7), pooling="parts_std"),
    augment=AUGMENT,
    batch_size=64,
    epochs=28,
    cross_view_epoch=23,
    momentum=0.99,  # a short run: at 0.999 the keys would still be near their random start at its end
    queue_size=1024,
    temperature=0.15,  # many clips are repetitions of one exercise: softer against such near twins
    learning_rate=2e-3,
    warmup_epochs=1,
    checkpoint_steps=100,
    keep_checkpoints=40,
)
# UI-PRMD is six clips of seven and has ten exercises only; takes of other motions count double.
WEIGHT_OF_OTHERS = 2.0


def windows(clip: Clip) -> list[Clip]:
    """A long take as overlapping windows; a short one as it is."""
    frames = clip.data.shape[1]
    if frames <= LONG:
        return [clip]
    starts = range(0, frames - WINDOW + 1, HOP)
    return [
        dataclasses.replace(clip, data=clip.data[:, s : s + WINDOW].copy(), name=f"{clip.name}@{s}")
        for s in starts
    ]


def training_clips(data: Path) -> list[Clip]:
    """Every clip of the run, in a fixed order."""
    clips: list[Clip] = []
    for name in SINGLE:
        archive = read_archive(data / f"{name}.npz")
        steady = np.flatnonzero(archive.columns["max_speed"] <= MAX_SPEED)
        clips += [window for n in steady for window in windows(archive.clips[n])]
    return clips + [window for pair in salsa_pairs(data) for window in windows(pair)]


def salsa_pairs(data: Path) -> list[Clip]:
    """Lead and follow of each take as bodies 0 and 1 of one clip."""
    archive = read_archive(data / f"{PAIRS}.npz")
    takes, roles = archive.columns["pair"], archive.columns["role"]
    pairs = []
    for take in sorted(set(takes.tolist())):
        bodies = [
            archive.clips[np.flatnonzero((takes == take) & (roles == r))[0]] for r in ("lead", "follow")
        ]
        frames = min(body.data.shape[1] for body in bodies)
        data_CTVM = np.concatenate([body.data[:, :frames] for body in bodies], axis=3)
        pairs.append(dataclasses.replace(bodies[0], data=data_CTVM, name=f"salsa/{take}"))
    return pairs


def from_uiprmd(clip: Clip) -> bool:
    """Whether a training clip comes from UI-PRMD, whose names begin with the sensor's."""
    return str(clip.name).startswith(("kinect_", "vicon_"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the .npz archives")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the run")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clips = training_clips(arguments.data)
    print(f"{len(clips)} clips, {sum(clip.data.shape[1] for clip in clips)} frames")
    weights = np.array([1.0 if from_uiprmd(clip) else WEIGHT_OF_OTHERS for clip in clips])
    skelrep.train_crossclr(clips, CONFIG, output_dir=arguments.output, sample_weights=weights, progress=True)


if __name__ == "__main__":
    main()
