"""Turn recordings of any skeleton into NTU-25 clips, and print what each NTU joint is made of.

python examples/own_format.py walk.bvh
python examples/own_format.py mine.npy --joints pelvis,hip_l,hip_r,... --alias Head=nose
"""

from __future__ import annotations

import argparse

import skelrep


def main() -> None:
    """Read, report, save."""
    parser = argparse.ArgumentParser(
        description="Read skeletons of any format and report what was recognised."
    )
    parser.add_argument("path", help="a file or folder; see docs/formats.md")
    parser.add_argument("--layout", default="auto", help="a known skeleton, where the file does not tell")
    parser.add_argument("--joints", help="your joint names, separated by commas, for a skeleton of your own")
    parser.add_argument(
        "--alias", action="append", default=[], metavar="NTU=YOURS", help="a name in your words"
    )
    parser.add_argument("--lift-2d", action="store_true", help="accept 2D poses: depth 0, a guess")
    parser.add_argument("--output", help="save the clips here, as a folder that skelrep reads")
    options = parser.parse_args()

    layout = options.layout
    if options.joints:
        aliases = dict(alias.split("=", 1) for alias in options.alias)
        layout = skelrep.Layout.from_names(options.joints.split(","), aliases=aliases)
    clips, report = skelrep.inspect_clips(options.path, layout=layout, lift_2d=options.lift_2d)
    print(report.table())
    if report.fit is not None and report.fit < 0.4:
        print("This hardly looks like a body: check the order of the joints and the axes.")
    if options.output:
        skelrep.ClipStore.from_clips(clips).save(options.output)
        print(f"{len(clips)} clips saved in {options.output}")


if __name__ == "__main__":
    main()
