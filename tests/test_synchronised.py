"""Norms and dropout of a batch in parts equal those of the whole batch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor, nn

from skelrep.models.synchronised import Rows, SynchronisedNorm, WholeBatchDropout, synchronise


@dataclass
class Threads:
    """`Processes` as threads of one."""

    rank: int
    size: int
    barrier: threading.Barrier
    board: list[Tensor | None] = field(default_factory=list)

    def collect(self, values: Tensor) -> Tensor:
        self.board[self.rank] = values
        self.barrier.wait(10)
        found = torch.stack([part for part in self.board if part is not None])
        self.barrier.wait(10)
        return found

    def sum(self, values: Tensor) -> Tensor:
        return self.collect(values).sum(0)


def in_parts(sizes: list[int], work: Callable[[Threads], None]) -> None:
    """Run `work` as each of several processes."""
    barrier, board = threading.Barrier(len(sizes)), [None] * len(sizes)
    groups = [Threads(rank, len(sizes), barrier, board) for rank in range(len(sizes))]  # type: ignore[arg-type]
    threads = [threading.Thread(target=work, args=(group,)) for group in groups]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


def rows_here(sizes: list[int], rank: int) -> slice:
    return slice(sum(sizes[:rank]), sum(sizes[: rank + 1]))


@pytest.mark.parametrize("sizes", [[3, 4], [5, 0, 2], [0, 1]])
@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.BatchNorm2d])
def test_a_norm_over_parts_equals_one_over_all(sizes, kind):
    shape = (sum(sizes), 3, 4) if kind is nn.BatchNorm1d else (sum(sizes), 3, 4, 5)
    generator = torch.Generator().manual_seed(0)
    x = (torch.randn(shape, generator=generator, dtype=torch.float64) + 3).requires_grad_()
    pull = torch.randn(shape, generator=generator, dtype=torch.float64)
    whole = kind(3).double()
    nn.init.uniform_(whole.weight, 0.5, 1.5, generator=generator)
    expected = whole(x)
    expected.backward(pull)
    parts: list = [None] * len(sizes)

    def work(group: Threads) -> None:
        norm, here = kind(3).double(), rows_here(sizes, group.rank)
        norm.weight.data.copy_(whole.weight.data)
        rows = Rows(group)
        mine, part = SynchronisedNorm(norm, rows), x.detach()[here].requires_grad_()
        rows.count(mine, (part,))
        out = mine(part)
        out.backward(pull[here])
        parts[group.rank] = out.detach(), part.grad, mine.weight.grad, mine.bias.grad, mine.state_dict()

    in_parts(sizes, work)
    outs, of_x, of_weight, of_bias, states = zip(*parts, strict=True)
    close = {"rtol": 1e-12, "atol": 1e-12}
    torch.testing.assert_close(torch.cat(outs), expected.detach(), **close)
    torch.testing.assert_close(torch.cat(of_x), x.grad, **close)
    torch.testing.assert_close(sum(of_weight), whole.weight.grad, **close)
    torch.testing.assert_close(sum(of_bias), whole.bias.grad, **close)
    for state in states:
        torch.testing.assert_close(state, dict(whole.state_dict()), **close)


def test_half_precision_keeps_statistics_in_float32():
    x = torch.randn(6, 3, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    found: list = [None, None]

    def work(group: Threads) -> None:
        rows = Rows(group)
        norm = SynchronisedNorm(nn.BatchNorm1d(3), rows)
        part = x[3 * group.rank : 3 * group.rank + 3].clone().requires_grad_()
        rows.count(norm, (part,))
        out = norm(part)
        out.sum().backward()
        found[group.rank] = out.dtype, part.grad.dtype, norm.running_mean

    in_parts([3, 3], work)
    mean = 0.1 * x.float().mean(dim=(0, 2))
    for out, gradient, running in found:
        assert out == gradient == torch.bfloat16
        torch.testing.assert_close(running, mean, rtol=1e-5, atol=1e-7)


def test_evaluation_uses_what_was_learned():
    whole = nn.BatchNorm2d(3)
    nn.init.normal_(whole.running_mean)
    x = torch.randn(2, 3, 4, 5)
    mine = SynchronisedNorm(whole, Rows(Threads(0, 2, threading.Barrier(2))))
    torch.testing.assert_close(mine.eval()(x), whole.eval()(x))
    assert WholeBatchDropout(0.5, mine.rows).eval()(x) is x


@pytest.mark.parametrize("sizes", [[3, 4], [0, 7]])
def test_dropout_over_parts_equals_one_over_all(sizes):
    x = torch.arange(1.0, 7 * 40 + 1).view(7, 2, 4, 5)
    outs = []
    for rank in range(2):
        rows = Rows(Threads(rank, 2, threading.Barrier(2)))
        rows.counts = sizes
        with torch.random.fork_rng():
            torch.manual_seed(5)
            outs.append(WholeBatchDropout(0.25, rows)(x[rows_here(sizes, rank)]))
    out = torch.cat(outs)
    kept = out != 0
    torch.testing.assert_close(out[kept], x[kept] / 0.75)
    assert 0.6 < kept.float().mean() < 0.9
    assert not torch.equal(kept[:3], kept[3:6])


def test_one_process_is_left_alone():
    model = nn.Sequential(nn.BatchNorm2d(2))
    synchronise(model, Threads(0, 1, threading.Barrier(1)))
    assert type(model[0]) is nn.BatchNorm2d
