"""`train_crossclr`: pretrain an encoder without labels, stoppable at any moment and resumable bit for bit."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import torch

from .._version import __version__
from ..config import PretrainConfig
from ..errors import ConfigError, OutputError, TrainingDivergedError
from ..models import SkeletonEncoder
from ..read import ClipStore
from .checkpoint import FOLDER_NAME, find_checkpoints, load_newest, save_checkpoint
from .data import as_store, fingerprint
from .interrupt import deferred_interrupt
from .log import LOG_NAME, ProgressBar, TrainingLog
from .run import Run, own_random_state

MODEL_FILES = ("config.json", "model.safetensors")
SAME_ARCHITECTURE = ("recipe_name", "base_channels", "feature_channels")


def train_crossclr(
    clips: object,
    config: PretrainConfig | None = None,
    *,
    output_dir: str | os.PathLike[str],
    init: SkeletonEncoder | str | os.PathLike[str] | None = None,
    resume: bool = True,
    device: str | torch.device | None = None,
    progress: bool | None = None,
) -> SkeletonEncoder:
    """Pretrain an encoder on clips without labels.

    With one view this is SkeletonCLR, with two or three CrosSCLR. `output_dir` receives `checkpoints/`,
    `log.jsonl` (a line a step) and, at the end, `config.json` and `model.safetensors`. A run that was stopped,
    or killed, goes on from its newest checkpoint when it is called again in the same way; on the CPU the result
    is the same, bit for bit, as if it had never stopped. Ctrl-C finishes the step, writes a checkpoint and raises
    `KeyboardInterrupt`; a second Ctrl-C stops at once.

    Args:
        clips: anything that holds clips, such as arrays (C, T, V, M) in metres, or a `skelrep.read.ClipStore`;
            at least two.
        config: defaults to `PretrainConfig()`.
        output_dir: made where missing.
        init: encoder weights to begin with: a model, or a name that `load_pretrained` takes.
        resume: True goes on with the run in `output_dir`, where there is one (a finished one is returned as it
            is). Its configuration, data and `init` must be the same; only `checkpoint_steps` and
            `keep_checkpoints` may differ. False refuses an `output_dir` that holds a run.
        device: default CUDA where there is one.
        progress: show a progress bar; None shows it in a terminal.

    Returns:
        The trained model on `device`, in eval mode.

    Raises:
        ShapeError, InvalidClipError: clips that cannot be used, or fewer than two.
        ConfigError: a configuration that does not fit the data, or an `init` that does not fit it.
        CheckpointError: the checkpoints belong to another run, or are all damaged.
        OutputError: `output_dir` cannot be written, or holds something that would be overwritten.
        TrainingDivergedError: the loss or the weights stopped being finite; the last good checkpoint stays.

    Source:
        Li et al., "3D Human Action Representation Learning via Cross-View Consistency Pursuit", CVPR 2021.

    Example:
        >>> import tempfile, numpy as np
        >>> from skelrep.config import EncoderConfig
        >>> clips = [np.random.default_rng(i).normal(size=(3, 20, 25, 1)).astype("float32") for i in range(4)]
        >>> config = PretrainConfig(encoder=EncoderConfig(views=("joint",), base_channels=4), epochs=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model = train_crossclr(clips, config, output_dir=folder, device="cpu")
        >>> model.embedding_dim
        256
    """
    config = PretrainConfig() if config is None else config
    folder, target = Path(output_dir), resolve_device(device)
    check_output(folder, resume)
    store = as_store(clips)
    with own_random_state(target):
        start = resolve_init(init, config)
        run = Run(store, config, target, start)
        identity = describe_run(store, config, start)
        state = load_newest(folder / FOLDER_NAME, identity)
        if state is not None:
            run.load_state(state)
        fit(run, folder, identity, progress)
        encoder = run.encoder()
        encoder.save_pretrained(folder)
    return encoder.to(target)


def fit(run: Run, folder: Path, identity: dict[str, Any], progress: bool | None) -> None:
    """Take the steps that are left, with log, bar and checkpoints."""
    make_folder(folder / FOLDER_NAME)
    log = TrainingLog(folder / LOG_NAME, run.done)
    bar = ProgressBar(run.total, run.done, progress)
    try:
        with deferred_interrupt() as interrupt:
            while run.done < run.total:
                record = run.step()
                log.write(record)
                bar.update(record)
                due = run.done % run.config.checkpoint_steps == 0 or run.done == run.total
                if due or interrupt.requested:
                    save(run, folder, identity)
                interrupt.raise_if_requested()
    except TrainingDivergedError as error:
        raise TrainingDivergedError(f"Training diverged: {error} {describe_last_good(folder)}") from error
    finally:
        bar.close()
        log.close()


def save(run: Run, folder: Path, identity: dict[str, Any]) -> None:
    """Write a checkpoint of the run as it stands."""
    state = run.state() | {"run": identity, "versions": {"skelrep": __version__, "torch": torch.__version__}}
    save_checkpoint(folder / FOLDER_NAME, state, run.config.keep_checkpoints)


def describe_run(store: ClipStore, config: PretrainConfig, init: SkeletonEncoder | None) -> dict[str, Any]:
    """What must be the same for a checkpoint to belong to this run."""
    return {"config": config.to_dict(), "data": fingerprint(store), "init": digest_weights(init)}


def digest_weights(model: SkeletonEncoder | None) -> str | None:
    """Identify a model by its weights; None for none."""
    if model is None:
        return None
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def describe_last_good(folder: Path) -> str:
    """Where to go on from after a divergence."""
    paths = find_checkpoints(folder / FOLDER_NAME)
    return f"The last good checkpoint is {paths[0]}." if paths else "No checkpoint had been written yet."


def make_folder(folder: Path) -> None:
    """Make the checkpoints' folder before the first step rather than fail after hours of training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}: {error.strerror or error}. Pass another output_dir."
        ) from error


