"""Configurations and numbers that ask for too much: refused at once, in a short message."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_fuzz_hostile import ONES, frugal

import skelrep
from skelrep.cli.train_config import read_config
from skelrep.errors import ConfigError, FormatError, InvalidClipError, SkelrepError
from skelrep.read.arrays import trim_zero_tail
from skelrep.read.bvh import MAX_JOINTS, _Hierarchy
from skelrep.weights_file import pack

__all__ = ["frugal"]  # a fixture

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.seeds import bvh_files

CONFIG = {"format_version": 1, "encoder": {"base_channels": 8}}
CONFIGS = {
    "a long field": CONFIG | {"x" * 100_000: 1},
    "a long value": CONFIG | {"encoder": {"views": ["joint"] * 10_000}},
    "an integer beyond floats": CONFIG | {"encoder": {"dropout": 10**400}},
    "frames beyond memory": CONFIG | {"preprocess": {"frames": 10**9}},
    "frames beyond integers": CONFIG | {"preprocess": {"frames": 10**30}},
    "layers beyond memory": CONFIG | {"encoder": {"base_channels": 10**30}},
}  # fmt: skip


@pytest.mark.usefixtures("frugal")
@pytest.mark.parametrize("content", CONFIGS.values(), ids=CONFIGS)
def test_a_configuration_cannot_ask_for_anything(tmp_path: Path, content: dict[str, object]) -> None:
    text = json.dumps(content).encode()
    (tmp_path / "config.json").write_bytes(text)
    saved_with = {"config_sha256": hashlib.sha256(text).hexdigest()}  # as a hostile repo would say
    (tmp_path / "model.safetensors").write_bytes(pack({}, saved_with))
    with pytest.raises(ConfigError) as caught:
        skelrep.load_pretrained(tmp_path)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("text", ["[" * 100_000, "\x00", '{"epochs": 1e999}', "9" * 5000])
def test_a_training_configuration_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ConfigError):
        read_config(tmp_path / "c.json")


def test_numbers_beyond_float32_are_no_coordinates(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(4, 17, 3)) * 1e29
    np.save(tmp_path / "a.npy", x)
    with pytest.raises(InvalidClipError):
        skelrep.read_clips(1e200 * x, layout="coco17")
    np.save(tmp_path / "b.npy", np.full((4, 17, 3), np.longdouble("1e4000")))
    with pytest.raises(SkelrepError):
        skelrep.read_clips(tmp_path / "b.npy")


def test_errors_quote_little_of_a_file(tmp_path: Path) -> None:
    skelrep.ClipStore.from_clips(skelrep.read_clips(ONES)).save(tmp_path)
    place = tmp_path / "clipstore.json"
    index = json.loads(place.read_text())
    for column in ({"frames": "x" * 50_000}, {"frames": ["x"] * 9000}, {"format_version": "x" * 50_000}):
        place.write_text(json.dumps(index | column))
        with pytest.raises(FormatError) as caught:
            skelrep.ClipStore.open(tmp_path)
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "keys", [["k" * 60_000], [f"{n}" * 2000 for n in range(9)], ["x_train" + "k" * 9000]]
)
def test_errors_quote_little_of_an_archive(tmp_path: Path, keys: list[str]) -> None:
    np.savez(tmp_path / "a.npz", **{key: np.ones((2, 2)) for key in keys})
    with pytest.raises(FormatError) as caught:
        skelrep.read_clips(tmp_path / "a.npz")
    assert len(str(caught.value)) < 2500


def test_archives_of_differences_beyond_float32_are_refused(tmp_path: Path) -> None:
    steps, origin = np.ones((4, 25, 3), dtype=np.int16), np.full((1, 3), 1e300)
    np.savez(tmp_path / "a.npz", dq=steps, scale=np.array(1.0), origin=origin, offsets=np.array([0, 4]))
    with pytest.raises(InvalidClipError):
        skelrep.read_clips(tmp_path / "a.npz")


def test_text_that_is_no_unicode_is_no_clip(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((2, 3, 4, 25, 1), 0xFFFFFFFF, dtype="<u4").view("<U1"))
    with pytest.raises(SkelrepError):
        skelrep.read_clips(tmp_path / "a.npy")


def test_a_frame_rate_of_zero_is_none(tmp_path: Path) -> None:
    offsets, scale, origin = np.array([0, 8]), np.array(0.01), np.zeros((1, 3))
    steps = np.random.default_rng(0).integers(-9, 9, (8, 25, 3)).astype(np.int16)
    arrays = {"dq": steps, "scale": scale, "origin": origin, "offsets": offsets}
    np.savez(tmp_path / "good.npz", **arrays, fps=np.uint8(30))
    assert skelrep.read_clips(tmp_path / "good.npz")[0].fps == 30
    np.savez(tmp_path / "bad.npz", **arrays, fps=np.uint8(0))
    with pytest.raises(FormatError, match="fps"):
        skelrep.read_clips(tmp_path / "bad.npz")


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    steps = np.random.default_rng(0).integers(-9, 9, (8, 25, 3)).astype(np.int16)
    names = np.full(1, 0xFFFFFFFF, dtype="<u4").view("<U1")
    arrays = {"dq": steps, "scale": np.array(0.01), "origin": np.zeros((1, 3)), "offsets": np.array([0, 8])}
    np.savez(tmp_path / "a.npz", **arrays, names=names)
    with pytest.raises(FormatError, match="no Unicode"):
        skelrep.read_clips(tmp_path / "a.npz")


@pytest.mark.parametrize("value", [-1e308, 1e12, float("inf")])
def test_coordinates_of_openpose_that_are_none(tmp_path: Path, value: float) -> None:
    """Two such frames made the distance between people overflow."""
    frame = {"people": [{"pose_keypoints_2d": [1.0, 2.0, 0.9] * 12 + [value, 2.0, 0.9] * 13}]}
    for number in range(2):
        (tmp_path / f"w_{number:012d}_keypoints.json").write_text(json.dumps(frame))
    with pytest.raises(FormatError, match="is no coordinate"):
        skelrep.read_clips(tmp_path, lift_2d=True)


def test_joints_of_one_name_cost_no_more_than_others() -> None:
    """Each was compared with all before it, for every number that could stand behind its name."""
    given = ["a", "a#2", "a", "a", "b", "a#2", "a#2#2"]
    hierarchy = _Hierarchy("", "here")
    assert [hierarchy._unique(name) for name in given] == ["a", "a#2", "a#3", "a#4", "b", "a#2#2", "a#2#2#2"]
    text = "ROOT a\n{\n" + "JOINT a\n{\n" * (MAX_JOINTS - 1) + "}\n" * MAX_JOINTS
    skeleton = _Hierarchy("HIERARCHY\n" + text, "here")
    start = time.process_time()
    assert skeleton.parse().names[-1] == f"a#{MAX_JOINTS}"
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize("dtype", ["<u4", "<u8"])
def test_a_signalling_nan_is_a_nan(dtype: str, tmp_path: Path) -> None:
    """Processors raise a flag for one that is compared with zero, and numpy a warning for the flag."""
    bits = {"<u4": 0x7FA00000, "<u8": 0x7FF4000000000000}[dtype]
    clip = np.ones((3, 6, 25, 1), dtype=dtype.replace("u", "f"))
    clip[:, 4:] = 0
    clip.view(dtype)[0, 2, 0, 0] = bits
    assert trim_zero_tail(clip).shape == (3, 4, 25, 1)
    np.save(tmp_path / "a.npy", clip[None])
    with pytest.raises(InvalidClipError, match="NaN"):
        skelrep.read_clips(tmp_path / "a.npy")


def test_frames_in_no_time_have_no_rate(tmp_path: Path) -> None:
    for seconds, fps in ((b"0.05", 20.0), (b"1e-320", None), (b"0", None)):
        text = re.sub(rb"(Frame Time: )\S+", rb"\g<1>" + seconds, bvh_files()[0])
        (tmp_path / "a.bvh").write_bytes(text)
        assert skelrep.read_clips(tmp_path / "a.bvh")[0].fps == fps
