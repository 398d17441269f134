"""Activation recomputation: the same numbers, bit for bit, and less kept."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import pytest
import torch
from tiny_training import newest_state, same, tiny_config, walks
from torch import Tensor

from skelrep.config import EncoderConfig
from skelrep.models import STGCN, training
from skelrep.train import train_crossclr


def step(stgcn: STGCN, x: Tensor, *, layers: bool) -> list[Tensor]:
    """Everything that a step changes, after two steps."""
    torch.manual_seed(5)
    for _ in range(2):
        maps = stgcn.forward_vector(x) if layers else stgcn(x)
        maps.square().sum().backward()
    gradients = [p.grad for p in stgcn.parameters() if p.grad is not None]
    return [maps.detach(), *gradients, *stgcn.buffers(), torch.get_rng_state()]


@pytest.mark.parametrize("layers", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 0.5, 0.2])
@pytest.mark.parametrize("vector", [((10,), "mean"), ((0, 4, 7), "parts_std")])
def test_same_bits(vector: tuple, dropout: float, layers: bool) -> None:
    torch.manual_seed(0)
    blocks, pooling = vector
    config = EncoderConfig(
        base_channels=4, feature_channels=40, dropout=dropout, feature_blocks=blocks, pooling=pooling
    )
    plain = STGCN(config).train()
    again = copy.deepcopy(plain)
    again.recompute = True
    x = torch.randn(5, 3, 12, 25)
    assert training.fits(plain, x)
    pairs = zip(step(plain, x, layers=layers), step(again, x, layers=layers), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_frozen_norms_in_eval_mode_stay_in_use() -> None:
    torch.manual_seed(0)
    plain = STGCN(EncoderConfig(base_channels=4, feature_channels=8)).train()
    for norm in (block.spatial_norm for block in plain.blocks):
        norm.eval()
    again = copy.deepcopy(plain)
    again.recompute = True
    x = torch.randn(2, 3, 12, 25)
    assert all(
        torch.equal(a, b)
        for a, b in zip(step(plain, x, layers=True), step(again, x, layers=True), strict=True)
    )


def kept_bytes(recompute: bool) -> int:
    stgcn = STGCN(EncoderConfig(base_channels=4, feature_channels=16)).train()
    stgcn.recompute = recompute
    node = stgcn(torch.randn(8, 3, 16, 25)).grad_fn
    while not hasattr(node, "passes"):
        node = node.next_functions[0][0]
    held = [
        t
        for p in node.passes
        for t in (*p.inputs, *p.spatial_maps, *p.temporal_maps, *(p.shortcut.maps if p.shortcut else ()))
    ]
    return sum(t.numel() for t in held)


def test_less_is_kept() -> None:
    assert kept_bytes(recompute=True) < 0.35 * kept_bytes(recompute=False)


def test_a_run_may_change_it_and_gives_the_same_model(tmp_path: Path) -> None:
    config = tiny_config("faithful", epochs=1, cross_view_epoch=1)
    more = dataclasses.replace(config, recompute=True)
    for folder, first in (("plain", config), ("again", more)):
        train_crossclr(walks(), first, output_dir=tmp_path / folder, device="cpu")
    one, other = newest_state(tmp_path / "plain"), newest_state(tmp_path / "again")
    assert all(same(one[name], other[name]) for name in ("step", "model", "optimizer"))
    train_crossclr(walks(), config, output_dir=tmp_path / "again", device="cpu")  # resumed without it
