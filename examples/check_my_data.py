"""Look at a folder of recordings, leave out what is ill, fill short gaps, and keep the rest as a clip store.

python examples/check_my_data.py recordings clean
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import skelrep
from skelrep.errors import SkelrepError
from skelrep.read import fill_gaps
from skelrep.read.folders import find_files

FILLED = {"nan"}  # faults that are repaired here; clips with any other problem or warning are left out


def main() -> None:
    """Report, repair, keep."""
    parser = argparse.ArgumentParser(description="Check clips, and keep the healthy ones.")
    parser.add_argument("folder", type=Path, help="any files that skelrep.read_clips reads")
    parser.add_argument("clean", type=Path, help="folder for the healthy clips")
    options = parser.parse_args()

    report = skelrep.doctor(options.folder)
    print(report)
    ill = {
        name: found.check
        for found in report.findings
        if found.severity != "note" and found.check not in FILLED
        for name in found.clips
    }
    kept = []
    for file in find_files(options.folder):
        if file.suffix == ".npy" and file.stem in report.clips_with("nan"):
            print(f"filled    {file.stem}: {fill_gaps(np.load(file))[1]}")
        try:
            clips = skelrep.read_clips(file, max_gap=10)
        except SkelrepError as error:
            print(f"left out  {file.name}: {type(error).__name__}")
            continue
        for clip in clips:
            if clip.name in ill:
                print(f"left out  {clip.name}: {ill[clip.name]}")
            else:
                kept.append(clip)
    print(f"kept {len(kept)} of {report.summary['clips']} clips: {options.clean}")
    skelrep.ClipStore.from_clips(kept).save(options.clean)


if __name__ == "__main__":
    main()
