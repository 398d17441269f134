"""`as_clips` and `read_clips`: whatever a person has; order and count are kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from ntu_text import skeleton_text

from skelrep.clips import Clip
from skelrep.errors import ClipsNotFoundError, ConfigError, FormatError, InvalidClipError, ShapeError
from skelrep.read import ClipStore, as_clips, read_clips


def clip(frames: int, bodies: int = 1) -> np.ndarray:
    return np.full((3, frames, 25, bodies), frames, dtype=np.float32)


def write_skeleton(path: Path, frames: int) -> Path:
    rng = np.random.default_rng(frames)
    path.write_bytes(skeleton_text([[("1", rng.normal(size=(25, 3)))] for _ in range(frames)]))
    return path


def lengths(clips: object) -> list[int]:
    return [one.data.shape[1] for one in as_clips(clips)]


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy, np.ndarray.tolist])
def test_one_array_is_one_clip_or_n(convert):
    if convert is np.ndarray.tolist:
        with pytest.raises(ShapeError, match=r"clips\[0\] is a list"):
            as_clips(convert(clip(4)))
        return
    assert lengths(convert(clip(4))) == [4]
    assert lengths(convert(np.stack([clip(4)] * 3))) == [4, 4, 4]
    assert lengths(convert(np.zeros((0, 3, 4, 25, 1), np.float32))) == []


def test_lists_of_everything_keep_their_order(tmp_path):
    path = write_skeleton(tmp_path / "a.skeleton", 7)
    store = ClipStore.from_clips(as_clips([clip(8), clip(9)]))
    store.save(tmp_path / "store")
    mixed = [clip(3), torch.ones(3, 5, 25, 2), Clip(data=clip(6), name="x", label=2), str(path), path]
    assert lengths(mixed) == [3, 5, 6, 7, 7]
    assert lengths(tuple(mixed)) == [3, 5, 6, 7, 7]
    assert lengths(iter(mixed)) == [3, 5, 6, 7, 7]
    assert [one.label for one in as_clips(mixed)] == [None, None, 2, None, None]
    assert lengths([*store, tmp_path / "store"]) == [8, 9, 8, 9]
    assert as_clips([]) == []
    assert as_clips(np.array([])) == []


def test_object_arrays_are_lists(tmp_path):
    ragged = np.empty(2, dtype=object)
    ragged[:] = [clip(3), clip(4)]
    assert lengths(ragged) == [3, 4]
    assert lengths(np.array([str(write_skeleton(tmp_path / "a.skeleton", 5))])) == [5]


def test_paths_and_stores(tmp_path):
    write_skeleton(tmp_path / "a.skeleton", 5)
    assert lengths(tmp_path) == lengths(str(tmp_path)) == lengths(tmp_path / "a.skeleton") == [5]
    store = ClipStore.from_clips(as_clips([clip(4)]))
    assert as_clips(store) is store
    store.save(tmp_path / "store")
    assert isinstance(as_clips(tmp_path / "store"), ClipStore)
    assert [one.data.shape[1] for one in read_clips(tmp_path / "store")] == [4]


def test_recipes_reach_the_reader(tmp_path):
    path = write_skeleton(tmp_path / "a.skeleton", 5)
    assert as_clips(path)[0].data.shape[3] == 1
    assert as_clips(path, recipe="faithful")[0].data.shape[3] == 2
    assert as_clips([path], recipe="faithful")[0].data.shape[3] == 2


def test_clips_are_checked_and_their_facts_kept():
    given_clip = Clip(data=clip(4).astype(np.int32), name="wave", label=3, fps=25.0)  # type: ignore[arg-type]
    for checked in (*as_clips(given_clip), *as_clips([given_clip])):
        assert checked.data.dtype == np.float32
        assert (checked.name, checked.label, checked.fps) == ("wave", 3, 25.0)
    good = Clip(data=clip(4))
    assert as_clips([good])[0] is good
    with pytest.raises(InvalidClipError, match=r"clips\[1\] \(still\) holds no body"):
        as_clips([good, Clip(data=clip(4) * 0, name="still")])


@pytest.mark.parametrize("value", [None, {}, b"clips", 5, 0.5, object()])
def test_other_things_are_refused(value):
    with pytest.raises(ShapeError, match=r"clips is (None|an? \w+); expected one array"):
        as_clips(value)
    with pytest.raises(ShapeError, match=r"clips\[1\] is a"):
        as_clips([clip(3), value])


@pytest.mark.parametrize(
    "array", [np.ones((64, 25, 3)), np.ones((2, 3, 64, 24, 1)), np.ones(5), np.array(1.0)]
)
def test_wrong_arrays(array):
    with pytest.raises(ShapeError, match=r"the clip|clips\[0\]"):
        as_clips(array)


def test_folders_are_read_in_natural_order(tmp_path):
    for name in ("b10", "b9", "sub2/c", "sub10/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_skeleton(tmp_path / f"{name}.skeleton", 3)
    np.save(tmp_path / "b1.npy", clip(4))
    (tmp_path / "notes.txt").write_text("not a clip")
    (tmp_path / ".hidden.npy").write_text("nor this")
    names = [one.name for one in read_clips(tmp_path)]
    assert names == ["b1", "b9", "b10", "c", "c"]
    assert [one.name for one in read_clips([tmp_path / "b10.skeleton", str(tmp_path / "b1.npy")])] == [
        "b10",
        "b1",
    ]


def test_damaged_arrays_in_a_folder_are_not_passed_over(tmp_path):
    write_skeleton(tmp_path / "a.skeleton", 3)
    np.save(tmp_path / "b.npy", np.full((3, 4, 25, 1), np.nan))
    with pytest.raises(InvalidClipError, match=r"b\.npy has 300 NaN"):
        read_clips(tmp_path)


def test_paths_that_cannot_be_read(tmp_path):
    for name in ("none", "none.skeleton", "none.npy", "none.npz"):
        with pytest.raises(ClipsNotFoundError, match=f"{name} does not exist") as caught:
            read_clips(tmp_path / name)
        assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(
        FormatError, match=r"holds no clips; looked for files ending in \.skeleton, \.npy, \.npz"
    ):
        read_clips(tmp_path)
    (tmp_path / "a.fbx").write_text("1,2")
    with pytest.raises(FormatError, match=r"suffix '\.fbx'; expected \.skeleton, \.npy, \.npz, \.bvh"):
        read_clips(tmp_path / "a.fbx")
    with pytest.raises(FormatError, match="path is a int"):
        read_clips(5)  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="cannot be read"):
        read_clips("x" * 5000 + ".npy")


@pytest.mark.parametrize(("option", "value"), [("layout", "coco"), ("recipe", "mine")])
def test_unknown_options_name_the_known_ones(option, value, tmp_path):
    with pytest.raises(ConfigError, match=f"{option} is '{value}'; supported are '"):
        read_clips(tmp_path, **{option: value})
