"""`.npy` files, and damaged files of both kinds."""

import io
import pickle

import numpy as np
import pytest

from skelrep.errors import (
    DataWarning,
    FormatError,
    InvalidClipError,
    ShapeError,
    SkelrepError,
    UnsafeFileError,
)
from skelrep.read import read_clips
from skelrep.read.arrays import is_preprocessed


def padded(lengths: list[int], frames: int = 20, bodies: int = 2) -> np.ndarray:
    """(N, 3, frames, 25, bodies) with zero tails."""
    x = np.random.default_rng(0).normal(size=(len(lengths), 3, frames, 25, bodies)).astype(np.float32)
    for n, length in enumerate(lengths):
        x[n, :, length:] = 0
    return x


@pytest.mark.parametrize("name", ["train_data", "train_data_joint", "train_position"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_st_gcn_arrays_with_labels(tmp_path, name, protocol):
    x = padded([5, 20, 1])
    np.save(tmp_path / f"{name}.npy", x)
    labels = (["S001C002P003R002A013.skeleton", "wave", "b"], [12, 7, 0])
    (tmp_path / "train_label.pkl").write_bytes(pickle.dumps(labels, protocol))
    clips = read_clips(tmp_path)  # the label file is used, not read as clips
    assert [(clip.name, clip.label, clip.fps) for clip in clips] == [
        ("S001C002P003R002A013", 12, 30.0), ("wave", 7, None), ("b", 0, None),
    ]  # fmt: skip
    for clip, one, length in zip(clips, x, [5, 20, 1], strict=True):
        np.testing.assert_array_equal(clip.data, one[:, :length])


def test_arrays_without_labels_number_their_clips(tmp_path):
    np.save(tmp_path / "mine.npy", np.asfortranarray(padded([4, 9], bodies=1).astype(">f8")))
    clips = read_clips(tmp_path / "mine.npy")
    assert [(clip.name, clip.label, clip.data.shape) for clip in clips] == [
        ("mine/0", None, (3, 4, 25, 1)), ("mine/1", None, (3, 9, 25, 1)),
    ]  # fmt: skip


def test_the_length_is_a_count_as_published(tmp_path):
    x = padded([10])
    x[0, :, 3, 0, 0] = 0  # one lost frame in the middle costs one at the end
    np.save(tmp_path / "x.npy", x)
    assert read_clips(tmp_path / "x.npy")[0].data.shape[1] == 9


def test_a_single_clip_keeps_every_frame_and_takes_its_label_from_its_name(tmp_path):
    np.save(tmp_path / "S001C002P003R002A013.npy", padded([4])[0])
    (clip,) = read_clips(tmp_path)
    assert (clip.data.shape, clip.label, clip.fps) == ((3, 20, 25, 2), 12, 30.0)


def test_frame50_files_are_recognised(tmp_path):
    x = padded([20])
    np.save(tmp_path / "train_position.npy", x - x[:, :, :, 20:21])
    np.save(tmp_path / "train_motion.npy", x)  # a view of the same clips: passed over in a folder
    (clip,) = read_clips(tmp_path)
    assert is_preprocessed(clip.data)


def test_clips_without_a_body(tmp_path):
    np.save(tmp_path / "x.npy", padded([3, 0, 2]))
    with pytest.warns(DataWarning, match="1 without a usable body left out: x/1"):
        assert [clip.name for clip in read_clips(tmp_path / "x.npy")] == ["x/0", "x/2"]
    np.save(tmp_path / "x.npy", padded([0, 0]))
    with pytest.raises(InvalidClipError, match="holds no body"):
        read_clips(tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", padded([]))
    assert read_clips(tmp_path / "x.npy") == []


def test_wrong_arrays_name_the_file_and_clip(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, padded([3, 4]).transpose(0, 4, 2, 3, 1))
    with pytest.raises(ShapeError, match=r"x\.npy, clip 0 \(x/0\).*looks like \(M, T, V, C\)"):
        read_clips(path)
    x = padded([3, 4])
    x[1, 0, 2, 3, 0] = np.nan
    np.save(path, x)
    with pytest.raises(InvalidClipError, match=r"clip 1 \(x/1\) has 1 NaN"):
        read_clips(path)
    np.save(path, np.ones((6, 24)))
    with pytest.raises(ShapeError, match=r"x\.npy has 2 axes"):
        read_clips(path)


@pytest.mark.parametrize(
    "content", [(["a"], [1]), (["a", "b"], [1, "2"]), (["a", "b"], [1, True]), [], {"a": 1}, 5, (5, [1])]
)
def test_label_files_that_do_not_fit(tmp_path, content):
    np.save(tmp_path / "x_data.npy", padded([3, 4]))
    (tmp_path / "x_label.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(FormatError, match="label"):
        read_clips(tmp_path)


def test_pickled_objects_are_not_loaded(tmp_path):
    objects = np.array([np.ones(3), None], dtype=object)
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "x.npz", x_train=objects)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(UnsafeFileError, match=r"x\.np.*pickled Python objects"):
            read_clips(tmp_path / name)


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x93NUMPY", b"PK\x03\x04", b"\x93NUMPY\x03\x00aa", header("{'descr': '<f4'}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (9, 3, 300, 25, 2), }") + b"\0" * 64,
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 3), }"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 0), }"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (3 2, 4), }"),
        header("{'descr': '<m8', 'fortran_order': False, 'shape': (3, 2), }"),
        header("{'descr': '<f7', 'fortran_order': False, 'shape': (3, 2), }"),
        header("{'descr': '<U999999999', 'fortran_order': False, 'shape': (3, 2), }"),
    ],
)  # fmt: skip
def test_damaged_npy_files(tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(FormatError, match=r"x\.npy"):
        read_clips(tmp_path / "x.npy")


def test_headers_of_python_2(tmp_path):
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 3L, 2L, 25L, 1L), }"
    (tmp_path / "x.npy").write_bytes(header(text) + np.ones(150, "<f4").tobytes())
    assert read_clips(tmp_path / "x.npy")[0].data.shape == (3, 2, 25, 1)


def test_thousands_of_damaged_files_give_only_our_errors(tmp_path):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x_train=padded([3, 4], frames=5).reshape(2, 5, 150), y_train=np.arange(2))
    npy = io.BytesIO()
    np.save(npy, padded([3, 4], frames=5))
    rng = np.random.default_rng(0)
    for suffix, good in ((".npz", buffer.getvalue()), (".npy", npy.getvalue())):
        raised = 0
        for _ in range(700):
            damaged = np.frombuffer(good, np.uint8).copy()
            near = len(good) if rng.random() < 0.5 else 130  # the head, and the zip directory at the end
            places = rng.integers(0, near, size=rng.integers(1, 4)) * rng.choice([1, -1])
            damaged[places] = rng.integers(0, 256, size=len(places))
            content = damaged.tobytes()[: rng.integers(0, len(good)) if rng.random() < 0.2 else None]
            (tmp_path / f"x{suffix}").write_bytes(content)
            try:
                read_clips(tmp_path / f"x{suffix}")
            except (SkelrepError, DataWarning):
                raised += 1
        assert 100 < raised <= 700
