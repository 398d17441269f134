"""The forms of the temporal convolution, each against torch's own in float64."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep.models.fused import onednn, spectral
from skelrep.models.fused.fold import Temporal
from skelrep.models.fused.temporal import (
    OneDNNConvolution,
    PlainConvolution,
    TemporalConvolution,
    temporal_convolution,
)
from skelrep.models.fused.workspace import Workspace

needs_onednn = pytest.mark.skipif(not onednn.usable(), reason="this torch or processor has no oneDNN kernel")


def layer(channels: int, stride: int = 1, dtype: torch.dtype = torch.float32) -> Temporal:
    generator = torch.Generator().manual_seed(channels)
    weight = torch.randn(channels, channels, 9, 1, generator=generator, dtype=dtype)
    return Temporal(weight, torch.randn(channels, generator=generator, dtype=dtype), stride)


def worst(convolve: TemporalConvolution, temporal: Temporal, frames: int, bodies: int = 2) -> float:
    """Relative error of relu(onto + convolution of y)."""
    dtype, channels = temporal.weight.dtype, len(temporal.weight)
    y = torch.randn(frames, bodies, 25, channels, dtype=dtype)
    onto = torch.randn(-(-frames // temporal.stride), bodies, 25, channels, dtype=dtype)
    image = y.double().permute(1, 3, 0, 2)
    expected = torch.nn.functional.conv2d(
        image, temporal.weight.double(), temporal.bias.double(), (temporal.stride, 1), (4, 0)
    )
    expected = torch.relu(expected.permute(2, 0, 3, 1) + onto.double())
    convolve(y, onto, Workspace(dtype, y.device))
    return float((onto - expected).abs().max() / expected.abs().max())


@given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_frequency_domain_is_exact_for_any_cut(frames: int, pieces: int, channels: int) -> None:
    temporal = layer(channels, dtype=torch.float64)
    convolve = spectral.SpectralConvolution(temporal, frames, min(pieces, frames))
    assert worst(convolve, temporal, frames) < 1e-12


@pytest.mark.parametrize(("channels", "frames"), [(32, 25), (64, 13), (256, 13), (64, 75)])
def test_frequency_domain_in_float32(channels: int, frames: int) -> None:
    temporal = layer(channels)
    count = spectral.best_count(channels, frames)
    assert count is not None
    assert worst(spectral.SpectralConvolution(temporal, frames, count), temporal, frames) < 2e-6


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [1, 2, 5, 25, 50])
@pytest.mark.parametrize("channels", [1, 2, 16, 24])
@pytest.mark.parametrize("form", ["plain", pytest.param("onednn", marks=needs_onednn)])
def test_direct_convolutions(form: str, channels: int, frames: int, stride: int) -> None:
    temporal = layer(channels, stride)
    convolve = PlainConvolution(temporal) if form == "plain" else OneDNNConvolution(temporal, frames, 2)
    assert worst(convolve, temporal, frames) < 2e-6


@needs_onednn
def test_a_packed_weight_serves_any_number_of_bodies() -> None:
    temporal = layer(16)
    convolve = OneDNNConvolution(temporal, 20, bodies=8)
    for bodies in (1, 3, 8, 20):
        assert worst(convolve, temporal, 20, bodies) < 2e-6


def test_the_form_fits_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def form(temporal: Temporal, frames: int) -> str:
        return type(temporal_convolution(temporal, frames, 8)).__name__

    assert form(layer(256), 13) == "SpectralConvolution"
    assert form(layer(64, 2), 25) == form(layer(16), 50)
    assert form(layer(256, dtype=torch.bfloat16), 13) == "PlainConvolution"
    monkeypatch.setattr(onednn, "usable", lambda: False)
    assert form(layer(16), 50) == "PlainConvolution"


def test_onednn_is_asked_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = onednn.usable.__wrapped__

    def fail(*args: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(onednn, "convolve_onto_", lambda *args: None)
    assert not ask()
    monkeypatch.setattr(onednn, "convolve_onto_", fail)
    assert not ask()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not ask()


def test_costs_count_real_work() -> None:
    assert spectral.products(17) == 1 + 3 * 8
    assert spectral.products(18) == 2 + 3 * 8
    assert spectral.direct_cost(2, 13) == 4 * (13 * 9 - 20)
    assert spectral.cyclic_length(spectral.cut(13, 1)) == 17
    assert [(p.start, p.stop, p.first, p.last) for p in spectral.cut(20, 2)] == [
        (0, 10, 0, 14),
        (10, 20, 6, 20),
    ]
