"""`train_crossclr`: pretrain an encoder without labels, stoppable at any moment and resumable bit for bit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from numpy.typing import ArrayLike

from .._version import __version__
from ..config import PretrainConfig
from ..errors import TrainingDivergedError
from ..models import SkeletonEncoder
from .checkpoint import FOLDER_NAME, find_checkpoints, load_newest
from .distributed import Group
from .early_stopping import EarlyStopping, KnnMonitor
from .interrupt import deferred_interrupt
from .keeper import Keeper
from .launch import process_group
from .lock import folder_lock
from .run import Run, own_random_state
from .selection import digest_sample_weights, select_clips
from .setup import check_output, describe_run, prepare_folder, resolve_device, resolve_init


def train_crossclr(
    clips: object,
    config: PretrainConfig | None = None,
    *,
    output_dir: str | os.PathLike[str],
    init: SkeletonEncoder | str | os.PathLike[str] | None = None,
    resume: bool = True,
    monitor: KnnMonitor | None = None,
    sample_weights: ArrayLike | None = None,
    window: int | None = None,
    stride: int | None = None,
    device: str | torch.device | None = None,
    progress: bool | None = None,
) -> SkeletonEncoder:
    """Pretrain an encoder on clips without labels.

    With one view this is SkeletonCLR, with two or three CrosSCLR. `output_dir` receives `checkpoints/`,
    `log.jsonl` (a line a step) and, at the end, `config.json` and `model.safetensors`. A run that was
    stopped, or killed, goes on from its newest checkpoint when it is called again in the same way; on the CPU
    (same machine, same number of threads) the result is the same, bit for bit, as if it had never stopped.
    Ctrl-C finishes the step, writes a checkpoint and raises `KeyboardInterrupt`; a second Ctrl-C stops at
    once. SIGTERM does the same and raises ``SystemExit(143)``. The caller's random state and signal handlers
    are left as they were.

    Args:
        clips: anything that holds clips, such as a list of arrays (C, T, V, M) in metres, a folder, or a
            `skelrep.read.ClipStore`, which may be larger than memory; at least two.
        config: defaults to `PretrainConfig()`.
        output_dir: made where missing.
        init: encoder weights to begin with: a model, or a name that `load_pretrained` takes.
        resume: True goes on with the run in `output_dir`, where there is one (a finished one is returned as
            it is). Its configuration, data, `init`, `monitor` and `sample_weights` must be the same; only
            `checkpoint_steps`, `checkpoint_minutes`, `keep_checkpoints`, `on_bad_clip` and `recompute` may
            differ. False refuses an `output_dir` that holds a run.
        monitor: stop when 1-NN accuracy on these labelled clips stops improving, and return the weights of
            the best epoch; by default the last epoch's.
        sample_weights: (N,), 0 or more, how often each clip is trained on, relative to the others. An epoch
            has N clips all the same; one that is due c times comes floor(c) or ceil(c) times in it. With
            `window` each window has the weight of its recording. By default every clip comes once.
        window: cut every clip into windows of this many frames and train on these, without those that hold
            no body; they are copied into memory.
        stride: frames from one window's start to the next one's; by default `window`.
        device: default CUDA where there is one.
        progress: show a progress bar; None shows it in a terminal.

    Returns:
        The trained model on `device`, in eval mode.

    Raises:
        ShapeError, InvalidClipError: clips that cannot be used (`config.on_bad_clip`), or fewer than two.
        ConfigError: a configuration, weights, a window or an `init` that does not fit, or no such device.
        CheckpointError: the checkpoints belong to another run, or are all damaged.
        OutputError: `output_dir` cannot be written, another process trains into it, or it holds something
            that would be overwritten.
        TrainingDivergedError: the loss or the weights stopped being finite; the last good checkpoint stays.

    Warns:
        DataWarning: a damaged checkpoint was passed over; clips were left out.

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
    with own_random_state(target), process_group(target) as group:
        with group.together():
            if group.main:
                check_output(folder, resume)
            store, weights = select_clips(
                clips, config, window=window, stride=stride, sample_weights=sample_weights
            )
            start = resolve_init(init, config)
            watch = None if monitor is None else EarlyStopping(monitor, config.preprocess, target, group)
            run = Run(store, config, target, start, group, weights)
            identity = describe_run(store, config, start)
            identity["monitor"] = watch and watch.identity()
            identity["sample_weights"] = digest_sample_weights(weights)
        group.check_equal(identity)
        with own_folder(folder, group):
            go_on(run, folder, identity, watch)
            fit(run, folder, identity, watch, progress)
            encoder = run.encoder()
            if watch is not None:
                encoder.load_state_dict(watch.best_weights)
            with group.together():
                if group.main:
                    encoder.save_pretrained(folder)
    run.guard.warn()
    return encoder.to(target)


@contextmanager
def own_folder(folder: Path, group: Group) -> Iterator[None]:
    """A folder made ready, which no other run uses within the block; the first process sees to that."""
    with ExitStack() as stack:
        with group.together():
            if group.main:
                stack.enter_context(folder_lock(folder))
                prepare_folder(folder)
        yield


def go_on(run: Run, folder: Path, identity: dict[str, Any], watch: EarlyStopping | None) -> None:
    """Stand where the folder's newest checkpoint was written; at the beginning where there is none."""
    state = run.group.from_main(lambda: load_newest(folder / FOLDER_NAME, identity))
    run.guard.keep_in(folder)
    if state is not None:
        run.load_state(state)
        if watch is not None:
            watch.load_state(state["monitor"])


def fit(
    run: Run, folder: Path, identity: dict[str, Any], watch: EarlyStopping | None, progress: bool | None
) -> None:
    """Take the steps that are left, with log, bar and checkpoints; SIGINT and SIGTERM end it well."""
    group = run.group
    with ExitStack() as stack:
        stack.enter_context(naming_last_good(folder))
        interrupt = stack.enter_context(deferred_interrupt())
        with group.together():
            keeper = stack.enter_context(Keeper(run, folder, progress)) if group.main else None
        while not finished(run, watch):
            record = run.step()
            if watch is not None and run.done % run.order.steps_per_epoch == 0:
                watch.update(run.encoder().to(run.device))
            interrupt.agree(group)
            last = interrupt.requested or finished(run, watch)
            with group.together():
                if keeper is not None:
                    keeper.keep(record, last, partial(checkpoint_of, run, identity, watch))
            if interrupt.requested:
                break
        interrupt.raise_if_requested()


def finished(run: Run, watch: EarlyStopping | None) -> bool:
    """All steps taken, or stopped early."""
    return run.done >= run.total or (watch is not None and watch.stopped)


def checkpoint_of(run: Run, identity: dict[str, Any], watch: EarlyStopping | None) -> dict[str, Any]:
    """What a checkpoint holds of the run as it stands."""
    versions = {"skelrep": __version__, "torch": str(torch.__version__)}
    return run.state() | {"run": identity, "versions": versions, "monitor": watch and watch.state()}


@contextmanager
def naming_last_good(folder: Path) -> Iterator[None]:
    """Add to a divergence where to go on from."""
    try:
        yield
    except TrainingDivergedError as error:
        paths = find_checkpoints(folder / FOLDER_NAME)
        last = f"The last good checkpoint is {paths[0]}." if paths else "No checkpoint had been written yet."
        raise TrainingDivergedError(f"Training diverged: {error} {last}") from error