def check_output(folder: Path, resume: bool) -> None:
    """Raise `OutputError` where `folder` is a file, or training there would overwrite what is not this run's."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"output_dir {folder} is a file; expected a folder, or a name not yet taken.")
    has_run = bool(find_checkpoints(folder / FOLDER_NAME))
    model = [name for name in MODEL_FILES if (folder / name).exists()]
    if not resume and (has_run or model or (folder / LOG_NAME).exists()):
        raise OutputError(
            f"output_dir {folder} already holds a run. Pass resume=True to go on with it, or another output_dir."
        )
    if model and not has_run:
        raise OutputError(
            f"output_dir {folder} holds {' and '.join(model)} but no checkpoints of a run, and training would "
            "overwrite that model. Pass another output_dir (and this one as init to begin with its weights)."
        )


def resolve_device(device: str | torch.device | None) -> torch.device:
    """The device to train on, with its number."""
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    target = torch.device(device)
    if target.type == "cuda" and target.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return target


def resolve_init(init: object, config: PretrainConfig) -> SkeletonEncoder | None:
    """Load `init` where it is a name, and check that the run can begin with it."""
    if init is None:
        return None
    if not isinstance(init, SkeletonEncoder):
        from ..pretrained import load_pretrained

        init = load_pretrained(init)  # type: ignore[arg-type]
    have, want = init.config.encoder, config.encoder
    differing = [f for f in SAME_ARCHITECTURE if getattr(have, f) != getattr(want, f)]
    if differing:
        listed = ", ".join(f"{f} {getattr(have, f)!r} (config: {getattr(want, f)!r})" for f in differing)
        raise ConfigError(
            f"init does not fit the config: it has {listed}. Give both the same encoder settings."
        )
    missing = [view for view in want.views if view not in have.views]
    if missing:
        raise ConfigError(f"init has the views {have.views}, but the config also trains {missing}.")
    return init
