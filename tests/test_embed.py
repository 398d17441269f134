"""`encode`: one row a clip, in order, whatever the batch; the caller's model is left as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_encoder
from hypothesis import given, settings
from hypothesis import strategies as st

import skelrep
from skelrep import ClipStore, SkeletonEncoder
from skelrep.embed.options import EncodeOptions
from skelrep.embed.workers import Workers
from skelrep.errors import ConfigError, InvalidClipError, ShapeError, UnitsWarning
from skelrep.preprocess import preprocess

REAL = Path(__file__).parent / "data" / "uiprmd_clips.npz"
MODEL = make_encoder()


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    """Six real clips of different lengths."""
    return [clip.data for clip in skelrep.read_clips(REAL)]


def test_rows_equal_the_model_on_preprocessed_clips(clips: list[np.ndarray]) -> None:
    expected = MODEL(preprocess(clips, MODEL.config.preprocess)).detach().numpy()
    found = skelrep.encode(clips, MODEL)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@given(batch_size=st.integers(1, 9), order=st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_batch_size_and_order_do_not_change_rows(batch_size: int, order: list[int]) -> None:
    clips = [clip.data for clip in skelrep.read_clips(REAL)]
    rows = skelrep.encode(clips, MODEL)
    found = skelrep.encode([clips[n] for n in order], MODEL, batch_size=batch_size)
    np.testing.assert_allclose(found, rows[order], rtol=1e-4, atol=1e-6)


def test_every_way_to_pass_clips_gives_the_same_rows(clips: list[np.ndarray], tmp_path: Path) -> None:
    rows = skelrep.encode(clips, MODEL)
    store = ClipStore.from_clips(skelrep.read_clips(REAL))
    store.save(tmp_path / "store")
    ways = [
        REAL,
        str(REAL),
        [REAL],
        skelrep.read_clips(REAL),
        store,
        tmp_path / "store",
        [torch.from_numpy(clip) for clip in clips],
        [clip.astype(np.float64) for clip in clips],
        [np.concatenate([clip, np.zeros_like(clip)], axis=3) for clip in clips],
    ]
    for way in ways:
        np.testing.assert_allclose(skelrep.encode(way, MODEL), rows, rtol=1e-4, atol=1e-6)


def test_one_clip_and_one_array_of_clips(clips: list[np.ndarray]) -> None:
    assert skelrep.encode(clips[0], MODEL).shape == (1, MODEL.embedding_dim)
    same = np.stack([clips[0], clips[0]])
    np.testing.assert_allclose(skelrep.encode(same, MODEL)[1], skelrep.encode(clips[0], MODEL)[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("output", "shape"), [("clip", (0, 24)), ("frames", (0, 3, 24)), ("joints", (0, 3, 25, 24))]
)
def test_no_clips_give_no_rows(output: str, shape: tuple[int, ...]) -> None:
    assert skelrep.encode([], MODEL, output=output).shape == shape


def test_outputs_are_one_thing_at_three_resolutions(clips: list[np.ndarray]) -> None:
    clip, frames, joints = (skelrep.encode(clips, MODEL, output=o) for o in ("clip", "frames", "joints"))
    assert joints.shape == (6, 3, 25, 24)
    np.testing.assert_allclose(joints.mean(axis=2), frames, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(frames.mean(axis=1), clip, rtol=1e-4, atol=1e-6)


def test_normalize_gives_unit_rows(clips: list[np.ndarray]) -> None:
    rows = skelrep.encode(clips, MODEL)
    unit = skelrep.encode(clips, MODEL, normalize=True)
    np.testing.assert_allclose(unit, rows / np.linalg.norm(rows, axis=1, keepdims=True), rtol=1e-5)


def test_prepared_clips_are_taken_as_they_are(clips: list[np.ndarray]) -> None:
    prepared = preprocess(clips, MODEL.config.preprocess).numpy()
    found = skelrep.encode(list(prepared), MODEL, preprocess=False)
    np.testing.assert_allclose(found, skelrep.encode(clips, MODEL), rtol=1e-4, atol=1e-6)
    mixed = [prepared[0], np.concatenate([prepared[1], np.zeros_like(prepared[1])], axis=3)]
    np.testing.assert_allclose(
        skelrep.encode(mixed, MODEL, preprocess=False), found[:2], rtol=1e-4, atol=1e-6
    )


def test_prepared_clips_need_one_length(clips: list[np.ndarray]) -> None:
    with pytest.raises(ShapeError, match="one length"):
        skelrep.encode(clips, MODEL, preprocess=False)


def test_tensor_on_request(clips: list[np.ndarray]) -> None:
    tensor = MODEL.encode(clips, to_tensor=True)
    assert isinstance(tensor, torch.Tensor)
    assert not tensor.is_inference()
    np.testing.assert_array_equal(tensor.numpy(), MODEL.encode(clips))


def test_the_callers_model_is_left_alone(clips: list[np.ndarray]) -> None:
    model = make_encoder().train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    grad = torch.is_grad_enabled()
    state = torch.random.get_rng_state()
    skelrep.encode(clips, model)
    assert model.training
    assert torch.is_grad_enabled() == grad
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    with pytest.raises(ShapeError):
        skelrep.encode([clips[0], clips[1][:2]], model)
    assert model.training


def test_another_device_computes_on_a_copy() -> None:
    workers = Workers(MODEL, ["cpu", "meta"], EncodeOptions())
    assert [encoder.device.type for encoder in workers.encoders] == ["cpu", "meta"]
    assert MODEL.device.type == "cpu"


def test_model_by_name(clips: list[np.ndarray], tmp_path: Path) -> None:
    MODEL.save_pretrained(tmp_path)
    np.testing.assert_array_equal(skelrep.encode(clips, str(tmp_path)), skelrep.encode(clips, MODEL))


def test_default_model_embeds_in_three_lines(clips: list[np.ndarray]) -> None:
    rows = skelrep.encode(clips)
    model = skelrep.load_pretrained()
    assert isinstance(model, SkeletonEncoder)
    assert rows.shape == (6, model.embedding_dim)
    assert np.isfinite(rows).all()


def test_progress_goes_to_standard_error(clips: list[np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    skelrep.encode(clips, MODEL, progress=True)
    out, err = capsys.readouterr()
    assert "6/6" in err
    assert out == ""
    skelrep.encode(clips, MODEL)
    assert capsys.readouterr().err == ""


def test_the_bad_clip_is_named(clips: list[np.ndarray]) -> None:
    broken = clips[1].copy()
    broken[0, 3, 4] = np.nan
    with pytest.raises(InvalidClipError, match=r"clips\[1\].*frame 3, joint 4"):
        skelrep.encode([clips[0], broken], MODEL)


def test_millimetres_are_noticed_and_still_embedded(clips: list[np.ndarray]) -> None:
    with pytest.warns(UnitsWarning, match="Divide by 1000"):
        rows = skelrep.encode([(clip * 1000).astype(np.int32) for clip in clips], MODEL)
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("bad", [{"batch_size": 0}, {"output": "video"}, {"device": "gpu"}])
def test_impossible_options(clips: list[np.ndarray], bad: dict) -> None:
    with pytest.raises(ConfigError, match=r"[Ee]xpected"):
        skelrep.encode(clips, MODEL, **bad)


def test_windows_and_bodies_of_prepared_clips(clips: list[np.ndarray]) -> None:
    done = preprocess(clips[:2], MODEL.config.preprocess).numpy()
    prepared = [skelrep.Clip(data=x, prepared=True) for x in done]
    whole = skelrep.encode(list(done), MODEL, preprocess=False, output="bodies")
    mixed = [prepared[0], skelrep.Clip(data=clips[1])]
    for given_clips in (prepared, mixed):
        found = skelrep.encode(given_clips, MODEL, output="bodies")
        np.testing.assert_allclose(found, whole, rtol=1e-4, atol=1e-5)
    windows = skelrep.encode(prepared, MODEL, window=6, stride=3)
    cut = skelrep.encode([skelrep.Clip(data=x[:, 3:9], prepared=True) for x in done], MODEL)
    np.testing.assert_allclose([one[1] for one in windows], cut, rtol=1e-4, atol=1e-5)
