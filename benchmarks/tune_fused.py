"""Which slice suits this machine, and how exact and how fast is each form? Plain encoder against fused one.

    python benchmarks/tune_fused.py [--threads 2] [--slices 4 8 16 32] [--rounds 5]

Runs are interleaved and the fastest counts. The plain encoder gets its batch in slices of 16 clips, which
spares it page faults. "error" is the largest difference of any number from the plain encoder's, relative to
the largest number.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from records import table

from skelrep.config import EncoderConfig, ModelConfig
from skelrep.models import SkeletonEncoder
from skelrep.models.fused import FusedEncoder, plan

Encoder = Callable[[torch.Tensor], torch.Tensor]
CLIP_FRAMES = 50


def cases(clips: int) -> dict[str, torch.Tensor]:
    """Batches: two bodies, one clip in five with two, and single clips."""
    two = torch.randn(clips, 3, CLIP_FRAMES, 25, 2, generator=torch.Generator().manual_seed(0))
    mix = two.clone()
    mix[clips // 5 :, ..., 1] = 0
    return {"two bodies": two, "mix": mix, "1 clip, two bodies": two[:1], "1 clip, one body": mix[-1:]}


def contenders(model: SkeletonEncoder, slices: list[int]) -> dict[str, Encoder]:
    """The plain encoder, and fused ones with slices of so many bodies."""
    found: dict[str, Encoder] = {"plain": lambda x: torch.cat([model(part) for part in x.split(16)])}
    for bodies in slices:
        plan.SLICE_FRAMES = {"cpu": bodies * CLIP_FRAMES}
        fused = FusedEncoder(model)
        fused.forward(torch.zeros(1, 3, CLIP_FRAMES, 25, 1))  # the slice is settled by the first clip
        found[f"slices of {bodies}"] = fused.forward
    found["bfloat16"] = FusedEncoder(model, "bfloat16").forward
    return found


def seconds(encode: Encoder, x: torch.Tensor) -> float:
    """The fastest of as many runs as fill a fifth of a second."""
    best, end = float("inf"), time.perf_counter() + 0.2
    while time.perf_counter() < end:
        start = time.perf_counter()
        encode(x)
        best = min(best, time.perf_counter() - start)
    return best


def compare(name: str, x: torch.Tensor, encoders: dict[str, Encoder], rounds: int) -> list[list[str]]:
    """A row of the table for every encoder."""
    times = {who: float("inf") for who in encoders}
    for _ in range(rounds):
        for who, encode in encoders.items():
            times[who] = min(times[who], seconds(encode, x))
    right = encoders["plain"](x)
    rows = []
    for who, encode in encoders.items():
        error = float((encode(x) - right).abs().max() / right.abs().max())
        ratio = times["plain"] / times[who]
        rows.append([name, who, f"{len(x) / times[who]:.1f}", f"{ratio:.2f}", f"{error:.1e}"])
    return rows


def main() -> None:
    """Print a table of clips a second, ratios and errors."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--slices", type=int, nargs="*", default=[4, 8, 16, 32])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = EncoderConfig(recipe_name="faithful", views=("joint",))
    model = SkeletonEncoder(ModelConfig(encoder=config)).eval()
    encoders = contenders(model, options.slices)
    with torch.inference_mode():
        batches = cases(options.clips).items()
        rows = [row for name, x in batches for row in compare(name, x, encoders, options.rounds)]
    print(table(["batch", "encoder", "clips/s", "ratio", "error"], rows))


if __name__ == "__main__":
    main()
