"""The fused encoder against the readable one: any recipe, length, width, view, pooling, block, body count."""

from __future__ import annotations

import pytest
import torch
from conftest import make_encoder
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep.config import VIEWS
from skelrep.errors import ConfigError, ShapeError
from skelrep.models import SkeletonEncoder
from skelrep.models.fused import FusedEncoder, fused_encoder, network, plan

FORMS = ("forward", "forward_features", "forward_bodies")


def clips(n: int, frames: int, bodies: int = 2, seed: int = 0) -> torch.Tensor:
    """Random clips; every third one's last body is absent, and the last clip of four has none."""
    x = torch.randn(n, 3, frames, 25, bodies, generator=torch.Generator().manual_seed(seed))
    x[1::3, ..., -1] = 0
    x[3::4] = 0
    return x


def error(fused: FusedEncoder, readable: SkeletonEncoder, x: torch.Tensor) -> float:
    """Largest difference of any form of output, relative to its largest number."""
    worst = 0.0
    with torch.no_grad():
        for form in FORMS:
            found, expected = getattr(fused, form)(x), getattr(readable, form)(x)
            assert found.shape == expected.shape
            assert found.dtype == expected.dtype
            worst = max(worst, float((found - expected).abs().max() / expected.abs().max()))
    return worst


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
@pytest.mark.parametrize("frames", [1, 2, 3, 7, 13, 50, 64, 300])
@pytest.mark.parametrize("width", [2, 4])
def test_equals_the_readable_encoder(recipe: str, frames: int, width: int) -> None:
    model = make_encoder(recipe, base_channels=width, feature_channels=5 * width)
    assert error(fused_encoder(model), model, clips(4, frames)) < 1e-5


@pytest.mark.parametrize(
    ("recipe", "frames"), [("fixed", 50), ("faithful", 50), ("fixed", 13), ("faithful", 90)]
)
def test_equals_it_at_published_width(recipe: str, frames: int) -> None:
    model = make_encoder(recipe, base_channels=16, feature_channels=256, views=("bone",))
    assert error(fused_encoder(model), model, clips(2, frames)) < 1e-5


@pytest.mark.parametrize("block", range(1, 11))
def test_any_block(block: int) -> None:
    model = make_encoder("faithful", feature_blocks=(block,), base_channels=3)
    assert error(fused_encoder(model), model, clips(4, 21)) < 1e-5


@pytest.mark.parametrize("blocks", [(0,), (0, 1), (0, 4, 7), (2, 5, 10)])
@pytest.mark.parametrize("pooling", ["mean", "parts_std"])
@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_several_blocks(blocks: tuple[int, ...], pooling: str, recipe: str) -> None:
    model = make_encoder(recipe, feature_blocks=blocks, pooling=pooling)
    assert error(fused_encoder(model), model, clips(4, 13)) < 1e-5


def test_blocks_after_the_last_one_named_are_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    model, taken = make_encoder(feature_blocks=(0, 3)), []
    real = network.graph_convolution
    monkeypatch.setattr(network, "graph_convolution", lambda *given: (taken.append(1), real(*given))[1])
    fused_encoder(model)(clips(1, 12))
    assert len(taken) == 2 * 3  # blocks 2 and 3 of three views; block 1 has its own form


@pytest.mark.parametrize("pooling", ["mean", "mean_std", "parts", "parts_std"])
@pytest.mark.parametrize("frames", [1, 2, 3, 20])
@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_any_pooling(pooling: str, frames: int, recipe: str) -> None:
    model = make_encoder(recipe, pooling=pooling, feature_blocks=(4,), views=("joint", "motion"))
    assert error(fused_encoder(model), model, clips(4, frames)) < 1e-5


@pytest.mark.parametrize("frames", [1, 2, 7, 8, 9, 50])
def test_the_inputs_own_pooling(frames: int) -> None:
    model = make_encoder(pooling="parts_std", feature_blocks=(0, 4))
    assert error(fused_encoder(model), model, clips(4, frames)) < 1e-5


