"""Whether `encode_stream` needs more memory the longer it runs: resident memory after 10,000 clips and later.

    PYTHONPATH=. nice -n 19 python benchmarks/stream_memory.py --tiny

The clips are made as they are asked for, of 40 to 120 frames and one or two people. The default model, in
which every clip passes all of reading, preprocessing and encoding; `--tiny` takes a random one of one view
and one thin block, so that a million clips take minutes: everything around the network is the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from records import provenance, write_json

import skelrep

RESULT = Path(__file__).parent / "results" / "stream_memory.json"
FIRST = 10_000


def clips(count: int) -> Iterator[NDArray[np.float32]]:
    """Cheap clips, all different: one random walk, cut and shifted."""
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 0.4, (3, 1, 25, 2))
    walk = (pose + rng.normal(0, 0.02, (3, 400, 25, 2)).cumsum(axis=1)).astype(np.float32)
    for n in range(count):
        frames, start, bodies = 40 + n % 81, n * 7 % 280, 1 + (n % 5 == 0)
        yield walk[:, start : start + frames, :, :bodies] + np.float32(n % 13)


def tiny() -> skelrep.SkeletonEncoder:
    """A model that takes hardly longer than preprocessing."""
    encoder = skelrep.EncoderConfig(views=("joint",), base_channels=2, feature_blocks=(1,))
    return skelrep.SkeletonEncoder(skelrep.ModelConfig(encoder=encoder)).eval()


def resident() -> float:
    """Megabytes of this process that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def record(
    options: argparse.Namespace, seen: dict[int, float], seconds: float, origin: dict[str, Any]
) -> dict[str, Any]:
    """What is known so far."""
    last = max(seen)
    return {
        "clips": last,
        "model": "tiny" if options.tiny else "default",
        "threads": torch.get_num_threads(),
        "seconds": round(seconds, 1),
        "CPU seconds": round(time.process_time(), 1),
        "at the end above 10,000 clips, MB": round(seen[last] - seen[FIRST], 1),
        "most above 10,000 clips, MB": round(max(seen.values()) - seen[FIRST], 1),
        "resident memory, MB": seen,
        "provenance": origin,
    }


def main() -> None:
    """Encode, look at the memory now and then, and write what was seen so far each time."""
    parser = argparse.ArgumentParser(description="Memory of a long stream.")
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--tiny", action="store_true", help="a small random model")
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    options = parser.parse_args()
    origin = provenance()  # first, for it imports much
    model = tiny() if options.tiny else skelrep.load_pretrained()
    began, seen = time.perf_counter(), {}
    for number, _ in enumerate(skelrep.encode_stream(clips(options.clips), model), start=1):
        if number % FIRST == 0:
            seen[number] = round(resident(), 1)
            seconds = time.perf_counter() - began
            write_json(options.output, record(options, seen, seconds, origin))
            print(f"{number:>9} clips  {seen[number]:8.1f} MB  {seconds:8.1f} s", flush=True)


if __name__ == "__main__":
    main()
