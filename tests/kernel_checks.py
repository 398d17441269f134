"""Triton kernels against layers: prints {check: largest relative deviation} as JSON.

`TRITON_INTERPRET=1 python tests/kernel_checks.py cpu` runs them in Triton's interpreter; Triton reads that
variable on import, so a process of its own is needed. With `cuda` they run on a GPU.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from skelrep.config import EncoderConfig, ModelConfig
from skelrep.layout import spatial_partition
from skelrep.models import SkeletonEncoder
from skelrep.models.kernels import use_kernels
from skelrep.models.kernels.graph import graph_norm_relu
from skelrep.models.kernels.norm import batch_moments, norm_dropout_relu
from skelrep.models.stgcn import STGCN, Block, GraphConv

Check = Iterator[tuple[Tensor, Tensor]]


def moments(device: str) -> Check:
    """A mean far from zero, and a channel in many parts."""
    x = 100 + torch.randn(7, 3, 40, 25, device=device)
    variance, mean = torch.var_mean(x.double(), dim=(0, 2, 3), correction=0)
    found = batch_moments(x)
    yield found[0], mean
    yield found[1], variance


def norm_without_dropout(device: str) -> Check:
    yield from compare_norm(device, rate=0.0, residual=False)


def norm_with_dropout_and_residual(device: str) -> Check:
    yield from compare_norm(device, rate=0.5, residual=True)


def compare_norm(device: str, rate: float, residual: bool) -> Check:
    """Output, all gradients and running statistics, with the mask that the kernel drew."""
    x = (2 + torch.randn(5, 6, 9, 25, device=device, dtype=torch.float64)).requires_grad_()
    added = torch.randn_like(x).requires_grad_() if residual else None
    norm = random_norm(6).to(device).double()
    other = copy.deepcopy(norm)
    stays = kept(x, rate)
    out = seeded(lambda: norm_dropout_relu(x, norm, rate, added))
    expected = other(x) * stays / (1 - rate)
    expected = torch.relu(expected if added is None else expected + added)
    yield out, expected
    slope, leaves = torch.randn_like(out), [x, *([] if added is None else [added])]
    yield from zip(
        torch.autograd.grad(out, [*leaves, norm.weight, norm.bias], slope),
        torch.autograd.grad(expected, [*leaves, other.weight, other.bias], slope),
        strict=True,
    )
    yield from zip(norm.buffers(), other.buffers(), strict=True)


def kept(x: Tensor, rate: float) -> Tensor:
    """The mask that the next seeded call draws, as 0 and 1."""
    ones = nn.BatchNorm2d(x.shape[1]).to(x)
    nn.init.zeros_(ones.weight)
    nn.init.ones_(ones.bias)
    mask = (seeded(lambda: norm_dropout_relu(x.detach(), ones, rate)) > 0).to(x.dtype)
    share = mask.mean().item()
    assert abs(share - (1 - rate)) < 0.05, f"{share} of the elements stay"
    return mask


def seeded(call: Callable[[], Tensor]) -> Tensor:
    torch.manual_seed(3)
    return call()


def random_norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels)
    nn.init.normal_(norm.weight, 1, 0.3)
    nn.init.normal_(norm.bias, 0, 0.3)
    nn.init.normal_(norm.running_mean, 0, 0.3)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    return norm


def graph(device: str) -> Check:
    """Fewer channels than a tile has, and more; frames that are not contiguous."""
    adjacency = torch.from_numpy(spatial_partition("faithful")).to(device)
    for channels, out_channels in ((3, 5), (20, 70)):
        layer, norm = GraphConv(channels, out_channels, 3).to(device), random_norm(out_channels).to(device)
        nn.init.normal_(layer.edge_importance, 1, 0.3)
        x = torch.randn(2, 4, channels, 25, device=device).transpose(1, 2)
        edges, scale = (
            adjacency * layer.edge_importance,
            norm.weight * torch.rsqrt(norm.running_var + norm.eps),
        )
        found = graph_norm_relu(
            x, layer.weight.view(3, out_channels, channels), layer.bias.view(3, -1), edges,
            scale, norm.bias - norm.running_mean * scale,
        )  # fmt: skip
        yield found, torch.relu(norm.eval()(layer(x, adjacency)))


@torch.inference_mode()
def encoder(device: str) -> Check:
    config = EncoderConfig(views=("joint",), base_channels=2, feature_channels=20)
    model = SkeletonEncoder(ModelConfig(encoder=config)).to(device).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.load_state_dict(random_norm(module.num_features).state_dict())
    x = torch.randn(1, 3, 4, 25, 2, device=device)
    expected = model(x)
    use_kernels(model, "triton")
    yield model(x), expected


def training(device: str) -> Check:
    """Maps, gradients and running statistics of all blocks in float64, without dropout."""
    stgcn = STGCN(EncoderConfig(base_channels=2, feature_channels=4)).double().train().to(device)
    other = copy.deepcopy(stgcn)
    use_kernels(stgcn, "triton")
    x = torch.randn(2, 3, 3, 25, device=device, dtype=torch.float64)
    slope = torch.randn(2, 4, 1, 25, device=device, dtype=torch.float64)
    maps = [network.forward_features(x) for network in (stgcn, other)]
    yield maps[0], maps[1]
    for each in maps:
        (each * slope).sum().backward()
    yield from zip(stgcn.buffers(), other.buffers(), strict=True)
    for mine, theirs in zip(stgcn.parameters(), other.parameters(), strict=True):
        yield mine.grad, theirs.grad


@torch.inference_mode()
def leave_layers_aside(device: str) -> None:
    """Raise unless a block with ``kernels="triton"`` does without its layers."""
    block = Block(3, 4, 1, 0.0, first=True).eval()
    use_kernels(block, "triton")
    block.spatial.forward = None  # type: ignore[assignment,method-assign]
    block.to(device)
    x, adjacency = torch.randn(1, 3, 4, 25), torch.from_numpy(spatial_partition("fixed"))
    block(x.to(device), adjacency.to(device))


def relative(found: Tensor, expected: Tensor) -> float:
    scale = max(1e-3, expected.abs().max().item())
    return (found.double() - expected.double()).abs().max().item() / scale


CHECKS = (moments, norm_without_dropout, norm_with_dropout_and_residual, graph, encoder, training)


def run(device: str) -> dict[str, float]:
    found = {}
    for check in CHECKS:
        torch.manual_seed(0)
        found[check.__name__] = max(relative(a, b) for a, b in check(device))
    return found


if __name__ == "__main__":
    found = run(sys.argv[1])
    leave_layers_aside(sys.argv[1])
    sys.stdout.write(json.dumps(found))
