"""Parsing and preprocessing, against reading line by line and preprocessing clip by clip in numpy.

    python benchmarks/data_path.py [--crossclr CHECKOUT]

The baselines are written from the description of the published method, in the style in which such code is
usually written: a dictionary a joint, one clip and one frame at a time. Both sides are checked to give the
same numbers. Taken in turns; the best turn of each counts. With a checkout of the published
code (and OpenCV, which it needs) its own preprocessing is measured beside ours, too.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import math
import pickle
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from records import provenance, table, write_json

from skelrep.config import PreprocessConfig
from skelrep.preprocess import preprocess_arrays
from skelrep.read import ClipStore, read_clips
from skelrep.read.ntu import in_file_order, parse_skeleton

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "data_path.json"
RECORDINGS = ROOT / "tests" / "data" / "ntu"
FIELDS = ("x", "y", "z", "depthX", "depthY", "colorX", "colorY", "orientationW", "orientationX",
          "orientationY", "orientationZ", "trackingState")  # fmt: skip
INFO = ("bodyID", "clippedEdges", "handLeftConfidence", "handLeftState", "handRightConfidence",
        "handRightState", "isRestricted", "leanX", "leanY", "trackingState")  # fmt: skip
FRAMES = 50


def plain_parse(path: Path) -> NDArray[np.float32]:
    """Line by line, every number a float in a dictionary; then the first two bodies of each frame."""
    frames: list[list[dict[str, Any]]] = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            bodies = []
            for _ in range(int(file.readline())):
                info = {key: float(value) for key, value in zip(INFO, file.readline().split(), strict=True)}
                joints = [
                    {key: float(value) for key, value in zip(FIELDS, file.readline().split(), strict=True)}
                    for _ in range(int(file.readline()))
                ]
                bodies.append({"info": info, "joints": joints})
            frames.append(bodies)
    data = np.zeros((3, len(frames), 25, 2), dtype=np.float32)
    for t, bodies in enumerate(frames):
        for m, body in enumerate(bodies[:2]):
            for v, joint in enumerate(body["joints"]):
                data[:, t, v, m] = [joint["x"], joint["y"], joint["z"]]
    return data[:, : np.count_nonzero(data[:, :, 0, 0].any(axis=0))]


def plain_preprocess(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre, resize, and turn frame by frame, one clip at a time."""
    there = clip.any(axis=(0, 1, 2))
    centred = (clip - clip[:, :, 20:21]) * there
    channels, length, joints, bodies = centred.shape
    rows = torch.from_numpy(centred.transpose(0, 2, 3, 1).reshape(1, -1, length).astype(np.float32))
    resized = torch.nn.functional.interpolate(rows, FRAMES, mode="linear", align_corners=False)
    x = resized.numpy().reshape(channels, joints, bodies, FRAMES).transpose(0, 3, 1, 2)
    turned = np.zeros_like(x)
    for m in range(bodies):
        across = x[:, :, 8, m] - x[:, :, 4, m]
        across[1] = 0
        sign = -1 if across[2].sum() >= 0 else 1
        for t in range(FRAMES):
            angle = sign * math.acos(across[0, t] / (np.linalg.norm(across[:, t]) + 1e-4))
            cos, sin = math.cos(angle), math.sin(angle)
            turn = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
            turned[:, t, :, m] = turn @ x[:, t, :, m]
    return turned


