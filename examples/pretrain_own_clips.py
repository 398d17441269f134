"""Pretrain on one's own recordings, and see whether it helped: the nearest neighbour on the labels they have.

Labels come from names such as S001C001P002R001A013 (NTU RGB+D); they are used for measuring only. Clips of
people with an even number are held out. A random encoder stands beside the trained one.

    python examples/pretrain_own_clips.py recordings runs/mine --epochs 100
"""

from __future__ import annotations

import argparse
import dataclasses

import numpy as np

import skelrep
from skelrep.evaluate import knn_probe
from skelrep.read import parse_ntu_name


def main() -> None:
    """Read, measure, train, measure again."""
    parser = argparse.ArgumentParser(
        description="Pretrain on a folder of clips, and measure what it brought."
    )
    parser.add_argument("folder", help="clips named as in NTU RGB+D")
    parser.add_argument("run", help="folder for checkpoints, log and the finished model")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=128)
    options = parser.parse_args()

    clips = skelrep.read_clips(options.folder)
    names = [parse_ntu_name(clip.name) for clip in clips]
    labels = np.array([name.label if name else -1 for name in names])
    held_out = np.array([name is not None and name.performer % 2 == 0 for name in names])

    config = dataclasses.replace(
        skelrep.PretrainConfig.recipe("fixed"),
        epochs=options.epochs,
        cross_view_epoch=options.epochs // 2 + 1,
        batch_size=options.batch_size,
    )
    trained = skelrep.train_crossclr(
        [clip for clip, out in zip(clips, held_out, strict=True) if not out], config, output_dir=options.run
    )
    random = skelrep.SkeletonEncoder(trained.config).eval()
    for name, model in (("random", random), ("trained", trained)):
        vectors = model.encode(clips, normalize=True)
        result = knn_probe(vectors[~held_out], labels[~held_out], vectors[held_out], labels[held_out])
        print(f"{name:<8} {result.accuracy:.1%} of {result.n_test} held-out clips")


if __name__ == "__main__":
    main()
