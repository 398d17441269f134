"""The fused encoder follows its model's weights, leaves the model alone, and serves many threads at once."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from conftest import make_encoder
from torch import nn

from skelrep.models import SkeletonEncoder
from skelrep.models.fused import FusedEncoder, fused_encoder
from skelrep.models.fused.cache import _KEPT
from skelrep.models.fused.plan import LENGTHS_KEPT
from skelrep.models.fused.watch import WeightsSeen
from skelrep.models.fused.workspace import Workspace

X = torch.randn(3, 3, 12, 25, 2, generator=torch.Generator().manual_seed(1))


def weight_of(model: SkeletonEncoder) -> nn.Parameter:
    return model.encoders["joint"].blocks[3].temporal.weight


def step(model: SkeletonEncoder, **options: bool) -> None:
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, **options)
    model(X).square().sum().backward()
    optimiser.step()
    optimiser.zero_grad()


def train_statistics(model: SkeletonEncoder) -> None:
    model.train()
    with torch.no_grad():
        model(X)
    model.eval()


def one_number(model: SkeletonEncoder) -> None:
    with torch.no_grad():
        weight_of(model)[1, 1, 7] += 0.5


CHANGES: dict[str, Callable[[SkeletonEncoder], object]] = {
    "optimiser": step,
    "foreach optimiser": lambda model: step(model, foreach=True),
    "fused optimiser": lambda model: step(model, fused=True),
    "load_state_dict": lambda model: model.load_state_dict(make_encoder("faithful", seed=5).state_dict()),
    "one number": one_number,
    ".data in place": lambda model: weight_of(model).data.mul_(2),
    ".data anew": lambda model: setattr(weight_of(model), "data", weight_of(model).detach() * 2),
    "another parameter": lambda model: setattr(
        model.encoders["joint"].blocks[3].temporal, "weight", nn.Parameter(weight_of(model).detach() * 2)
    ),
    "edge importance": lambda model: model.encoders["bone"].blocks[2].spatial.edge_importance.data.mul_(2),
    "running statistics": train_statistics,
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_weights_are_noticed(change: str) -> None:
    model = make_encoder("faithful")
    before = fused_encoder(model)
    rows = before.forward(X)
    CHANGES[change](model)
    after = fused_encoder(model)
    assert after is not before
    assert not torch.allclose(after.forward(X), rows, rtol=1e-3)
    with torch.no_grad():
        torch.testing.assert_close(after.forward(X), model(X), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(before.forward(X), rows)  # what was given out stays as it was


def test_another_type_is_noticed() -> None:
    model = make_encoder()
    assert fused_encoder(model).forward(X).dtype == torch.float32
    assert fused_encoder(model.double()).forward(X.double()).dtype == torch.float64


def test_kept_while_nothing_changes_and_one_a_precision() -> None:
    model = make_encoder()
    fused = fused_encoder(model)
    model.train()
    assert fused_encoder(model) is fused
    assert fused_encoder(model, "bfloat16") is not fused
    assert fused_encoder(model, "bfloat16") is fused_encoder(model, "bfloat16")
    assert fused_encoder(model) is fused


def test_weights_made_in_inference_mode() -> None:
    with torch.inference_mode():
        model = make_encoder()
    fused = fused_encoder(model)
    assert fused_encoder(model) is fused
    with torch.no_grad():
        torch.testing.assert_close(fused.forward(X), model(X), rtol=1e-4, atol=1e-5)


def test_samples_are_live_in_any_memory_order() -> None:
    layer = nn.Conv2d(8, 8, (9, 1)).to(memory_format=torch.channels_last)
    seen = WeightsSeen(layer)
    assert seen.unchanged(layer)
    layer.weight.data.mul_(2)
    assert not seen.unchanged(layer)


def test_the_model_does_not_know() -> None:
    model = make_encoder()
    names, parts = set(model.state_dict()), set(vars(model))
    fused_encoder(model).forward(X)
    assert set(model.state_dict()) == names
    assert set(vars(model)) == parts
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin not in _KEPT
        assert fused_encoder(twin) is not fused_encoder(model)


def test_nothing_is_kept_of_a_model_that_is_gone() -> None:
    model = make_encoder()
    alive = weakref.ref(model), weakref.ref(fused_encoder(model))
    del model
    gc.collect()
    assert [reference() for reference in alive] == [None, None]


def test_many_threads_get_right_rows() -> None:
    model = make_encoder("faithful")
    batches = [torch.randn(1 + i % 5, 3, 8 + i % 7, 25, 1 + i % 2) for i in range(24)]
    with torch.no_grad():
        expected = [model(x) for x in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda x: fused_encoder(model).forward(x), batches))
    for rows, right in zip(found, expected, strict=True):
        torch.testing.assert_close(rows, right, rtol=1e-4, atol=1e-5)


def test_buffers_serve_again_and_do_not_grow_with_the_batch() -> None:
    fused = FusedEncoder(make_encoder())
    fused.forward(torch.randn(40, 3, 12, 25, 2))
    kept = {name: buffer.data_ptr() for name, buffer in fused._workspace._kept.items()}
    size = sum(buffer.nbytes for buffer in fused._workspace._kept.values())
    fused.forward(torch.randn(120, 3, 12, 25, 2))
    assert {name: buffer.data_ptr() for name, buffer in fused._workspace._kept.items()} == kept
    assert size < 8 << 20


def test_buffers_are_each_threads_own() -> None:
    workspace = Workspace(torch.float32, torch.device("cpu"))
    here = workspace.take("rows", 4, 3)
    assert workspace.take("rows", 2, 3).data_ptr() == here.data_ptr()
    with ThreadPoolExecutor(1) as pool:
        there = pool.submit(workspace.take, "rows", 4, 3).result()
    assert there.data_ptr() != here.data_ptr()


def test_a_huge_buffer_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skelrep.models.fused.workspace.LARGEST_KEPT", 100)
    workspace = Workspace(torch.float32, torch.device("cpu"))
    assert workspace.take("rows", 50).shape == (50,)
    assert not workspace._kept


def test_few_lengths_are_kept() -> None:
    fused = FusedEncoder(make_encoder(views=("joint",)))
    for frames in range(1, LENGTHS_KEPT + 4):
        fused.forward(torch.randn(1, 3, frames, 25, 1))
    assert len(fused._plans._kept) == LENGTHS_KEPT
