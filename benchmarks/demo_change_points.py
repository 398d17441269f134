"""Change points in ten exercises performed one after another: the clips of `skelrep demo` as one recording.

python benchmarks/demo_change_points.py [--model default] [--json FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from records import provenance, table, write_json

import skelrep
from skelrep.demo import load_demo_clips
from skelrep.stream import change_points

WINDOW, STRIDE = 64, 8
PENALTIES = (0.25, 0.5, 0.75)
NEAR = 32  # frames: a join counts as found when a change lies within half a window of it


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="default", help="for skelrep.load_pretrained")
    parser.add_argument("--json", type=Path, help="write the record here")
    args = parser.parse_args()
    clips = load_demo_clips()
    ends = np.cumsum([clip.data.shape[1] for clip in clips])
    actions = np.array([clip.label for clip in clips])
    joins = ends[:-1][actions[1:] != actions[:-1]]
    recording = np.concatenate([clip.data for clip in clips], axis=1)
    vectors = skelrep.encode(recording, args.model, window=WINDOW, stride=STRIDE)[0]
    rows = []
    for penalty in PENALTIES:
        found = change_points(vectors, penalty=penalty) * STRIDE + WINDOW // 2
        distance = np.abs(found[:, None] - joins).min(axis=0)
        hits = distance[distance <= NEAR]
        rows.append([penalty, len(found), f"{len(hits)} of {len(joins)}", int(hits.max())])
    head = ["penalty", "changes", "joins found", "farthest, frames"]
    print(table(head, [[str(cell) for cell in row] for row in rows]))
    if args.json:
        write_json(
            args.json, {**provenance(), "window": WINDOW, "stride": STRIDE, "columns": head, "rows": rows}
        )


if __name__ == "__main__":
    main()
