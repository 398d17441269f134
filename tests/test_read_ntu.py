"""NTU `.skeleton` files, held against a slow reader and against the published one."""

import time

import numpy as np
import pytest
from ntu_text import FIXTURES, PARITY, fixture_text, skeleton_text, slow_bodies, slow_faithful

from skelrep.errors import DataWarning, FormatError, InvalidClipError, SkelrepError
from skelrep.read import parse_ntu_name, read_clips
from skelrep.read.ntu import in_file_order, parse_skeleton

NAMES = ("S001C001P001R001A001", "S001C002P001R001A050", "S002C003P008R002A013")


def poses(frames: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(25, 3)) * [1, 4, 1] + rng.normal(size=(frames, 25, 3)) * 0.05


@pytest.mark.parametrize("name", NAMES)
def test_fixtures_equal_the_stored_arrays(name):
    raw = in_file_order(parse_skeleton(fixture_text(name), name))
    with np.load(FIXTURES / "expected.npz") as expected:
        np.testing.assert_array_equal(raw, expected[name])
    np.testing.assert_array_equal(raw, slow_faithful(fixture_text(name)))


@pytest.mark.skipif(not PARITY.exists(), reason="needs the shared parity files")
@pytest.mark.parametrize("name", NAMES)
def test_whole_files_equal_the_published_reader(name):
    (clip,) = read_clips(PARITY / f"{name}.skeleton", recipe="faithful")
    with np.load(PARITY / "expected.npz") as expected:
        np.testing.assert_array_equal(clip.data, expected[f"{name}/raw"])
    assert (clip.name, clip.label, clip.fps) == (name, int(name[-3:]) - 1, 30.0)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_any_number_of_bodies_a_frame(newline, tmp_path):
    a, b, c = poses(6, 1), poses(6, 2), poses(6, 3)
    frames = [[("7", a[t]), ("8", b[t]), ("9", c[t])][: (0, 1, 3, 2, 1, 0)[t]] for t in range(6)]
    text = skeleton_text(frames, newline)
    assert [len(f) for f in slow_bodies(text)] == [0, 1, 3, 2, 1, 0]
    (tmp_path / "x.skeleton").write_bytes(text)
    (faithful,) = read_clips(tmp_path / "x.skeleton", recipe="faithful")
    np.testing.assert_array_equal(faithful.data, slow_faithful(text))
    assert faithful.data.shape == (3, 4, 25, 2)
    (fixed,) = read_clips(tmp_path / "x.skeleton")
    assert fixed.data.shape[1] == 4  # frames 1 to 4: those without a body at both ends are gone
    np.testing.assert_array_equal(fixed.data[:, 0, :, 0], a[1].T.astype(np.float32))
    assert (faithful.name, faithful.label, faithful.fps) == ("x", None, 30.0)


def test_one_body_gives_one_slot_when_fixed_and_two_when_faithful(tmp_path):
    path = tmp_path / "one.skeleton"
    path.write_bytes(skeleton_text([[("5", pose)] for pose in poses(9)]))
    assert read_clips(path)[0].data.shape == (3, 9, 25, 1)
    assert read_clips(path, recipe="faithful")[0].data.shape == (3, 9, 25, 2)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("S001C002P003R002A013", (1, 2, 3, 2, 13)),
        ("folder/S032C003P106R002A120.skeleton", (32, 3, 106, 2, 120)),
        ("S001C002P003R002A013_depth", (1, 2, 3, 2, 13)),
    ],
)
def test_names(name, numbers):
    parsed = parse_ntu_name(name)
    assert (parsed.setup, parsed.camera, parsed.performer, parsed.replication, parsed.action) == numbers
    assert parsed.label == numbers[-1] - 1


@pytest.mark.parametrize(
    "name", ["", "wave", "S001C002P003R002", "S001C002P003R002A0134", "xS001C002P003R002A013"]
)
def test_other_names(name):
    assert parse_ntu_name(name) is None


