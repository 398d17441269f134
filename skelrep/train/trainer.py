"""`train_crossclr`: pretrain an encoder without labels, stoppable at any moment and resumable bit for bit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from .._version import __version__
from ..config import PretrainConfig
from ..errors import TrainingDivergedError
from ..models import SkeletonEncoder
from .checkpoint import FOLDER_NAME, find_checkpoints, load_newest, save_checkpoint
from .data import as_store
from .early_stopping import EarlyStopping, KnnMonitor
from .interrupt import deferred_interrupt
from .log import LOG_NAME, ProgressBar, TrainingLog
from .run import Run, own_random_state
from .setup import check_output, describe_run, make_folder, resolve_device, resolve_init


def train_crossclr(
    clips: object,
    config: PretrainConfig | None = None,
    *,
    output_dir: str | os.PathLike[str],
    init: SkeletonEncoder | str | os.PathLike[str] | None = None,
    resume: bool = True,
    monitor: KnnMonitor | None = None,
    device: str | torch.device | None = None,
    progress: bool | None = None,
) -> SkeletonEncoder:
    """Pretrain an encoder on clips without labels.

    With one view this is SkeletonCLR, with two or three CrosSCLR. `output_dir` receives `checkpoints/`,
    `log.jsonl` (a line a step) and, at the end, `config.json` and `model.safetensors`. A run that was
    stopped, or killed, goes on from its newest checkpoint when it is called again in the same way; on the CPU
    (same machine, same number of threads) the result is the same, bit for bit, as if it had never stopped.
    Ctrl-C finishes the step, writes a checkpoint and raises `KeyboardInterrupt`; a second Ctrl-C stops at
    once. The caller's random state is left as it was.

    Args:
        clips: anything that holds clips, such as a list of arrays (C, T, V, M) in metres, a folder, or a
            `skelrep.read.ClipStore`, which may be larger than memory; at least two.
        config: defaults to `PretrainConfig()`.
        output_dir: made where missing.
        init: encoder weights to begin with: a model, or a name that `load_pretrained` takes.
        resume: True goes on with the run in `output_dir`, where there is one (a finished one is returned as
            it is). Its configuration, data, `init` and `monitor` must be the same; only
            `checkpoint_steps`, `keep_checkpoints` and `recompute` may differ. False refuses an `output_dir`
            that holds a run.
        monitor: stop when 1-NN accuracy on these labelled clips stops improving, and return the weights of
            the best epoch; by default the last epoch's.
        device: default CUDA where there is one.
        progress: show a progress bar; None shows it in a terminal.

    Returns:
        The trained model on `device`, in eval mode.

    Raises:
        ShapeError, InvalidClipError: clips that cannot be used, or fewer than two.
        ConfigError: a configuration or an `init` that does not fit, or no such device.
        CheckpointError: the checkpoints belong to another run, or are all damaged.
        OutputError: `output_dir` cannot be written, or holds something that would be overwritten.
        TrainingDivergedError: the loss or the weights stopped being finite; the last good checkpoint stays.

    Source:
        Li et al., "3D Human Action Representation Learning via Cross-View Consistency Pursuit", CVPR 2021.

    Example:
        >>> import tempfile, numpy as np
        >>> from skelrep.config import EncoderConfig
        >>> clips = [np.random.default_rng(i).normal(0, 0.3, (3, 20, 25, 1)) for i in range(4)]
        >>> config = PretrainConfig(encoder=EncoderConfig(views=("joint",), base_channels=4), epochs=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model = train_crossclr(clips, config, output_dir=folder, device="cpu")
        >>> model.embedding_dim
        256
    """
    config = PretrainConfig() if config is None else config
    folder, target = Path(output_dir), resolve_device(device)
    check_output(folder, resume)
    store = as_store(clips, config.recipe_name)
    with own_random_state(target):
        start = resolve_init(init, config)
        watch = None if monitor is None else EarlyStopping(monitor, config.preprocess, target)
        run = Run(store, config, target, start)
        identity = describe_run(store, config, start) | {"monitor": watch and watch.identity()}
        state = load_newest(folder / FOLDER_NAME, identity)
        if state is not None:
            run.load_state(state)
            if watch is not None:
                watch.load_state(state["monitor"])
        fit(run, folder, identity, watch, progress)
        encoder = run.encoder()
        if watch is not None:
            encoder.load_state_dict(watch.best_weights)
        encoder.save_pretrained(folder)
    return encoder.to(target)


def fit(
    run: Run, folder: Path, identity: dict[str, Any], watch: EarlyStopping | None, progress: bool | None
) -> None:
    """Take the steps that are left, with log, bar and checkpoints."""
    make_folder(folder / FOLDER_NAME)
    log = TrainingLog(folder / LOG_NAME, run.done)
    bar = ProgressBar(run.total, run.done, progress)
    try:
        with deferred_interrupt() as interrupt:
            while not finished(run, watch):
                record = run.step()
                log.write(record)
                bar.update(record)
                if watch is not None and run.done % run.order.steps_per_epoch == 0:
                    watch.update(run.encoder().to(run.device))
                due = run.done % run.config.checkpoint_steps == 0 or finished(run, watch)
                if due or interrupt.requested:
                    save(run, folder, identity, watch)
                interrupt.raise_if_requested()
    except TrainingDivergedError as error:
        raise TrainingDivergedError(f"Training diverged: {error} {describe_last_good(folder)}") from error
    finally:
        bar.close()
        log.close()


def finished(run: Run, watch: EarlyStopping | None) -> bool:
    """All steps taken, or stopped early."""
    return run.done >= run.total or (watch is not None and watch.stopped)


def save(run: Run, folder: Path, identity: dict[str, Any], watch: EarlyStopping | None) -> None:
    """Write a checkpoint of the run as it stands."""
    versions = {"skelrep": __version__, "torch": str(torch.__version__)}
    state = run.state() | {"run": identity, "versions": versions, "monitor": watch and watch.state()}
    save_checkpoint(folder / FOLDER_NAME, state, run.config.keep_checkpoints)


def describe_last_good(folder: Path) -> str:
    """Where to go on from after a divergence."""
    paths = find_checkpoints(folder / FOLDER_NAME)
    return f"The last good checkpoint is {paths[0]}." if paths else "No checkpoint had been written yet."
