"""How long a run will take, told before it starts."""

from __future__ import annotations

import statistics

import torch

from ..config import PretrainConfig
from .run import Run, own_random_state, stage_of
from .setup import resolve_device
from .usable import training_store


def estimate_training_time(
    clips: object,
    config: PretrainConfig | None = None,
    *,
    device: str | torch.device | None = None,
    steps: int = 2,
) -> float:
    """Seconds that `train_crossclr` will take on these clips, from steps of a model that is thrown away.

    The run itself is not begun: its weights, random state and folder are not touched.

    Args:
        clips, config, device: as for `train_crossclr`.
        steps: timed in each of the two stages, after one that is not timed.

    Returns:
        The median time of a step, stage by stage, times their steps. Reading files, checkpoints and whatever
        else the machine does come on top.

    Raises:
        ShapeError, InvalidClipError, ConfigError: as for `train_crossclr`.

    Example:
        >>> import numpy as np
        >>> from skelrep.config import EncoderConfig
        >>> clips = [np.random.default_rng(i).normal(0, 0.3, (3, 20, 25, 1)) for i in range(4)]
        >>> config = PretrainConfig(encoder=EncoderConfig(views=("joint",), base_channels=4), epochs=10)
        >>> 0 < estimate_training_time(clips, config, device="cpu") < 600
        True
    """
    config = PretrainConfig() if config is None else config
    target = resolve_device(device)
    with own_random_state(target):
        run = Run(training_store(clips, config), config, target, None)
        stages = [stage_of(config, run.order.epoch_of(step)) for step in range(1, run.total + 1)]
        seconds = 0.0
        for stage in sorted(set(stages)):
            run.done = stages.index(stage)
            last = min(run.done + 1 + steps, run.total)
            times = [run.step().seconds for _ in range(run.done, last)]
            seconds += statistics.median(times[1:] or times) * stages.count(stage)
    return seconds
