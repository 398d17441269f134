"""Embed frames as they come from a sensor, and say when the motion becomes unlike what it was.

A recording stands in for the sensor: replace `frames_of` by whatever gives you (3, 25) joints in metres.

    python examples/stream_live_frames.py recordings/long.npy --window 60 --stride 10
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

import skelrep
from skelrep.stream import StreamingEncoder, change_points


def frames_of(path: str) -> Iterator[np.ndarray]:
    """Frames (3, 25, M) of the first clip, one by one."""
    clip = skelrep.read_clips(path)[0]
    yield from clip.data.transpose(1, 0, 2, 3)


def main() -> None:
    """Push frame after frame; print each window's likeness to the one before, and the changes at the end."""
    parser = argparse.ArgumentParser(description="Embed a stream of frames.")
    parser.add_argument("recording", help="stands in for a sensor")
    parser.add_argument("--window", type=int, default=60, help="frames a vector")
    parser.add_argument("--stride", type=int, default=10, help="frames between vectors")
    parser.add_argument("--model", default="default", help="what skelrep.load_pretrained takes")
    options = parser.parse_args()

    stream = StreamingEncoder(skelrep.load_pretrained(options.model), options.window, options.stride)
    vectors: list[np.ndarray] = []
    for frame in frames_of(options.recording):
        for start, vector in stream.push(frame):
            unit = vector / np.linalg.norm(vector)
            if vectors:
                print(
                    f"frame {start + options.window:>6}: cosine to the window before {unit @ vectors[-1]:.3f}"
                )
            vectors.append(unit)
    for window in change_points(vectors) if vectors else ():
        print(f"change at about frame {window * options.stride + options.window // 2}")


if __name__ == "__main__":
    main()
