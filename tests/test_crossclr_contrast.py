"""`contrast` against the readable losses and autograd."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from skelrep.crossclr import contrast as module
from skelrep.crossclr.contrast import contrast
from skelrep.crossclr.losses import cross_view_losses, info_nce
from skelrep.errors import ConfigError

VIEWS = ("joint", "motion", "bone")


def unit(rows: int, seed: int) -> Tensor:
    x = torch.randn(rows, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(x, dim=1)


def batch(views: tuple[str, ...], entries: int = 11) -> tuple[dict, dict, dict]:
    q = {v: unit(4, n).requires_grad_() for n, v in enumerate(views)}
    return (
        q,
        {v: unit(4, 10 + n) for n, v in enumerate(views)},
        {v: unit(entries, 20 + n) for n, v in enumerate(views)},
    )


def readable(q: dict, k: dict, queue: dict, temperature: float, mining: tuple[int, bool] | None) -> dict:
    if mining is None:
        return {v: info_nce(q[v], k[v], queue[v], temperature) for v in q}
    return cross_view_losses(q, k, queue, temperature=temperature, top_k=mining[0], context=mining[1])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 4)


@pytest.mark.parametrize("views", [VIEWS, VIEWS[:2], VIEWS[1:], VIEWS[:1]])
@pytest.mark.parametrize("mining", [None, *product([1, 3, 11], [True, False])])
@pytest.mark.parametrize("temperature", [0.07, 1.0, 0.005])
def test_losses_and_gradients_equal_autograd(
    views: tuple[str, ...], mining: tuple[int, bool] | None, temperature: float
) -> None:
    if mining and len(views) == 1:
        return
    q, k, queue = batch(views)
    expected = readable(q, k, queue, temperature, mining)
    total = torch.stack(list(expected.values())).sum()
    gradients = torch.autograd.grad(3 * total, list(q.values()))
    found = contrast(q, k, queue, temperature=temperature, mining=mining)
    torch.testing.assert_close(found.loss, total)
    torch.testing.assert_close(found.losses, {v: loss.detach() for v, loss in expected.items()})
    for rows in queue.values():
        rows.zero_()  # what the backward pass needs of the queue is there already
    (3 * found.loss).backward()
    for query, gradient in zip(q.values(), gradients, strict=True):
        torch.testing.assert_close(query.grad, gradient, rtol=1e-9, atol=1e-12)


def test_without_gradients() -> None:
    q, k, queue = batch(VIEWS)
    kept = contrast(q, k, queue, temperature=0.1, mining=(1, True))
    with torch.no_grad():
        found = contrast(q, k, queue, temperature=0.1, mining=(1, True))
    assert not found.loss.requires_grad
    assert torch.equal(found.loss, kept.loss)


def test_accuracy_counts_queries_nearer_to_their_key_than_to_the_queue() -> None:
    q = {"joint": torch.eye(3)}
    queue = {"joint": torch.nn.functional.normalize(torch.tensor([[1.0, 1, 0], [0, 0, 1]]), dim=1)}
    key = {"joint": torch.nn.functional.normalize(torch.tensor([[1.0, 0.1, 0], [1, 0, 0], [0, 0, 1]]), dim=1)}
    found = contrast(q, key, queue, temperature=1.0, mining=None)
    assert found.accuracy["joint"].item() == pytest.approx(1 / 3)


def test_impossible_top_k() -> None:
    with pytest.raises(ConfigError, match="expected 1 to 11"):
        contrast(*batch(VIEWS), temperature=0.1, mining=(12, True))
