"""One array of one clip: what is accepted, and what each kind of wrong array is told."""

import re
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skelrep.clips import check_clip, check_units, is_preprocessed, trunk_length
from skelrep.errors import InvalidClipError, ShapeError, UnitsWarning
from skelrep.shapes import shape_problem


def body(frames: int = 8, bodies: int = 1, trunk: float = 0.5) -> np.ndarray:
    x = np.random.default_rng(0).normal(size=(3, frames, 25, bodies)).astype(np.float32)
    x[:, :, 20] = x[:, :, 0] + np.array([0, trunk, 0], dtype=np.float32)[:, None, None]
    return x


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("bodies", [1, 2])
def test_any_number_type_becomes_contiguous_float32(dtype, bodies):
    given_array = (body(bodies=bodies) * 10).astype(np.int8).astype(dtype)
    data = check_clip(given_array, "clip")
    assert data.dtype == np.float32
    assert data.flags.c_contiguous
    assert data.shape == (3, 8, 25, bodies)
    np.testing.assert_array_equal(data, given_array.astype(np.float32))


def test_a_good_array_is_not_copied():
    x = body()
    assert check_clip(x, "clip") is x
    assert check_clip(np.asfortranarray(x), "clip").flags.c_contiguous


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.int32])
def test_torch_tensors(dtype):
    tensor = torch.from_numpy(body() * 10).to(dtype)
    np.testing.assert_array_equal(check_clip(tensor, "clip"), tensor.float().numpy())
    assert check_clip(torch.ones(3, 4, 25, 1, requires_grad=True), "clip").sum() == 300


def test_tensors_without_numbers():
    with pytest.raises(ShapeError, match=r"clips\[0\] is a .* tensor on meta"):
        check_clip(torch.empty(3, 4, 25, 1, device="meta"), "clips[0]")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((64, 25, 3), ["(T, V, C)", "x.transpose(2, 0, 1)[..., None]"]),
        ((3, 64, 25), ["(C, T, V)", "Use x[..., None]."]),
        ((2, 64, 25, 3), ["(M, T, V, C)", "x.transpose(3, 1, 2, 0)"]),
        ((64, 25, 3, 2), ["(T, V, C, M)", "x.transpose(2, 0, 1, 3)"]),
        ((64, 2, 25, 3), ["(T, M, V, C)", "x.transpose(3, 0, 2, 1)"]),
        ((1, 25, 25, 3), ["(M, T, V, C)", "x.transpose(3, 1, 2, 0)"]),
        ((64, 75), ["flat coordinates", "x.reshape(-1, 1, 25, 3).transpose(3, 0, 2, 1)"]),
        ((64, 150), ["x.reshape(-1, 2, 25, 3).transpose(3, 0, 2, 1)"]),
        ((3, 64, 24, 2), ["24 joints on axis V", "(3, 64, 24, 2)", "NTU-25 needs 25", "(C, T, V, M)"]),
        ((2, 64, 25, 1), ["2 coordinates on axis C", "2D"]),
        ((4, 64, 25, 1), ["4 coordinates on axis C", "x[:3]"]),
        ((3, 64, 25, 3), ["3 bodies on axis M", "x[..., :2]"]),
        ((3, 64, 25, 0), ["0 bodies on axis M"]),
        ((3, 0, 25, 2), ["no frames", "axis T"]),
        ((1, 3, 64, 25, 2), ["5 axes", "not inside a list"]),
        ((64, 17, 3), ["3 axes", "Check the axis order"]),
        ((), ["0 axes"]),
    ],
)
def test_wrong_shapes_name_place_axis_and_remedy(shape, words):
    with pytest.raises(ShapeError) as caught:
        check_clip(np.ones(shape), "clips[3]")
    assert isinstance(caught.value, ValueError)
    for word in ["clips[3]", *words]:
        assert word in str(caught.value)


@given(order=st.permutations("CTVM"), frames=st.integers(1, 90), bodies=st.sampled_from([1, 2]))
def test_the_remedy_of_every_permutation_repairs_it(order, frames, bodies):
    sizes = {"C": 3, "T": frames, "V": 25, "M": bodies}
    shape = tuple(sizes[axis] for axis in order)
    for tensor in (False, True):
        problem = shape_problem(shape, tensor)
        if problem is not None:
            remedy = re.search(r"Use (x\S.*)\.$", problem)[1]
            x = torch.ones(shape) if tensor else np.ones(shape)
            repaired = eval(remedy, {"x": x})
            assert shape_problem(tuple(repaired.shape)) is None


@pytest.mark.parametrize("value", [None, {}, "clip", [[1.0]], 3])
def test_things_that_are_no_array(value):
    with pytest.raises(ShapeError, match=r"clips\[1\] is a \w+, not a numpy array or torch tensor"):
        check_clip(value, "clips[1]")


@pytest.mark.parametrize("dtype", [object, str, bool, np.complex64])
def test_arrays_without_coordinates(dtype):
    with pytest.raises(ShapeError, match="has dtype"):
        check_clip(np.ones((3, 4, 25, 1)).astype(dtype), "clip")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted_and_placed(bad):
    x = body(bodies=2)
    x[1, 5, 7, 1] = x[0, 6, 2, 0] = bad
    with pytest.raises(
        InvalidClipError, match=r"clips\[2\] has 2 NaN.*frame 5, joint 7 \(HandLeft\), body 1"
    ):
        check_clip(x, "clips[2]")


def test_values_beyond_float32_are_not_finite_either():
    with pytest.raises(InvalidClipError, match="NaN or infinite"):
        check_clip(np.full((3, 4, 25, 1), 1e300), "clip")


def test_no_body():
    with pytest.raises(InvalidClipError, match="holds no body"):
        check_clip(np.zeros((3, 4, 25, 2)), "clip")


@pytest.mark.parametrize(("scale", "remedy"), [(1000, "Divide by 1000"), (1e5, "Convert"), (0.05, "Convert")])
def test_other_units_warn_with_the_measured_size(scale, remedy):
    with pytest.warns(UnitsWarning, match=re.escape(f"clips[0] measures {0.5 * scale:.4g} ") + f".*{remedy}"):
        check_units(body(trunk=0.5) * np.float32(scale), "clips[0]")


@pytest.mark.parametrize("trunk", [0.06, 0.5, 2.9])
def test_metres_do_not_warn(trunk):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_units(body(trunk=trunk), "clip")
        check_units(np.zeros((3, 2, 25, 1), dtype=np.float32), "no body")


def test_the_trunk_is_measured_on_frames_that_hold_the_body():
    x = body(frames=9, bodies=2)
    x[:, :6] = 0
    assert trunk_length(x) == pytest.approx(0.5)
    x[..., 0] = 0
    assert trunk_length(x) == pytest.approx(0.5)
    assert trunk_length(np.zeros_like(x)) is None


def test_preprocessed_clips_have_spine_shoulder_at_zero():
    x = body(bodies=2)
    assert not is_preprocessed(x)
    assert is_preprocessed(x - x[:, :, 20:21])
    assert not is_preprocessed(np.zeros_like(x))
