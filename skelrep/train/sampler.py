"""The order of clips and every seed, as pure functions of (seed, step): resuming needs no saved random state.

Steps and epochs are numbered from 1; step s is the s-th batch of the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Purpose = Literal["order", "weights", "augment", "dropout", "choice"]
PURPOSES: tuple[Purpose, ...] = ("order", "weights", "augment", "dropout", "choice")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One step's clips.

    Attributes:
        epoch: 1-based pass over the data.
        index: 0-based batch within the epoch.
        clips: int64 (B,), positions in the store.
    """

    epoch: int
    index: int
    clips: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Share:
    """One process's part of a batch: consecutive clips, so that parts one after another are the batch.

    Parts differ by one clip at most; where there are more processes than clips, some get none.

    Attributes:
        total: clips of the whole batch.
        rank, size: the process's number, and how many there are.

    Example:
        >>> [Share(total=5, rank=rank, size=3).here for rank in range(3)]
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """

    total: int
    rank: int = 0
    size: int = 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """Clips of every process."""
        each, rest = divmod(self.total, self.size)
        return tuple(each + (rank < rest) for rank in range(self.size))

    @property
    def here(self) -> slice:
        """The clips of this process."""
        return slice(sum(self.sizes[: self.rank]), sum(self.sizes[: self.rank + 1]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Order:
    """Which clips each step sees; every clip once an epoch, or as often as its weight says.

    Attributes:
        seed: of the run.
        num_clips, batch_size: at least 1 each. The last batch of an epoch is shorter where the numbers do not
            divide; a last batch of one clip joins the batch before it, because one clip alone makes poor
            batch statistics.
        weights: float64 (num_clips,), 0 or more, see `weighted_order`; None for every clip once.
    """

    seed: int
    num_clips: int
    batch_size: int
    weights: NDArray[np.float64] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch.

        Example:
            >>> [Order(seed=0, num_clips=n, batch_size=4).steps_per_epoch for n in (3, 8, 9, 10)]
            [1, 2, 2, 3]
        """
        full, rest = divmod(self.num_clips, self.batch_size)
        alone = rest == 1 and full > 0
        return full + (rest > 0 and not alone)

    def epoch_of(self, step: int) -> int:
        """The 1-based epoch of a 1-based step."""
        return (step - 1) // self.steps_per_epoch + 1

    def batch_at(self, step: int) -> Batch:
        """The clips of a 1-based step."""
        epoch, index = self.epoch_of(step), (step - 1) % self.steps_per_epoch
        start = index * self.batch_size
        stop = None if index == self.steps_per_epoch - 1 else start + self.batch_size
        if self.weights is None:
            order = epoch_order(self.seed, epoch, self.num_clips)
        else:
            order = weighted_order(self.seed, epoch, self.weights)
        return Batch(epoch=epoch, index=index, clips=order[start:stop])


def epoch_order(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """A permutation of n clips, fixed by the seed and the epoch.

    Raw bits are sorted instead of calling numpy's `permutation`: numpy keeps the bits of its generators from
    version to version, but not what its distributions make of them.

    Returns:
        int64 (n,).

    Example:
        >>> sorted(epoch_order(0, 1, 5).tolist())
        [0, 1, 2, 3, 4]
    """
    bits = np.random.PCG64(_sequence(seed, "order", epoch)).random_raw(n)
    return np.argsort(bits, kind="stable").astype(np.int64)


def weighted_order(seed: int, epoch: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """As many clips as there are, each in proportion to its weight, in the order of `epoch_order`.

    A clip that is due c times on average comes floor(c) or ceil(c) times in every epoch (systematic
    sampling), which is as close to "without replacement" as weights allow; equal weights give `epoch_order`.

    Returns:
        int64 (n,).

    Example:
        >>> sorted(weighted_order(0, 1, np.array([3.0, 1.0, 0.0, 0.0])).tolist())
        [0, 0, 0, 1]
    """
    n, due = len(weights), np.cumsum(weights)
    offset = (int(np.random.PCG64(_sequence(seed, "choice", epoch)).random_raw()) >> 11) * 2.0**-53
    stops = np.minimum(np.floor(due / due[-1] * n + offset), n).astype(np.int64)
    chosen = np.repeat(np.arange(n, dtype=np.int64), np.diff(stops, prepend=0))
    return chosen[epoch_order(seed, epoch, n)]


def seed_for(seed: int, purpose: Purpose, step: int = 0) -> int:
    """A seed for one purpose at one step, unrelated to those of other purposes and steps; 0 <= s < 2**63."""
    return int(_sequence(seed, purpose, step).generate_state(1, np.uint64)[0]) >> 1


def _sequence(seed: int, purpose: Purpose, number: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, PURPOSES.index(purpose), number])
