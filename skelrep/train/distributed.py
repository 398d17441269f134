"""The processes of one run, and the few things they tell each other; one process tells nobody anything.

Every process holds the whole model and a part of each batch. What a process asks of the others it asks
through `Group`, in the same order on all of them. torchrun (or the caller) starts the processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import Parameter

from ..errors import ConfigError, PeerError
from .checkpoint import flatten
from .sampler import Share

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Group:
    """The processes that train one model together.

    Attributes:
        rank: this process's number, from 0.
        size: how many there are.
        device: where what they send each other lies.
    """

    rank: int
    size: int
    device: torch.device

    @classmethod
    def single(cls) -> Group:
        """A process on its own."""
        return cls(rank=0, size=1, device=torch.device("cpu"))

    @property
    def main(self) -> bool:
        """Whether this is the process that reads and writes files of the run."""
        return self.rank == 0

    def share(self, count: int) -> Share:
        """This process's part of `count` clips."""
        return Share(total=count, rank=self.rank, size=self.size)

    def gather(self, rows: Tensor, sizes: tuple[int, ...]) -> Tensor:
        """All processes' rows, in order; the gradient of one's own rows is that of the gathered ones.

        Right only for what every process then computes alike: a loss of all rows is one loss, not `size`.

        Args:
            rows: float (sizes[rank], D).
            sizes: rows of each process.

        Returns:
            float (sum(sizes), D).
        """
        return rows if self.size == 1 else GatherRows.apply(rows, sizes, self.rank)  # type: ignore[no-untyped-call]

    def collect(self, values: Tensor) -> Tensor:
        """Every process's values, one row each: (size, ...); shapes are equal, gradients stop."""
        if self.size == 1:
            return values.unsqueeze(0)
        everyone = [torch.empty_like(values) for _ in range(self.size)]
        with hearing():
            dist.all_gather(everyone, values.contiguous())
        return torch.stack(everyone)

    def sum(self, values: Tensor) -> Tensor:
        """Add up every process's values, in place."""
        if self.size > 1:
            with hearing():
                dist.all_reduce(values)
        return values

    def sum_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Give every process the gradient of the whole batch, from those of the parts.

        One message for all: a few megabytes, too little to be worth sending in pieces during `backward`.
        """
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = self.sum(torch.cat([gradient.flatten() for gradient in gradients]))
        pieces = torch.split(flat, [gradient.numel() for gradient in gradients])
        shaped = [piece.view_as(g) for piece, g in zip(pieces, gradients, strict=True)]
        torch._foreach_copy_(gradients, shaped)

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in some process: all of them get the same answer."""
        return self.highest(int(flag)) > 0

    def highest(self, number: int) -> int:
        """The highest of all processes' numbers."""
        if self.size == 1:
            return number
        numbers = torch.tensor([number], device=self.device)
        with hearing():
            dist.all_reduce(numbers, dist.ReduceOp.MAX)
        return int(numbers.item())

    def join(self, items: list[T]) -> list[T]:
        """Every process's items, one process's after another's; cheap where there are none."""
        if self.size == 1 or not self.any(bool(items)):
            return items
        lists: list[list[T]] = [[]] * self.size
        with hearing():
            dist.all_gather_object(lists, items)
        return [item for part in lists for item in part]

    @contextmanager
    def together(self) -> Iterator[None]:
        """All processes leave the block in peace, or all with an error; the block itself sends nothing.

        Raises:
            PeerError: the block failed in another process only.
        """
        if self.size == 1:
            yield
            return
        error: Exception | None = None
        try:
            yield
        except Exception as caught:
            error = caught
        if self.any(error is not None):
            self._fail(error)

    def from_main(self, make: Callable[[], T]) -> T:
        """What process 0 makes, given to all; where it fails, all fail."""
        if self.size == 1:
            return make()
        made: list[T | None] = [None]
        with self.together():
            if self.main:
                made = [make()]
        with hearing():
            dist.broadcast_object_list(made, src=0, device=self.device)
        return made[0]  # type: ignore[return-value]

    def check_equal(self, what: Mapping[str, Any]) -> None:
        """Refuse processes that were called in different ways.

        Raises:
            ConfigError: on every process; it names the fields that differ from process 0's.
        """
        if self.size == 1:
            return
        first, mine = self.from_main(lambda: flatten(what)), flatten(what)
        names = [n for n in dict.fromkeys([*first, *mine]) if first.get(n) != mine.get(n)]
        with self.together():
            if names:
                fields = "; ".join(f"{n}: {first.get(n)!r} there, {mine.get(n)!r} here" for n in names)
                raise ConfigError(
                    f"process {self.rank} was called otherwise than process 0 ({fields}). Give all processes "
                    "the same clips, config, init and monitor."
                )

    def _fail(self, error: Exception | None) -> None:
        reasons: list[str | None] = [None] * self.size
        with hearing():
            dist.all_gather_object(reasons, error and f"{type(error).__name__}: {error}")
        if error is not None:
            raise error
        rank, reason = next((n, text) for n, text in enumerate(reasons) if text)
        raise PeerError(f"process {rank} of {self.size} failed, so this one stops too: {reason}")


@contextmanager
def hearing() -> Iterator[None]:
    """Say it in our words when a message fails: the others are gone."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise PeerError(
            f"another process of this run has ended or cannot be reached ({reason}). Start all of them "
            "again; the run goes on from its newest checkpoint."
        ) from error


class GatherRows(torch.autograd.Function):
    """`Group.gather` with its gradient."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, sizes: tuple[int, ...], rank: int) -> Tensor:
        ctx.start, ctx.stop = sum(sizes[:rank]), sum(sizes[: rank + 1])
        # Backends send equal sizes only: short parts are filled up, and cut to size again.
        padded = rows.new_zeros(max(sizes), *rows.shape[1:])
        padded[: len(rows)] = rows
        everyone = [torch.empty_like(padded) for _ in sizes]
        with hearing():
            dist.all_gather(everyone, padded)
        return torch.cat([part[:n] for part, n in zip(everyone, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient[ctx.start : ctx.stop], None, None
