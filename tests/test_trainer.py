import json
import math
import random
import warnings

import numpy as np
import pytest
import torch
from tiny_training import log_lines, newest_state, same, same_runs, tiny_config, walks

import skelrep.train.trainer as trainer
from skelrep.config import AugmentConfig, EncoderConfig, ModelConfig, PreprocessConfig
from skelrep.errors import (
    ConfigError,
    OutputError,
    TrainingDivergedError,
)
from skelrep.models import SkeletonEncoder
from skelrep.read import ClipStore, as_clips
from skelrep.train import train_crossclr
from skelrep.train.checkpoint import find_checkpoints
from skelrep.train.data import as_store
from skelrep.train.run import Run
from skelrep.weights_io import load_model

CPU = torch.device("cpu")


def train(folder, config=None, clips=None, **options):
    clips = walks() if clips is None else clips
    return train_crossclr(
        clips, config or tiny_config(epochs=1), output_dir=folder, **({"device": "cpu"} | options)
    )


def random_encoder(seed=1, **fields):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        encoder = EncoderConfig(**({"base_channels": 4, "feature_channels": 16} | fields))
        return SkeletonEncoder(
            ModelConfig(encoder=encoder, preprocess=PreprocessConfig(recipe_name=encoder.recipe_name))
        )


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
@pytest.mark.parametrize("views", [("joint",), ("motion", "bone"), ("joint", "motion", "bone")])
def test_views_and_recipes(recipe, views, tmp_path):
    config = tiny_config(recipe, views=views, epochs=2)
    model = train(tmp_path, config)
    lines = log_lines(tmp_path)
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert [line["epoch"] for line in lines] == [1, 1, 2, 2]
    assert [line["stage"] for line in lines] == ([1] * 4 if len(views) == 1 else [1, 1, 2, 2])
    for line in lines:
        assert tuple(line["losses"]) == tuple(line["accuracy"]) == views
        assert line["loss"] == pytest.approx(sum(line["losses"].values()))
        assert all(0 <= share <= 1 for share in line["accuracy"].values())
    assert (model.views, model.training) == (views, False)
    assert json.loads((tmp_path / "config.json").read_text()) == model.config.to_dict()
    assert same(dict(load_model(tmp_path).state_dict()), dict(model.state_dict()))


def test_the_model_is_the_query_encoders(tmp_path):
    model = train(tmp_path)
    queries = {n: t for n, t in newest_state(tmp_path)["model"].items() if n.startswith("query_encoders.")}
    mine = {f"query_{name}": tensor for name, tensor in model.state_dict().items()}
    assert same(mine, queries)


