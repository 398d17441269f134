"""The fast training pass of ST-GCN against its readable layers, in float64, gradients and all."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from skelrep.config import EncoderConfig
from skelrep.models import STGCN, training
from skelrep.models.training import block, network
from skelrep.models.training.dropout import draw_bits, unpack_bits, zero_dropped
from skelrep.models.training.frequency import FrequencyConvolution
from skelrep.models.training.norm import SlicedNorm
from skelrep.models.training.scratch import Scratch
from skelrep.models.training.temporal import TemporalConvolution


def network_of(recipe: str = "fixed", dropout: float = 0.0, **fields: object) -> STGCN:
    torch.manual_seed(0)
    fields = {"base_channels": 4, "feature_channels": 40} | fields
    config = EncoderConfig(recipe_name=recipe, dropout=dropout, **fields)
    stgcn = STGCN(config).double().train()
    with torch.no_grad():
        for parameter in stgcn.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return stgcn


def bodies(n: int = 5, frames: int = 12) -> Tensor:
    return torch.randn(n, 3, frames, 25, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def learn(forward: object, stgcn: STGCN, x: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Features, gradients at input and parameters, and running statistics of one step."""
    x = x.clone().requires_grad_()
    features = forward(x)  # type: ignore[operator]
    weights = torch.randn(features.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(2))
    (features * weights).sum().backward()
    gradients = [p.grad for p in stgcn.parameters() if p.grad is not None]
    assert x.grad is not None
    return features.detach(), [x.grad, *gradients], [b.double() for b in stgcn.buffers()]


def assert_same(found: tuple, expected: tuple) -> None:
    torch.testing.assert_close(found[0], expected[0], rtol=1e-11, atol=1e-12)
    scale = max(gradient.abs().max() for gradient in expected[1])
    torch.testing.assert_close(found[1], expected[1], rtol=1e-8, atol=1e-11 * float(scale))
    torch.testing.assert_close(found[2], expected[2], rtol=1e-11, atol=1e-12)


class GivenMask(nn.Module):
    """Dropout by masks that were drawn before, as (T, C, V, B) a slice."""

    def __init__(self, bits: list[Tensor], rate: float) -> None:
        super().__init__()
        self.bits, self.rate = bits, rate

    def forward(self, x: Tensor) -> Tensor:
        masks = []
        for bits, part in zip(self.bits, torch.split(x, network.SLICE), strict=True):
            mask = unpack_bits(bits, part.numel())
            masks.append(mask.view(part.permute(2, 1, 3, 0).shape).permute(3, 1, 0, 2))
        return x * torch.cat(masks) / (1 - self.rate)


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "SLICE", 4)


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
@pytest.mark.parametrize(("n", "frames"), [(5, 12), (8, 13), (1, 20), (3, 1), (9, 2)])
def test_equals_the_layers(recipe: str, n: int, frames: int) -> None:
    fast = network_of(recipe)
    slow = copy.deepcopy(fast)
    x = bodies(n, frames)
    assert training.fits(fast, x)
    found = learn(fast, fast, x)
    assert_same(found, learn(lambda x: slow.forward_features(x).mean(dim=(2, 3)), slow, x))


@pytest.mark.parametrize("pooling", ["mean", "mean_std", "parts", "parts_std"])
@pytest.mark.parametrize("blocks", [(0,), (0, 3), (4, 7), (2, 8, 10)])
@pytest.mark.parametrize(("n", "frames"), [(5, 12), (3, 1)])
def test_any_vector_equals_the_layers(blocks: tuple[int, ...], pooling: str, n: int, frames: int) -> None:
    fast = network_of(feature_blocks=blocks, pooling=pooling)
    slow = copy.deepcopy(fast)
    x = bodies(n, frames)
    found = learn(fast, fast, x)
    assert_same(found, learn(slow.forward_vector, slow, x))
    trained = [
        number for number, block in enumerate(fast.blocks, 1) if block.temporal.weight.grad is not None
    ]
    assert trained == list(range(1, blocks[-1] + 1))


@pytest.mark.parametrize("rate", [0.5, 0.3])
def test_dropout_equals_the_layers_with_the_same_masks(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Tensor] = []

    def record(numbers: int, rate: float) -> Tensor:
        drawn.append(draw_bits(numbers, rate))
        return drawn[-1]

    monkeypatch.setattr(block, "draw_bits", record)
    fast = network_of(dropout=rate)
    slow = copy.deepcopy(fast)
    found = learn(fast, fast, bodies())
    for number, layer in enumerate(slow.blocks[1:]):
        layer.dropout = GivenMask(drawn[2 * number : 2 * number + 2], rate)
    assert len(drawn) == 18
    assert_same(found, learn(lambda x: slow.forward_features(x).mean(dim=(2, 3)), slow, bodies()))


def test_without_gradients_it_moves_statistics_just_the_same() -> None:
    fast = network_of("faithful")
    other = copy.deepcopy(fast)
    with torch.no_grad():
        found = other(bodies())
    assert torch.equal(found, fast(bodies()))
    assert all(torch.equal(a, b) for a, b in zip(fast.buffers(), other.buffers(), strict=True))


