"""Embed a folder of recordings and print, for each, the most similar other one.

python examples/embed_folder.py recordings
"""

from __future__ import annotations

import argparse

import numpy as np

import skelrep


def main() -> None:
    """Read, embed, compare."""
    parser = argparse.ArgumentParser(description="Embed a folder and print each clip's nearest other clip.")
    parser.add_argument("folder", help=".skeleton files or arrays (C, T, V, M)")
    parser.add_argument("--model", default="default", help="what skelrep.load_pretrained takes")
    options = parser.parse_args()

    clips = skelrep.read_clips(options.folder)
    model = skelrep.load_pretrained(options.model)
    vectors = model.encode(clips, normalize=True)  # (N, D), unit rows: dot products are cosines
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -1.0)
    for row, clip in enumerate(clips):
        nearest = int(similarity[row].argmax())
        print(f"{clip.name:<24} {clips[nearest].name:<24} {similarity[row, nearest]:.3f}")


if __name__ == "__main__":
    main()