def test_seeds(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(tmp_path / name, tiny_config("faithful", epochs=1, seed=seed))
    assert same_runs(tmp_path / "a", tmp_path / "b")
    assert not same_runs(tmp_path / "a", tmp_path / "c")


def test_loss_falls(tmp_path):
    augment = AugmentConfig(shear=0.1)
    config = tiny_config(
        views=("joint",), epochs=20, batch_size=8, momentum=0.9, learning_rate=5e-3, augment=augment
    )
    train(tmp_path, config, clips=walks(16))
    losses = [line["loss"] for line in log_lines(tmp_path)]
    chance = math.log(1 + 8)
    assert np.mean(losses[-8:]) < 0.5 * chance
    assert np.mean(losses[-8:]) < 0.8 * np.mean(losses[2:10])


def test_learning_rate_of_the_log_reaches_the_optimizer(tmp_path):
    train(tmp_path, tiny_config("faithful", decay_epoch=1, epochs=2, learning_rate=0.01))
    assert [line["lr"] for line in log_lines(tmp_path)] == pytest.approx([0.01] * 2 + [0.001] * 2)
    assert newest_state(tmp_path)["optimizer"]["param_groups"][0]["lr"] == pytest.approx(0.001)


@pytest.mark.parametrize(("clips", "batch_size", "steps"), [(2, 128, 1), (9, 4, 2), (3, 1, 3), (3, 2, 1)])
def test_any_batch_size(clips, batch_size, steps, tmp_path):
    train(tmp_path, tiny_config(epochs=1, batch_size=batch_size), clips=walks(clips))
    assert len(log_lines(tmp_path)) == steps


def test_two_bodies_and_a_store_on_disk(tmp_path):
    clips = walks(5) + walks(5, seed=1, bodies=2)
    ClipStore.from_clips(as_clips(clips)).save(tmp_path / "store")
    train(tmp_path / "list", clips=clips)
    train(tmp_path / "store run", clips=tmp_path / "store")
    assert same_runs(tmp_path / "list", tmp_path / "store run")


def test_divergence_keeps_the_last_good_checkpoint(tmp_path):
    config = tiny_config("faithful", learning_rate=1e30, weight_decay=0.0, checkpoint_steps=1)
    with pytest.raises(TrainingDivergedError, match=r"step \d.*Try a lower learning_rate") as caught:
        train(tmp_path, config)
    kept = find_checkpoints(tmp_path / "checkpoints")
    assert (str(kept[0]) if kept else "No checkpoint had been written") in str(caught.value)
    assert not (tmp_path / "model.safetensors").exists()


def make_nan_at(monkeypatch, step):
    """The loss of one step becomes NaN."""
    forward = trainer.Run.step

    def poisoned(run):
        if run.done + 1 == step:
            with torch.no_grad():
                next(run.model.query_heads.parameters()).fill_(math.nan)
        return forward(run)

    monkeypatch.setattr(Run, "step", poisoned)


def test_a_nan_loss_names_step_losses_and_checkpoint(tmp_path, monkeypatch):
    make_nan_at(monkeypatch, 3)
    with pytest.raises(TrainingDivergedError, match=r"at step 3 the losses are.*'joint': nan") as caught:
        train(tmp_path, tiny_config(checkpoint_steps=2))
    (kept,) = find_checkpoints(tmp_path / "checkpoints")
    assert f"The last good checkpoint is {kept}" in str(caught.value)
    assert all(torch.isfinite(tensor).all() for tensor in newest_state(tmp_path)["model"].values())
    assert len(log_lines(tmp_path)) == 2


def test_init(tmp_path):
    init = random_encoder(pooling="mean_std")
    run = Run(as_store(walks(), "fixed"), tiny_config(views=("motion",)), CPU, init)
    for encoders in (run.model.query_encoders, run.model.key_encoders):
        assert same(dict(encoders["motion"].state_dict()), dict(init.encoders["motion"].state_dict()))
    init.save_pretrained(tmp_path / "init")
    train(tmp_path / "model", init=init)
    train(tmp_path / "name", init=str(tmp_path / "init"))
    train(tmp_path / "none")
    assert same_runs(tmp_path / "model", tmp_path / "name")
    assert not same_runs(tmp_path / "model", tmp_path / "none")
    with pytest.raises(ValueError, match=r"init: '.*' there, None now"):
        train(tmp_path / "model")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"base_channels": 8}, r"base_channels 8 \(config: 4\)"),
        ({"feature_channels": 8}, r"feature_channels 8 \(config: 16\)"),
        ({"recipe_name": "faithful"}, "recipe_name 'faithful'"),
        ({"views": ("joint", "bone")}, r"also has \['motion'\]"),
    ],
)
def test_an_init_that_does_not_fit(fields, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        train(tmp_path / "out", init=random_encoder(**fields))
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(tmp_path):
    random_encoder().save_pretrained(tmp_path / "model")
    before = (tmp_path / "model" / "model.safetensors").read_bytes()
    with pytest.raises(OutputError, match=r"config\.json and model\.safetensors but no checkpoints"):
        train(tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == before
    train(tmp_path / "run")
    with pytest.raises(OutputError, match="already holds a run"):
        train(tmp_path / "run", resume=False)


@pytest.mark.parametrize("place", ["file", "file/below", "taken"])
def test_an_output_that_cannot_be_written(place, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "checkpoints").write_text("in the way")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(Run, "step", lambda run: pytest.fail("trained first"))
    with pytest.raises(OutputError, match="output_dir"):
        train(tmp_path / place)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_device_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="nonsense"):
        train(tmp_path / "out", device="nonsense")


def test_the_default_device_and_config(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "fit", lambda run, *_: configs.append((run.device.type, run.config)))
    configs = []
    train(tmp_path, trainer.PretrainConfig(), device=None)
    train_crossclr(walks(), output_dir=tmp_path / "again")
    assert configs == [("cuda" if torch.cuda.is_available() else "cpu", trainer.PretrainConfig())] * 2


def test_bfloat16(tmp_path):
    train(tmp_path / "half", tiny_config(views=("joint",), precision="bfloat16"))
    train(tmp_path / "full", tiny_config(views=("joint",)))
    half, full = ([line["loss"] for line in log_lines(tmp_path / name)] for name in ("half", "full"))
    assert half != full
    np.testing.assert_allclose(half[1:3], full[1:3], rtol=0.1)
    assert all(t.dtype != torch.bfloat16 for t in newest_state(tmp_path / "half")["model"].values())


def test_global_state_is_left_alone(tmp_path):
    def state():
        numpy_state = str(np.random.get_state())  # noqa: NPY002
        random_states = [torch.get_rng_state().tolist(), numpy_state, random.getstate()]
        modes = [torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype()]
        machine = [
            torch.get_num_threads(),
            torch.backends.cudnn.allow_tf32,
            torch.get_float32_matmul_precision(),
        ]
        return [*random_states, *modes, *machine, list(warnings.filters)]

    with torch.inference_mode():
        before = state()
        train(tmp_path, tiny_config("faithful", epochs=1), init=random_encoder(recipe_name="faithful"))
        assert state() == before


@pytest.mark.parametrize(("progress", "shown"), [(True, True), (False, False), (None, False)])
def test_progress(progress, shown, tmp_path, capsys):
    train(tmp_path, progress=progress)
    captured = capsys.readouterr()
    assert not captured.out
    assert ("2/2" in captured.err) == shown
    assert all((word in captured.err) == shown for word in ("loss", "accuracy", "stage 1"))