def good(frames: int = 3) -> list[bytes]:
    return skeleton_text([[("5", pose)] for pose in poses(frames)]).splitlines(keepends=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["the number of frames", "cut short"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ["line 1", "the number of frames"]),
        (b"1000000000\n", ["the number of bodies of frame 0", "cut short"]),
        (b"9" * 5000, ["line 1", "the number of frames"]),
        (b"-3\n", ["line 1", "the number of frames"]),
        (b"".join(good()[:-1]), ["frame 2, body 0", "25 joints of 12 numbers", "cut short"]),
        (b"".join(good()[:40]), ["frame 1, body 0", "cut short"]),
        (b"".join([*good()[:3], b"24\n", *good()[4:]]), ["frame 0", "line 4", "'24'", "joint count 25"]),
        (b"".join([*good(), b"1\n"]), ["line 86", "the end of the file after 3 frames"]),
        (b"".join([*good()[:1], b"one\n", *good()[2:]]), ["line 2", "'one'", "number of bodies of frame 0"]),
        (b"".join(good()).replace(b" 2\n", b"\n", 3), ["frame 0", "joint count 25"]),
    ],
)  # fmt: skip
def test_files_that_depart_from_the_format_say_where(content, words, tmp_path):
    path = tmp_path / "bad.skeleton"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_clips(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_word_among_the_coordinates(tmp_path):
    lines = good()
    lines[28 + 4 + 4] = b"0.1 oops 0.3" + b" 0" * 9 + b"\n"
    with pytest.raises(FormatError, match=r"frame 1: y of joint 4 is 'oops'; expected a number"):
        parse_skeleton(b"".join(lines), "f")


@pytest.mark.parametrize("word", [b"nan", b"-inf", b"1e39"])
def test_coordinates_that_are_not_finite(word):
    lines = good()
    lines[28 + 4 + 4] = b"0.1 0.2 " + word + b" 0" * 9 + b"\n"
    with pytest.raises(InvalidClipError, match="frame 1: joint 4"):
        parse_skeleton(b"".join(lines), "f")


def test_a_huge_header_costs_nothing():
    start = time.process_time()
    with pytest.raises(FormatError):
        parse_skeleton(b"999999999999\n" + b"0\n" * 1000, "f")
    assert time.process_time() - start < 1


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
@pytest.mark.parametrize("frames", [[[], []], [[("5", np.zeros((25, 3)))]]])
def test_a_single_file_without_a_body(frames, recipe, tmp_path):
    path = tmp_path / "empty.skeleton"
    path.write_bytes(skeleton_text(frames))
    with pytest.raises(InvalidClipError, match=r"empty\.skeleton has .*(no body|was tracked)"):
        read_clips(path, recipe=recipe)


def test_in_a_folder_files_without_a_body_are_left_out_with_one_warning(tmp_path):
    for name, frames in {
        "a10": [[("1", p)] for p in poses(5)],
        "a9": [[], []],
        "b": [[]],
        "a2": [[("1", poses(1)[0])]],
    }.items():
        (tmp_path / f"{name}.skeleton").write_bytes(skeleton_text(frames))
    with pytest.warns(
        DataWarning, match=r"2 without a usable body left out: a9\.skeleton, b\.skeleton"
    ) as record:
        clips = read_clips(tmp_path)
    assert len(record) == 1
    assert [clip.name for clip in clips] == ["a2", "a10"]
    for name in ("a10", "a2"):
        (tmp_path / f"{name}.skeleton").unlink()
    with pytest.raises(InvalidClipError, match="no usable body in any"):
        read_clips(tmp_path)


def test_thousands_of_damaged_files_give_only_our_errors():
    text = np.frombuffer(
        skeleton_text([[("5", a), ("6", b)] for a, b in zip(poses(2, 1), poses(2, 2), strict=True)]), np.uint8
    )
    rng = np.random.default_rng(0)
    alphabet = np.frombuffer(b"0123456789.-eE \n\x00\xffnai", np.uint8)
    read = 0
    for _ in range(3000):
        damaged = text.copy()
        places = rng.integers(0, len(text), size=rng.integers(1, 6))
        damaged[places] = rng.choice(alphabet, size=len(places))
        content = damaged.tobytes()[rng.integers(0, 40) :: 1] if rng.random() < 0.2 else damaged.tobytes()
        content = content[: rng.integers(0, len(content))] if rng.random() < 0.3 else content
        try:
            bodies = parse_skeleton(content, "f")
        except SkelrepError:
            continue
        read += 1
        assert bodies.joints.shape[1:] == (25, 3)
    assert 100 < read < 2900  # the fuzz meets both good and bad files