def fast_preprocess(clips: list[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The library, in batches of 64."""
    config = PreprocessConfig.recipe("faithful")
    for n in range(0, len(clips), 64):
        yield preprocess_arrays(clips[n : n + 64], config).numpy()


def recordings(folder: Path) -> list[Path]:
    """The recorded NTU files that the tests have, unpacked."""
    found = []
    for packed in sorted(RECORDINGS.glob("*.skeleton.gz")):
        found.append(folder / packed.stem)
        found[-1].write_bytes(gzip.decompress(packed.read_bytes()))
    return found


def synthetic_clips(count: int, every: int = 5) -> list[NDArray[np.float32]]:
    """Random walks of 40 to 120 frames, every fifth of two people (0: none); the published arrays always have
    two slots."""
    rng = np.random.default_rng(0)
    clips = []
    for n in range(count):
        steps = rng.normal(0, 0.02, (3, int(rng.integers(40, 121)), 25, 2)).cumsum(axis=1)
        clip = (rng.normal(0, 0.4, (3, 1, 25, 2)) + steps).astype(np.float32)
        clip[..., 1] *= every > 0 and n % every == 0
        clips.append(clip)
    return clips


def best(turns: int, *sides: Callable[[], Iterable[object]]) -> list[float]:
    """The least time of each side, taken in turns; what a side makes is dropped at once, as `encode` does."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(turns):
        for side, taken in zip(sides, times, strict=True):
            began = time.perf_counter()
            deque(side(), maxlen=0)
            taken.append(time.perf_counter() - began)
    return [min(taken) for taken in times]


def compare_parsing(turns: int) -> dict[str, float]:
    """Milliseconds a file, of both."""
    with tempfile.TemporaryDirectory() as folder:
        files = recordings(Path(folder))
        for path in files:
            found = in_file_order(parse_skeleton(path.read_bytes(), str(path)))
            np.testing.assert_array_equal(found, plain_parse(path))
        plain, fast = best(
            turns,
            lambda: map(plain_parse, files),
            lambda: (in_file_order(parse_skeleton(path.read_bytes(), str(path))) for path in files),
        )
        size = sum(path.stat().st_size for path in files) / len(files)
        ours = 1e3 * fast / len(files)
        return {"file, KB": size / 1e3, "plain, ms": 1e3 * plain / len(files), "skelrep, ms": ours,
                "ratio": plain / fast}  # fmt: skip


def compare_stores(turns: int) -> dict[str, float]:
    """Milliseconds a clip to read the recordings a second time, from a store instead of from text."""
    with tempfile.TemporaryDirectory() as folder:
        files = recordings(Path(folder))
        store = Path(folder) / "store"
        ClipStore.from_clips(read_clips(folder, recipe="faithful")).save(store)

        def read_store() -> Iterator[object]:
            opened = ClipStore.open(store)
            yield opened.block(0, len(opened))

        plain, fast = best(turns, lambda: map(plain_parse, files), read_store)
        count = len(files)
        return {"plain, ms": 1e3 * plain / count, "skelrep, ms": 1e3 * fast / count, "ratio": plain / fast}


def compare_preprocessing(turns: int, count: int) -> dict[str, float]:
    """Milliseconds a clip, of both."""
    clips = synthetic_clips(count)
    np.testing.assert_allclose(
        np.concatenate(list(fast_preprocess(clips))), np.stack(list(map(plain_preprocess, clips))), atol=2e-4
    )
    plain, fast = best(turns, lambda: map(plain_preprocess, clips), lambda: fast_preprocess(clips))
    return {"plain, ms": 1e3 * plain / count, "skelrep, ms": 1e3 * fast / count, "ratio": plain / fast}


def compare_published(turns: int, count: int, every: int, checkout: Path) -> dict[str, float]:
    """Milliseconds a clip, of the published preprocessing as it is run and of ours.

    The published code also makes a motion array, without which it does not run; its training makes its own.
    It calls `reshape` by a name that numpy has dropped.
    """
    sys.path.insert(0, str(checkout / "feeder"))
    from NTUDatasets import NTUMotionProcessor

    clips = synthetic_clips(count, every)
    padded = np.zeros((count, 3, 300, 25, 2), dtype=np.float32)  # as ntu_gendata stores clips
    for n, clip in enumerate(clips):
        padded[n, :, : clip.shape[1]] = clip
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        data, labels = Path(folder) / "data.npy", Path(folder) / "label.pkl"
        np.save(data, padded)
        labels.write_bytes(pickle.dumps(([str(n) for n in range(count)], [0] * count)))
        processor = NTUMotionProcessor(
            str(data), str(labels), data_type="relative", t_length=FRAMES, y_rotation=True,
            displacement=1, sampling="resize",
        )  # fmt: skip
        stack.enter_context(mock.patch("numpy.reshape", lambda a, newshape: a.reshape(newshape)))
        published = np.stack([processor[n][0] for n in range(count)])
        there = np.stack([clip.any(axis=(0, 1, 2)) for clip in clips])[:, None, None, None]
        np.testing.assert_allclose(np.concatenate(list(fast_preprocess(clips))), published * there, atol=2e-4)
        plain, fast = best(
            turns, lambda: map(processor.__getitem__, range(count)), lambda: fast_preprocess(clips)
        )
    return {"plain, ms": 1e3 * plain / count, "skelrep, ms": 1e3 * fast / count, "ratio": plain / fast}


def main() -> None:
    """Compare and write."""
    parser = argparse.ArgumentParser(description="Parsing and preprocessing against plain numpy.")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2, help="that torch may use (default: %(default)s)")
    parser.add_argument("--crossclr", type=Path, help="checkout of the published code")
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results = {
        "parsing .skeleton": compare_parsing(options.turns),
        "the same from a ClipStore": compare_stores(options.turns),
        "preprocessing": compare_preprocessing(options.turns, options.clips),
    }
    if options.crossclr:
        for data, every in (("", 5), (", one body a clip", 0)):
            results[f"preprocessing, published code{data}"] = compare_published(
                options.turns, options.clips, every, options.crossclr
            )
    rounded = {name: {key: round(v, 4) for key, v in found.items()} for name, found in results.items()}
    write_json(options.output, rounded | {"threads": options.threads, "provenance": provenance()})
    columns = ("plain, ms", "skelrep, ms", "ratio")
    rows = [[name, *(f"{found[column]:.3f}" for column in columns)] for name, found in results.items()]
    print(table(["each", *columns], rows))


if __name__ == "__main__":
    main()
