"""Embed any number of clips into one file, in constant memory; run it again after an interruption.

Clips come from a generator: replace `clips_of` by whatever reads yours, one after another.

    python examples/embed_a_million.py vectors.npy --clips 1000000
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

import skelrep


def clips_of(count: int) -> Iterator[np.ndarray]:
    """Made-up recordings (3, T, 25, 1) in metres; the same ones in every run, as a second run needs them."""
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 0.4, (3, 1, 25, 1))
    for number in range(count):
        frames = 40 + number % 50
        steps = np.random.default_rng(number).normal(0, 0.02, (3, frames, 25, 1))
        yield (pose + steps.cumsum(axis=1)).astype(np.float32)


def main() -> None:
    """Embed, and look up the nearest neighbour of the first clip a piece at a time."""
    parser = argparse.ArgumentParser(description="Embed a long stream of clips into a file.")
    parser.add_argument("output", help="ends in .npy")
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--model", default="default", help="what skelrep.load_pretrained takes")
    options = parser.parse_args()

    vectors = skelrep.encode_to_file(
        options.output, clips_of(options.clips), options.model, normalize=True, progress=True
    )
    best = (-1.0, 0)
    for start in range(1, len(vectors), 65_536):  # the file may be larger than memory
        similarity = vectors[start : start + 65_536] @ vectors[0]
        best = max(best, (float(similarity.max()), start + int(similarity.argmax())))
    print(f"{vectors.shape} in {options.output}; nearest to clip 0: clip {best[1]}, cosine {best[0]:.3f}")


if __name__ == "__main__":
    main()
