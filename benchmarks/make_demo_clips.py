"""Choose the 30 clips of `skelrep demo` from UI-PRMD (Kinect), which is in the public domain.

Each of the 10 exercises is shown by 3 people, correctly executed; every person shows 3 exercises, so that
a body does not give an exercise away. Of a person's repetitions the one with the slowest fastest joint is
taken: the sensor's glitches are fast.

    python benchmarks/make_demo_clips.py ../shared/data/uiprmd_kinect.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skelrep.atomic import atomic_write

TARGET = Path(__file__).parents[1] / "skelrep" / "demo" / "clips.npz"
PER_CLIP = ("origin", "names", "subject", "action", "yaw0", "max_speed")
SHARED = ("scale", "fps", "source", "subject_names", "action_names")
PEOPLE_PER_EXERCISE = 3


def choose(archive: dict[str, NDArray[np.generic]]) -> list[int]:
    """Row numbers of the chosen clips, exercise by exercise."""
    correct = archive["quality"] == list(archive["quality_names"]).index("correct")
    people = len(archive["subject_names"])
    rows = []
    for action in range(len(archive["action_names"])):
        for turn in range(PEOPLE_PER_EXERCISE):
            person = (action + turn * PEOPLE_PER_EXERCISE) % people
            found = np.flatnonzero(correct & (archive["action"] == action) & (archive["subject"] == person))
            rows.append(int(found[np.argmin(archive["max_speed"][found])]))
    return rows


def cut(archive: dict[str, NDArray[np.generic]], rows: list[int]) -> dict[str, NDArray[np.generic]]:
    """The same archive, holding only these rows."""
    offsets = archive["offsets"]
    pieces = [archive["dq"][offsets[row] : offsets[row + 1]] for row in rows]
    lengths = [len(piece) for piece in pieces]
    return {
        "dq": np.concatenate(pieces),
        "offsets": np.concatenate([[0], np.cumsum(lengths)]),
        **{key: archive[key][rows] for key in PER_CLIP},
        **{key: archive[key] for key in SHARED},
    }


def main() -> None:
    """Write the archive into the package."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", type=Path, help="uiprmd_kinect.npz")
    parser.add_argument("-o", "--output", type=Path, default=TARGET)
    options = parser.parse_args()
    with np.load(options.source, allow_pickle=False) as source:
        archive = {key: source[key] for key in source.files}
    with atomic_write(options.output) as file:
        np.savez_compressed(file, **cut(archive, choose(archive)))
    print(f"{options.output}: {options.output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
