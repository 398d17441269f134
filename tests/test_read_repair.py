"""Gaps, bodies and the doctor on skeletons other than NTU-25."""

import json

import format_writers as writers
import numpy as np
import pytest

import skelrep
from skelrep.errors import InvalidClipError
from skelrep.read import inspect_clips, read_clips
from skelrep.read.assemble import assemble
from skelrep.read.raw import ReadOptions
from skelrep.read.sources import find_any


@pytest.fixture(scope="module")
def motion(request) -> np.ndarray:
    clips = read_clips(request.config.rootpath / "tests" / "data" / "uiprmd_clips.npz")
    return clips[0].data[:, :40, :, 0].transpose(1, 2, 0).astype(np.float64)


def holes(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[10:13, 5] = np.nan
    return x


def test_gaps_of_other_skeletons_are_filled(motion, tmp_path):
    whole, holed = writers.kinect20(motion), holes(writers.kinect20(motion))
    np.save(tmp_path / "a.npy", holed)
    for source in (holed, tmp_path / "a.npy"):
        with pytest.raises(InvalidClipError, match=r"NaN.*Fill short gaps with max_gap"):
            read_clips(source)
        with pytest.raises(InvalidClipError, match=r"too long to fill.*at most 2 frames"):
            read_clips(source, max_gap=2)
        (clip,), _ = inspect_clips(source, max_gap=3)
        expected = read_clips(whole)[0].data
        np.testing.assert_allclose(clip.data, expected, atol=0.1)
        assert (clip.data != expected).any()


def test_gaps_of_clips_and_arrays_in_memory_are_filled(motion):
    x = holes(motion).transpose(2, 0, 1)[..., None].astype(np.float32)
    clip = skelrep.Clip(data=x, name="walk", label=3)
    for source in (x, x[None], clip):
        with pytest.raises(InvalidClipError, match="max_gap"):
            read_clips(source)
        assert np.isfinite(read_clips(source, max_gap=3)[0].data).all()
    (filled,) = read_clips(clip, max_gap=3)
    assert (filled.name, filled.label) == ("walk", 3)


def test_people_of_other_skeletons_who_change_slots_are_followed(motion):
    x = writers.kinect20(motion)
    still = np.repeat(x[:1], len(x), axis=0)
    aside = np.array([2, 0, 0])
    slots = np.stack([x, x + aside, still + 2 * aside, still + 3 * aside])  # the last two are furniture
    mixed = slots.copy()
    mixed[:, ::2] = mixed[::-1, ::2]
    assert read_clips(slots[None])[0].data.shape[3] == 2
    np.testing.assert_allclose(read_clips(mixed[None])[0].data, read_clips(slots[None])[0].data, atol=1e-6)


def test_nan_is_kept_for_whoever_asks_for_it(motion):
    options = ReadOptions(check_values=False)
    (clip,), _ = assemble(find_any(holes(writers.kinect20(motion)), options), options)
    assert np.isnan(clip.data).any()


def test_the_doctor_reads_every_format(motion, tmp_path):
    np.save(tmp_path / "kinect1.npy", holes(writers.kinect20(motion)))
    writers.write_csv(tmp_path / "sheet.csv", motion)
    for name in ("notes.txt", "labels.csv"):
        (tmp_path / name).write_text("a note\n")
    (tmp_path / "meta.json").write_text(json.dumps({"camera": 1}))
    points = {"pose_keypoints_3d": np.ones(100).tolist()}
    for t in range(3):
        frame = {"people": [points]}
        (tmp_path / f"duo_{t:012d}_keypoints.json").write_text(json.dumps(frame))
    report = skelrep.doctor(tmp_path)
    assert report.summary["files"] == {".npy": 1, ".csv": 1, ".json": 4}
    assert report.summary["clips"] == 3
    assert report.clips_with("nan") == ("kinect1",)
    assert report.clips_with("unreadable") == ("meta.json",)
    assert "hardly bodies" in str(report)
    assert report.clips_with("reading") == ("duo_000000000000_keypoints.json",)


def test_clips_without_a_body_are_not_taken_for_2s_agcn(tmp_path):
    np.save(tmp_path / "empty.npy", np.zeros((3, 40, 25, 1), np.float32))
    report = skelrep.doctor(tmp_path)
    assert report.summary["frames"] == 40
    assert report.clips_with("reading") == ()
