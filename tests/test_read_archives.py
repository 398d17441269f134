"""`.npz` files: CTR-GCN splits, ragged archives of real clips, plain arrays."""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from test_read_arrays import header, padded

from skelrep.clips import trunk_length
from skelrep.errors import FormatError
from skelrep.read import read_clips

UIPRMD = Path(__file__).parent / "data" / "uiprmd_clips.npz"
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.mark.parametrize("one_hot", [True, False])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_ctr_gcn_archives(tmp_path, one_hot, save):
    x = padded([4, 7, 20])
    flat = x.transpose(0, 2, 4, 3, 1).reshape(3, 20, 150)  # body 0's 25 joints x, y, z, then body 1's
    y = np.array([5, 0, 9])
    y = np.eye(10)[y] if one_hot else y
    save(tmp_path / "NTU.npz", x_train=flat[:2], y_train=y[:2], x_test=flat[2:], y_test=y[2:])
    clips = read_clips(tmp_path / "NTU.npz")
    assert [(clip.name, clip.label) for clip in clips] == [("train/0", 5), ("train/1", 0), ("test/0", 9)]
    for clip, one, length in zip(clips, x, [4, 7, 20], strict=True):
        np.testing.assert_array_equal(clip.data, one[:, :length])


def test_ctr_gcn_archives_without_labels_or_with_wrong_ones(tmp_path):
    path, x = tmp_path / "a.npz", np.ones((2, 5, 150), dtype=np.float32)
    np.savez(path, x_test=np.asfortranarray(x))
    assert [clip.label for clip in read_clips(path)] == [None, None]
    for y in (np.zeros((2, 10)), np.arange(3), np.array([0.5, 1]), np.ones((2, 2))):
        np.savez(path, x_test=x, y_test=y)
        with pytest.raises(FormatError, match=r"y_test is .*expected 2 class numbers"):
            read_clips(path)
    np.savez(path, x_train=x[:, :, :75])
    with pytest.raises(FormatError, match=r"x_train has shape \(2, 5, 75\)"):
        read_clips(path)


def test_ragged_archive_of_real_clips():
    clips = read_clips(UIPRMD)
    assert [clip.data.shape for clip in clips] == [(3, t, 25, 1) for t in (63, 56, 52, 56, 50, 50)]
    assert [clip.label for clip in clips] == [0, 2, 4, 6, 7, 9]
    assert clips[0].name.startswith("kinect_m01")
    assert {clip.fps for clip in clips} == {30.0}
    assert all(0.3 < trunk_length(clip.data) < 0.7 for clip in clips)


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data")
def test_ragged_archive_equals_its_own_loader(monkeypatch):
    monkeypatch.syspath_prepend(str(SHARED))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    from load_clips import load

    meta, expected = load(SHARED / "cmu.npz")
    clips = read_clips(SHARED / "cmu.npz")
    assert [clip.name for clip in clips] == meta["names"].tolist()
    for clip, x in zip(clips, expected, strict=True):
        np.testing.assert_allclose(clip.data[..., 0].transpose(1, 2, 0), x, atol=1e-6)


def changed(**changes: object) -> dict[str, np.ndarray]:
    with np.load(UIPRMD) as archive:
        arrays = {key: archive[key] for key in archive.files}
    arrays |= changes
    return {key: value for key, value in arrays.items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"dq": np.zeros((327, 24, 3), np.int16)}, {"dq": np.zeros((327, 25, 3))}, {"scale": np.ones(2)},
        {"scale": np.array("a")}, {"origin": np.zeros((5, 3))}, {"offsets": np.zeros(7, np.int64)},
        {"offsets": np.array([0, 9, 5, 100, 200, 300, 327])}, {"offsets": np.array(3)},
        {"names": np.array(["a"])},
        {"action": np.zeros(6)}, {"fps": np.zeros(3)},
    ],
)  # fmt: skip
def test_ragged_archives_that_do_not_fit_together(tmp_path, changes):
    np.savez(tmp_path / "a.npz", **changed(**changes))
    with pytest.raises(FormatError, match=r"a\.npz: "):
        read_clips(tmp_path / "a.npz")


def test_ragged_archives_need_only_positions(tmp_path):
    np.savez(tmp_path / "a.npz", **changed(names=None, action=None, fps=None))
    clip = read_clips(tmp_path / "a.npz")[1]
    assert (clip.name, clip.label, clip.fps) == ("a/1", None, None)


def test_plain_archives(tmp_path):
    x = padded([4, 6])
    np.savez(tmp_path / "a.npz", clips=x, labels=np.arange(2))
    assert [clip.data.shape[1] for clip in read_clips(tmp_path / "a.npz")] == [4, 6]
    np.savez(tmp_path / "b.npz", clip=x[0])
    assert [(c.name, c.data.shape[1]) for c in read_clips(tmp_path / "b.npz")] == [("b", 20)]
    np.savez(tmp_path / "c.npz", labels=np.arange(2))
    with pytest.raises(FormatError, match=r"arrays \['labels'\]; expected exactly one"):
        read_clips(tmp_path / "c.npz")


def test_a_member_that_claims_more_than_it_holds(tmp_path):
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 300, 150), }"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x_train.npy", header(text) + b"\0" * 600)
    with pytest.raises(FormatError, match="x_train ends before"):
        read_clips(tmp_path / "x.npz")
