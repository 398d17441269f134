"""The contrastive losses against plain numpy loops and the published numbers; queue and momentum."""

from __future__ import annotations

from collections import deque
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep.crossclr import KeyQueue, cross_view_losses, info_nce, momentum_update
from skelrep.crossclr.losses import direction_losses, similarities
from skelrep.errors import ConfigError, ShapeError

VIEWS = ["joint", "motion", "bone"]


def unit(n: int, dim: int, seed: int) -> torch.Tensor:
    x = torch.randn(n, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(x, dim=1)


def batch(views: list[str], n: int = 4, dim: int = 6, entries: int = 9) -> tuple[dict, dict, dict]:
    return tuple(  # type: ignore[return-value]
        {v: unit(rows, dim, 10 * part + i) for i, v in enumerate(views)}
        for part, rows in enumerate((n, n, entries))
    )


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("entries", [1, 8])
@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_info_nce_equals_loop(n: int, entries: int, temperature: float) -> None:
    q, k, queue = unit(n, 6, 0), unit(n, 6, 1), unit(entries, 6, 2)
    expected = reference.info_nce(q.numpy(), k.numpy(), queue.numpy(), temperature)
    assert info_nce(q, k, queue, temperature).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("views", [VIEWS, VIEWS[:2], ["joint", "bone"]])
@pytest.mark.parametrize(("top_k", "context"), list(product([1, 3, 9], [True, False])))
def test_cross_view_losses_equal_loop(views: list[str], top_k: int, context: bool) -> None:
    q, k, queue = batch(views)
    found = cross_view_losses(q, k, queue, temperature=0.1, top_k=top_k, context=context)
    arrays = [{v: t.numpy() for v, t in part.items()} for part in (q, k, queue)]
    for view in views:
        expected = reference.cross_view_loss(view, views, *arrays, 0.1, top_k, context)
        assert found[view].item() == pytest.approx(expected, rel=1e-12)


def published(dtype: torch.dtype) -> tuple[dict, dict, dict, np.lib.npyio.NpzFile]:
    data = np.load(Path(__file__).parent / "data" / "parity_losses.npz")
    q, k = ({v: torch.from_numpy(data[f"{name}/{v}"]).to(dtype) for v in VIEWS} for name in "qk")
    queue = {v: torch.from_numpy(data[f"queue/{v}"]).T.to(dtype) for v in VIEWS}
    return q, k, queue, data


def test_published_info_nce() -> None:
    q, k, queue, data = published(torch.float32)
    for v in VIEWS:
        found = info_nce(q[v], k[v], queue[v], float(data["temperature"]))
        assert found.item() == pytest.approx(float(data[f"infonce/{v}"]), rel=1e-5)


@pytest.mark.parametrize(("top_k", "context"), list(product([1, 3], [True, False])))
def test_published_cross_view_losses_and_gradients(top_k: int, context: bool) -> None:
    raw, k, queue, data = published(torch.float64)
    name = f"cross_top{top_k}_ctx{int(context)}"
    for q in raw.values():
        q.requires_grad_()
    # The published forward pass normalises q, so its gradients lie in the sphere's tangent space.
    q = {v: torch.nn.functional.normalize(t, dim=1) for v, t in raw.items()}
    found = cross_view_losses(q, k, queue, top_k=top_k, context=context)
    total = torch.stack(list(found.values())).sum()
    total.backward()
    assert total.item() == pytest.approx(float(data[f"{name}/total"]), rel=1e-6)
    for v in VIEWS:
        assert found[v].item() == pytest.approx(float(data[f"{name}/{v}"]), rel=1e-6)
        expected = data[f"{name}/grad_{v}"]  # stored as float32
        np.testing.assert_allclose(raw[v].grad, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


def test_published_directions() -> None:
    q, k, queue, data = published(torch.float64)
    similar = {v: similarities(q[v], k[v], queue[v]) for v in VIEWS}
    found = direction_losses(similar, temperature=0.07, top_k=1, context=True)
    for (u, v), loss in found.items():
        np.testing.assert_allclose(loss, data[f"cross_top1_ctx1/pair_{u[0]}{v[0]}"], rtol=1e-5)


def test_no_gradient_reaches_keys_or_queues_through_detached_inputs() -> None:
    q, k, queue = batch(VIEWS)
    for part in (k, queue):
        for t in part.values():
            t.requires_grad_(requires_grad=False)
    q = {v: t.requires_grad_() for v, t in q.items()}
    torch.stack(list(cross_view_losses(q, k, queue).values())).sum().backward()
    assert all(t.grad is not None and t.grad.abs().sum() > 0 for t in q.values())


def test_gradients_by_finite_differences() -> None:
    q, k, queue = batch(["joint", "bone"], n=2)

    def total(joint: torch.Tensor, bone: torch.Tensor) -> torch.Tensor:
        return torch.stack(list(cross_view_losses({"joint": joint, "bone": bone}, k, queue).values())).sum()

    assert torch.autograd.gradcheck(total, [q["joint"].requires_grad_(), q["bone"].requires_grad_()])


def test_the_entry_that_the_other_view_mines_is_pulled_in() -> None:
    q, k, queue = batch(["joint", "bone"], n=1)
    queue["joint"][4] = q["joint"][0]  # joint is already close to entry 4

    def joint_loss(twin_in_bone: int) -> float:
        seen = queue["bone"].clone()
        seen[twin_in_bone] = q["bone"][0]
        return cross_view_losses(q, k, queue | {"bone": seen}, context=False)["joint"].item()

    assert joint_loss(twin_in_bone=4) < joint_loss(twin_in_bone=5)


@pytest.mark.parametrize("top_k", [0, 10])
def test_impossible_top_k(top_k: int) -> None:
    with pytest.raises(ConfigError, match="expected 1 to 9"):
        cross_view_losses(*batch(VIEWS), top_k=top_k)


def test_views_must_agree() -> None:
    q, k, queue = batch(VIEWS)
    with pytest.raises(ConfigError, match="same two or more"):
        cross_view_losses({"joint": q["joint"]}, {"joint": k["joint"]}, {"joint": queue["joint"]})
    with pytest.raises(ConfigError, match="same two or more"):
        cross_view_losses(q, k, {v: queue[v] for v in VIEWS[:2]})


def test_shapes_must_fit() -> None:
    with pytest.raises(ShapeError, match=r"\(K, D\)"):
        info_nce(unit(4, 6, 0), unit(4, 6, 1), unit(6, 9, 2))


@given(st.integers(1, 12), st.lists(st.integers(0, 30), max_size=8))
@settings(max_examples=60, deadline=None)
def test_queue_equals_a_deque(size: int, batches: list[int]) -> None:
    queue, model, number = KeyQueue(size, 1), deque(maxlen=size), 0
    model.extend([None] * size)
    for count in batches:
        keys = torch.arange(number, number + count, dtype=torch.float32)[:, None]
        queue.enqueue(keys)
        model.extend(keys[:, 0].tolist())
        number += count
    oldest_first = queue.rows[:, 0].roll(-int(queue.position)).tolist()
    for found, expected in zip(oldest_first, model, strict=True):
        assert expected is None or found == expected
    assert queue.position.item() == sum(batches) % size


def test_queue_starts_as_unit_rows_and_travels_in_the_state_dict() -> None:
    queue = KeyQueue(5, 3)
    torch.testing.assert_close(queue.rows.norm(dim=1), torch.ones(5))
    queue.enqueue(torch.ones(2, 3))
    other = KeyQueue(5, 3)
    other.load_state_dict(queue.state_dict())
    assert torch.equal(other.rows, queue.rows)
    assert other.position.item() == 2


def test_momentum_update_leaves_the_query_alone() -> None:
    key, query = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    old_key, old_query = key.weight.clone(), query.weight.clone()
    momentum_update(key.parameters(), query.parameters(), 0.9)
    torch.testing.assert_close(key.weight, 0.9 * old_key + 0.1 * old_query)
    assert torch.equal(query.weight, old_query)
