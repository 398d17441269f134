"""One real motion in every format: the same joints, and nearly the same vector, come back."""

import dataclasses
from pathlib import Path

import format_writers as writers
import numpy as np
import pytest

import skelrep
from skelrep.errors import WeightsNotFoundError
from skelrep.layout import JOINT_NAMES
from skelrep.models.reuse import same_weights

DATA = Path(__file__).parent / "data" / "uiprmd_clips.npz"
# Least cosine of the vector read back and the original, about the mean of six different motions; below what
# what the default weights give without their whitening. Formats without feet
# lose most, those that lack only finger tips little.
CENTRED = {
    "coco17": 0.75, "coco18": 0.75, "h36m17": 0.75,
    "mediapipe33": 0.85, "mediapipe.json": 0.85, "mediapipe.csv": 0.85, "landmark objects": 0.85,
    "body25": 0.9, "openpose": 0.9, "kinect20": 0.9, "smpl24": 0.9, "val_data_joint.npy": 0.78,
    "azure32": 0.999, "azure.json": 0.999, "ntu25 (T, 25, 3)": 0.999, "pyskl.pkl": 0.999,
    "0002-L.txt": 0.999, "named.csv": 0.999, "mocap.bvh": 0.999,
}  # fmt: skip


@pytest.fixture(scope="module")
def originals() -> list[skelrep.Clip]:
    return skelrep.read_clips(DATA)


@pytest.fixture(scope="module")
def motion(originals) -> np.ndarray:
    return originals[0].data[..., 0].transpose(1, 2, 0).astype(np.float64)


@pytest.fixture(scope="module")
def written(motion, tmp_path_factory) -> dict[str, tuple[object, dict[str, object]]]:
    return writers.every_format(tmp_path_factory.mktemp("formats"), motion)


def test_the_table_of_similarities_is_complete(written):
    assert CENTRED.keys() == written.keys()


@pytest.fixture(scope="module")
def default():
    """The default weights, where they are; a model that was not trained elsewhere.

    Without their whitening, which enlarges just the small differences: what is judged here is the reading.
    """
    import torch

    try:
        model = skelrep.load_pretrained("default")
        return same_weights(model, dataclasses.replace(model.config.encoder, whitening=0))
    except WeightsNotFoundError:
        torch.manual_seed(0)
        return skelrep.SkeletonEncoder(skelrep.ModelConfig()).eval()


@pytest.fixture(scope="module")
def reference(default, originals) -> tuple[np.ndarray, np.ndarray]:
    """The mean vector of six different motions, and that of the first."""
    vectors = skelrep.encode(originals, default)
    return vectors.mean(axis=0), vectors[0]


@pytest.mark.parametrize("name", CENTRED)
def test_one_motion_gives_one_vector(written, originals, motion, default, reference, tiny, name):
    source, options = written[name]
    clips, report = skelrep.inspect_clips(source, **options)
    clip = clips[0]
    assert report.fit is not None
    assert report.fit > 0.8
    assert report.body_size == pytest.approx(0.51, abs=0.03)
    y = clip.data[..., 0].transpose(1, 2, 0)
    assert y.shape == motion.shape
    exact = name not in ("mocap.bvh", "val_data_joint.npy")  # rigid bones; another orientation
    if exact:
        numbers = [JOINT_NAMES.index(joint) for joint in report.measured]
        hips = [p[:, (12, 16)].mean(axis=1, keepdims=True) for p in (y, motion)]
        assert np.abs((y - hips[0]) - (motion - hips[1]))[:, numbers].max() < 1e-4
    middle, first = reference
    assert cosine(skelrep.encode([clip], default)[0] - middle, first - middle) > CENTRED[name]
    assert cosine(*skelrep.encode([clip, originals[0]], tiny)) > 0.9999


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_names_labels_and_rates(written):
    def facts(name):
        clips, _ = skelrep.inspect_clips(written[name][0])
        return [(clip.name, clip.label, clip.fps) for clip in clips]

    assert facts("pyskl.pkl") == [("S001C001P001R001A013", 12, None)]
    assert facts("0002-L.txt") == [("0002-L/0", 4, 30.0), ("0002-L/1", 42, 30.0)]
    assert facts("mocap.bvh") == [("mocap", None, 30.0)]
    assert facts("openpose") == [("walk", None, None)]


def test_a_report_says_what_was_done(written):
    _, report = skelrep.inspect_clips(written["mediapipe.json"][0])
    table = report.table().splitlines()
    assert {line.split()[0]: line.split(maxsplit=1)[1] for line in table[1:9]} == {
        "format": "MediaPipe landmarks", "layout": "mediapipe33", "clips": "1", "axes": "-x -y +z",
        "unit": "m (x 1)", "body": "size  0.537 m, hips to shoulders", "fit": "score  0.88", "prepared": "no",
    }  # fmt: skip
    assert "  Head           derived   0.5 left_ear +0.5 right_ear" in table
    assert "  HandTipLeft    measured  left_index" in table
    plain = report.to_dict()
    assert plain["mapping"]["SpineBase"] == "0.5 left_hip +0.5 right_hip"
    assert plain["parts"] == []


@pytest.mark.parametrize("order", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"])
def test_bvh_in_any_channel_order(tmp_path, motion, order):
    motion = motion[::9]
    rigid = skelrep.read_clips(writers.write_bvh(tmp_path / "a.bvh", motion))[0]
    x = rigid.data[..., 0].transpose(1, 2, 0).astype(np.float64)
    again = skelrep.read_clips(writers.write_bvh(tmp_path / "b.bvh", x, order))[0]
    np.testing.assert_allclose(again.data, rigid.data, atol=1e-4)
    lengths = np.linalg.norm(x[:, 5] - x[:, 4], axis=1)
    assert np.ptp(lengths) < 1e-5
    shoulders = motion[:, 8] - motion[:, 4]
    assert np.abs((x[:, 8] - x[:, 4]) - shoulders).max() < 0.05