@pytest.mark.parametrize("views", [(view,) for view in VIEWS] + [("motion", "bone")])
def test_any_views(views: tuple[str, ...]) -> None:
    model = make_encoder("faithful", views=views)
    assert error(fused_encoder(model), model, clips(4, 12)) < 1e-5


@given(st.integers(1, 9), st.integers(1, 40), st.integers(1, 3), st.sampled_from(["fixed", "faithful"]))
@settings(max_examples=15, deadline=None)
def test_any_shape(n: int, frames: int, bodies: int, recipe: str) -> None:
    model = make_encoder(recipe, views=("motion",))
    x = clips(n, frames, bodies)
    fused = FusedEncoder(model)
    with torch.no_grad():
        torch.testing.assert_close(fused.forward(x), model(x), rtol=1e-4, atol=1e-5)
        if bodies <= 2:
            torch.testing.assert_close(fused.forward_bodies(x), model.forward_bodies(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_slices_do_not_show(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = make_encoder(recipe), clips(7, 10)
    monkeypatch.setattr(plan, "SLICE_FRAMES", {"cpu": 20})
    assert error(FusedEncoder(model), model, x) < 1e-5


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_no_clips_and_no_bodies(recipe: str) -> None:
    model = make_encoder(recipe)
    fused = fused_encoder(model)
    for form, shape in zip(FORMS, [(0, 24), (0, 3, 25, 24), (0, 2, 24)], strict=True):
        assert getattr(fused, form)(torch.zeros(0, 3, 12, 25, 2)).shape == shape
    nobody = torch.zeros(2, 3, 12, 25, 1)
    with torch.no_grad():
        torch.testing.assert_close(fused.forward(nobody), model(nobody))


@pytest.mark.parametrize("pooling", ["mean", "mean_std", "parts", "parts_std"])
def test_float64_model(pooling: str) -> None:
    model = make_encoder("faithful", pooling=pooling).double()
    assert error(fused_encoder(model), model, clips(4, 30).double()) < 1e-12


def test_absent_bodies_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fused, seen = FusedEncoder(make_encoder("faithful")), []
    compute = FusedEncoder._slice
    monkeypatch.setattr(
        FusedEncoder, "_slice", lambda self, x, *rest: seen.append(x.shape[1]) or compute(self, x, *rest)
    )
    x = clips(3, 12)
    x[0, ..., 0] = 0
    fused.forward(x)
    assert seen == [4, 1]
    fused.forward(x)
    assert seen == [4, 1, 4]


@pytest.mark.parametrize("shape", [(3, 12, 25, 2), (1, 2, 12, 25, 2), (1, 3, 12, 24, 2), (1, 3, 0, 25, 2)])
@pytest.mark.parametrize("form", FORMS)
def test_wrong_axes_are_refused(shape: tuple[int, ...], form: str) -> None:
    with pytest.raises(ShapeError, match="expected"):
        getattr(fused_encoder(make_encoder()), form)(torch.zeros(shape))


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_bfloat16_errs_by_a_few_percent_at_most(recipe: str) -> None:
    model = make_encoder(recipe, base_channels=8, feature_channels=32)
    fused = fused_encoder(model, "bfloat16")
    assert 1e-4 < error(fused, model, clips(4, 30)) < 0.04
    assert fused.forward(clips(2, 30)).dtype == torch.float32


def test_another_precision_is_refused() -> None:
    with pytest.raises(ConfigError, match="'float32' or 'bfloat16'"):
        fused_encoder(make_encoder(), "float16")  # type: ignore[arg-type]


def test_outputs_are_ordinary_tensors_and_input_is_left_alone() -> None:
    fused, x = fused_encoder(make_encoder()), clips(3, 12).requires_grad_()
    before = x.detach().clone()
    for form in FORMS:
        found = getattr(fused, form)(x)
        assert not found.is_inference()
        assert not found.requires_grad
    assert torch.equal(x.detach(), before)