def test_float32_is_near() -> None:
    fast = network_of().float()
    slow = copy.deepcopy(fast)
    x = bodies(9).float()
    found, expected = fast(x), slow.forward_features(x).mean(dim=(2, 3))
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_changed_weights_are_noticed_before_the_backward_pass() -> None:
    fast = network_of()
    features = fast(bodies())
    with torch.no_grad():
        fast.blocks[3].temporal.weight += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        features.sum().backward()


@pytest.mark.parametrize("case", ["eval", "norm in eval", "autocast", "half", "other norm", "no bodies"])
def test_other_cases_go_through_the_layers(case: str) -> None:
    stgcn, x = network_of().float(), bodies().float()
    match case:
        case "eval":
            stgcn.eval()
        case "norm in eval":
            stgcn.blocks[4].temporal_norm.eval()
        case "half":
            x = x.bfloat16()
        case "other norm":
            stgcn.blocks[4].temporal_norm = nn.GroupNorm(1, 8)
            stgcn.blocks[5].temporal_norm = nn.SyncBatchNorm(8)
        case "no bodies":
            x = x[:0]
    with torch.autocast("cpu", enabled=case == "autocast"):
        assert not training.fits(stgcn, x)


@pytest.mark.parametrize("rate", [0.5, 0.25, 0.1])
def test_dropout_keeps_its_share_and_follows_the_seed(rate: float) -> None:
    torch.manual_seed(3)
    bits = draw_bits(100_003, rate)
    kept = unpack_bits(bits, 100_003)
    assert kept.float().mean().item() == pytest.approx(1 - rate, abs=0.01)
    assert kept.view(-1)[:32_000].view(32, -1).float().mean(dim=1).sub(1 - rate).abs().max() < 0.06
    torch.manual_seed(3)
    assert torch.equal(bits, draw_bits(100_003, rate))
    assert not torch.equal(bits, draw_bits(100_003, rate))


def test_dropped_numbers_are_zero_and_others_untouched() -> None:
    for dtype in (torch.float32, torch.float64):
        x = torch.randn(7, 9, dtype=dtype)
        bits = draw_bits(63, 0.5)
        kept = unpack_bits(bits, 63).view(7, 9)
        found = zero_dropped(x.clone(), bits, Scratch(x))
        assert torch.equal(found, torch.where(kept, x, 0))


@given(frames=st.integers(1, 14), stride=st.integers(1, 2), taps=st.sampled_from([3, 9]), wave=st.booleans())
@settings(max_examples=40, deadline=None)
def test_temporal_convolutions_equal_conv2d(frames: int, stride: int, taps: int, wave: bool) -> None:
    generator = torch.Generator().manual_seed(frames)
    x = torch.randn(frames, 3, 6, dtype=torch.float64, generator=generator)
    weight = torch.randn(2, 3, taps, 1, dtype=torch.float64, generator=generator).requires_grad_()
    stride = 1 if wave else stride
    image = x.permute(1, 0, 2)[None].requires_grad_()
    expected = nn.functional.conv2d(image, weight, stride=(stride, 1), padding=(taps // 2, 0))
    d_out = torch.randn(expected.shape, dtype=torch.float64, generator=generator)
    d_image, d_weight = torch.autograd.grad(expected, (image, weight), d_out)
    scratch = Scratch(x)
    fast = (
        FrequencyConvolution(weight.detach(), frames, scratch)
        if wave
        else TemporalConvolution(weight.detach(), stride, frames, scratch)
    )
    found = fast.forward(fast.input(6).copy_(x))
    torch.testing.assert_close(found, expected[0].detach().permute(1, 0, 2))
    gradient = fast.gradient(6).copy_(d_out[0].permute(1, 0, 2))
    d_x = fast.backward(fast.input(6).copy_(x), gradient)
    torch.testing.assert_close(d_x, d_image[0].permute(1, 0, 2))
    torch.testing.assert_close(fast.gradients(), d_weight)


def test_statistics_of_a_channel_far_from_zero() -> None:
    x = 100 + torch.randn(4, 2, 4000, generator=torch.Generator().manual_seed(0))
    norm = SlicedNorm(nn.BatchNorm2d(2))
    for part in torch.split(x, 1000, dim=2):
        norm.observe(part)
    norm.finish()
    torch.testing.assert_close(norm.variance, x.double().var(dim=(0, 2), correction=0), rtol=2e-3, atol=0)
    torch.testing.assert_close(norm.mean, x.double().mean(dim=(0, 2)), rtol=1e-6, atol=0)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_statistics_move_as_the_layer_moves_them(momentum: float | None) -> None:
    layer = nn.BatchNorm2d(2, momentum=momentum).double()
    other = copy.deepcopy(layer)
    x = torch.randn(3, 2, 8, dtype=torch.float64)
    for part in (x, 2 * x):
        layer(part.permute(2, 1, 0)[..., None])
        norm = SlicedNorm(other)
        norm.observe(part)
        norm.finish()
        norm.move_running()
    for name, buffer in layer.named_buffers():
        torch.testing.assert_close(other.get_buffer(name), buffer)


def test_a_layer_without_running_statistics() -> None:
    norm = SlicedNorm(nn.BatchNorm2d(2, track_running_stats=False))
    norm.observe(torch.randn(3, 2, 8))
    norm.finish()
    norm.move_running()
    assert norm.norm.running_mean is None
