"""The example and the code blocks of docs/formats.md run on files of every format."""

import re
import runpy
import sys
from pathlib import Path

import format_writers as writers
import numpy as np
import pytest

import skelrep
from skelrep.layouts import LAYOUTS

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.fixture
def motion() -> np.ndarray:
    clip = skelrep.read_clips(ROOT / "tests" / "data" / "uiprmd_clips.npz")[0]
    return clip.data[:, :12, :, 0].transpose(1, 2, 0).astype(np.float64)


def run_example(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["own_format.py", *arguments])
    runpy.run_path(str(ROOT / "examples" / "own_format.py"), run_name="__main__")


def test_the_example_reads_a_known_format(tmp_path, motion, monkeypatch, capsys):
    run_example(
        monkeypatch, str(writers.write_bvh(tmp_path / "walk.bvh", motion)), "--output", str(tmp_path / "out")
    )
    out = capsys.readouterr().out
    assert re.search(r"(?m)^format +BVH$", out)
    assert re.search(r"(?m)^  ElbowLeft +measured +LeftForeArm$", out)
    assert "1 clips saved" in out
    assert skelrep.read_clips(tmp_path / "out")[0].data.shape == (3, 12, 25, 1)


def test_the_example_reads_a_skeleton_of_ones_own(tmp_path, motion, monkeypatch, capsys):
    names = [
        "head_marker",
        *(f"{j}_{s}" for j in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist") for s in "lr"),
    ]
    numbers = [3, 12, 16, 13, 17, 14, 18, 4, 8, 5, 9, 6, 10]
    np.save(tmp_path / "mine.npy", 1000 * motion[:, numbers])
    run_example(
        monkeypatch, str(tmp_path / "mine.npy"), "--joints", ",".join(names), "--alias", "Head=head_marker"
    )
    out = capsys.readouterr().out
    assert re.search(r"(?m)^unit +mm", out)
    assert re.search(r"(?m)^  SpineBase +derived +0\.5 hip_l \+0\.5 hip_r$", out)
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).normal(size=(9, 13, 3)))
    run_example(
        monkeypatch, str(tmp_path / "mine.npy"), "--joints", ",".join(names), "--alias", "Head=head_marker"
    )
    assert "hardly looks like a body" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::skelrep.errors.DataWarning")
def test_every_code_block_of_the_document_runs(tmp_path, motion, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = motion.transpose(2, 0, 1)[..., None].astype(np.float32)
    np.save("clip.npy", one)
    np.save("train_position.npy", (one - one[:, :, 20:21])[None])
    for name, write in (
        ("pose.json", writers.write_mediapipe_json), ("openpose", writers.write_openpose),
        ("recording.json", writers.write_azure),
        ("ntu60_3danno.pkl", writers.write_pyskl), ("0002-L.txt", writers.write_pku),
        ("joints.csv", writers.write_csv),
        ("val_data_joint.npy", writers.write_agcn), ("walk.bvh", writers.write_bvh),
    ):  # fmt: skip
        write(tmp_path / name, motion)
    for name in ("coco17", "h36m17", "kinect20", "smpl24"):
        np.save(f"{name}.npy", writers.ARRAYS[name](motion))
    np.save("mine.npy", 1000 * motion[:, [3, 12, 16, 13, 17, 14, 18, 4, 8, 5, 9, 6, 10]])
    blocks = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    names = {"results": writers.landmark_results(motion)}
    for block in blocks:
        exec(compile(block, "docs/formats.md", "exec"), names)
    assert len(blocks) >= 12
    assert all(isinstance(clip, skelrep.Clip) for clip in names["clips"])


def test_the_document_names_every_layout():
    for name in LAYOUTS:
        assert f"`{name}`" in DOCUMENT
