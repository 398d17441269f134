"""What `skelrep doctor` finds in the recordings of ../shared/data, beside what their README says is wrong.

    PYTHONPATH=. python benchmarks/doctor_shared_data.py ../shared/data

The folder as one set, with time and memory, then each archive alone. The README's numbers were made with
other code, from the archives' `max_speed` column and from looking.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from records import provenance, table, write_json

import skelrep

RESULT = Path(__file__).parent / "results" / "doctor_shared_data.json"
MAX_SPEED = 12.0
SAMPLE = 100
# What the README of the data says: clips with a joint faster than 12 m/s, and clips that are very long.
KNOWN_GLITCHES = {
    "irds": 140,
    "uiprmd_kinect": 176,
    "cmu": 3,
    "hdm05": 1,
    "uiprmd_vicon": 0,
    "bandai1": 0,
    "bandai2": 0,
}
KNOWN_LONG = {"irds": 2}


def look_at(path: Path) -> dict[str, Any]:
    """The doctor's report of an archive, and how its glitches agree with the archive's own column."""
    began = time.perf_counter()
    report = skelrep.doctor(path)
    seconds = time.perf_counter() - began
    with np.load(path, allow_pickle=False) as archive:
        truly_fast = {str(name) for name in archive["names"][archive["max_speed"] > MAX_SPEED]}
    found_fast = {*report.clips_with("glitch"), *report.clips_with("jump")}
    return {
        "clips": report.summary["clips"],
        "seconds": round(seconds, 1),
        "faster than 12 m/s": {
            "found": len(found_fast),
            "by the archive": len(truly_fast),
            "by the README": KNOWN_GLITCHES.get(path.stem),
            "missed": sorted(truly_fast - found_fast),
            "false": sorted(found_fast - truly_fast),
        },
        "long": {"found": list(report.clips_with("long")), "by the README": KNOWN_LONG.get(path.stem)},
        "findings": {
            found.check: len(found.clips) or found.message for found in report.findings
        },
        "summary": dict(report.summary),
    }  # fmt: skip


def strangers(path: Path, model: str) -> dict[str, Any]:
    """How far 100 clips drawn from an archive are from the model's training data."""
    clips = skelrep.read_clips(path)
    drawn = np.random.default_rng(0).permutation(len(clips))[:SAMPLE]
    began = time.perf_counter()
    report = skelrep.doctor([clips[row] for row in drawn], model=model)
    return {
        "clips": len(drawn),
        "seconds": round(time.perf_counter() - began, 1),
        "median deviations": report.summary["deviations_from_training"],
        "strangers": list(report.clips_with("stranger")),
        "outliers": list(report.clips_with("outlier")),
    }


def main() -> None:
    """Look at all clips, whose memory is measured first, then at every archive."""
    parser = argparse.ArgumentParser(description="Run the doctor on the shared recordings.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", help="also tell strangers, among 100 clips of each archive")
    options = parser.parse_args()
    torch.set_num_threads(1)

    began, worked = time.perf_counter(), time.process_time()
    everything = skelrep.doctor(options.data)
    seconds, cpu = round(time.perf_counter() - began, 1), round(time.process_time() - worked, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    archives = {path.stem: look_at(path) for path in sorted(options.data.glob("*.npz"))}
    found = {}
    if options.model:
        found = {path.stem: strangers(path, options.model) for path in sorted(options.data.glob("*.npz"))}
    record = {
        **provenance(),
        "model": options.model,
        "threads": 1,
        "archives": archives,
        "strangers": found,
        "all": {
            "clips": everything.summary["clips"],
            "seconds": seconds,
            "cpu_seconds": cpu,
            "peak_resident_MiB": peak,
            "findings": {found.check: len(found.clips) or found.message for found in everything.findings},
        },
    }
    write_json(RESULT, record)
    rows = [
        (name, f"{one['clips']:,}", str(one["faster than 12 m/s"]["found"]),
         str(one["faster than 12 m/s"]["by the README"]), str(len(one["long"]["found"])),
         str(one["findings"].get("near-twin", 0)), str(one["findings"].get("lying", 0)),
         str(one["findings"].get("dropped", 0)), f"{one['summary']['dropped_frames_share']:.1%}",
         f"{one['summary']['nearest_other_clip_cm']:.1f}", f"{one['seconds']:.1f}")
        for name, one in archives.items()
    ]  # fmt: skip
    header = (
        "archive",
        "clips",
        "fast",
        "README",
        "long",
        "twins",
        "lying",
        "dropped",
        "share",
        "nearest cm",
        "s",
    )
    print(table(header, rows))
    print(f"\nall {everything.summary['clips']:,} clips: {seconds} s ({cpu} s of work), peak {peak} MiB")


if __name__ == "__main__":
    main()
