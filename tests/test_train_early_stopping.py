"""Early stopping by 1-NN: what is kept, when it stops, and that a resumed run equals one never stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import tiny_config, walks

from skelrep.errors import CheckpointError, ConfigError, ShapeError
from skelrep.train import KnnMonitor, early_stopping, train_crossclr, writer
from skelrep.train.early_stopping import EarlyStopping, class_numbers, leave_one_out

LABELS = ["walk", "walk", "wave", "wave", "wave", "sit"]


def monitor(patience: int = 5) -> KnnMonitor:
    return KnnMonitor(clips=walks(6, seed=9), labels=LABELS, patience=patience)


def test_leave_one_out_equals_a_loop() -> None:
    vectors = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    classes = torch.arange(30) % 3
    hits = 0
    for n, row in enumerate(vectors.numpy()):
        cosines = [
            -np.inf if m == n else row @ other / np.linalg.norm(row) / np.linalg.norm(other)
            for m, other in enumerate(vectors.numpy())
        ]
        hits += int(classes[int(np.argmax(cosines))] == classes[n])
    assert leave_one_out(vectors, classes) == pytest.approx(hits / 30)


def test_labels_of_any_kind() -> None:
    assert class_numbers(["b", 3, "b", None]).tolist() == [0, 1, 0, 2]


def watch_of(accuracies: list[float], patience: int) -> EarlyStopping:
    watch = EarlyStopping(monitor(patience), tiny_config().preprocess, torch.device("cpu"))
    watch.accuracies = accuracies
    return watch


@pytest.mark.parametrize(
    ("accuracies", "best", "stopped"),
    [
        ([], 0, False),
        ([0.5], 1, False),
        ([0.5, 0.4], 1, False),
        ([0.5, 0.4, 0.5], 1, True),
        ([0.1, 0.4, 0.3], 2, False),
    ],
)
def test_patience(accuracies: list[float], best: int, stopped: bool) -> None:
    watch = watch_of(accuracies, patience=2)
    assert (watch.best_epoch, watch.stopped) == (best, stopped)


def test_stops_and_returns_the_best_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, torch.Tensor]] = []

    def judge(vectors: torch.Tensor, classes: torch.Tensor) -> float:
        assert len(vectors) == len(classes) == 6
        return [0.2, 0.6, 0.5, 0.4][len(seen)]

    real = EarlyStopping.update

    def update(self: EarlyStopping, encoder: torch.nn.Module) -> None:
        real(self, encoder)  # type: ignore[arg-type]
        seen.append({k: v.clone() for k, v in encoder.state_dict().items()})

    monkeypatch.setattr(early_stopping, "leave_one_out", judge)
    monkeypatch.setattr(EarlyStopping, "update", update)
    config = tiny_config(epochs=9, cross_view_epoch=9, checkpoint_steps=1)

    def run() -> dict[str, torch.Tensor]:
        watched = monitor(patience=2)
        return train_crossclr(
            walks(), config, output_dir=tmp_path, monitor=watched, device="cpu"
        ).state_dict()

    first, finished_already = run(), run()
    assert len(seen) == 4
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 4 * 2
    for name, tensor in seen[1].items():
        assert torch.equal(first[name], tensor), name
        assert torch.equal(finished_already[name], tensor), name
    assert any(not torch.equal(first[name], tensor) for name, tensor in seen[3].items())


@pytest.mark.parametrize("stop_after", [1, 3])
def test_resumed_equals_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    config = tiny_config(checkpoint_steps=1)
    whole = train_crossclr(walks(), config, output_dir=tmp_path / "whole", monitor=monitor(), device="cpu")
    real = writer.CheckpointWriter.save

    def save_then_die(self: writer.CheckpointWriter, state: dict[str, object]) -> None:
        real(self, state)
        if state["step"] == stop_after:
            raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(writer.CheckpointWriter, "save", save_then_die)
        with pytest.raises(RuntimeError, match="killed"):
            train_crossclr(walks(), config, output_dir=tmp_path / "cut", monitor=monitor(), device="cpu")
    resumed = train_crossclr(walks(), config, output_dir=tmp_path / "cut", monitor=monitor(), device="cpu")
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_watching_does_not_change_the_training(tmp_path: Path) -> None:
    train_crossclr(walks(), tiny_config(), output_dir=tmp_path / "a", monitor=monitor(), device="cpu")
    train_crossclr(walks(), tiny_config(), output_dir=tmp_path / "b", device="cpu")
    losses = [
        [
            line.split('"loss": ')[1].split(",")[0]
            for line in (tmp_path / x / "log.jsonl").read_text().splitlines()
        ]
        for x in "ab"
    ]
    assert losses[0] == losses[1]


def test_another_monitor_is_another_run(tmp_path: Path) -> None:
    train_crossclr(walks(), tiny_config(epochs=1), output_dir=tmp_path, monitor=monitor(), device="cpu")
    with pytest.raises(CheckpointError, match="monitor"):
        train_crossclr(walks(), tiny_config(epochs=1), output_dir=tmp_path, monitor=monitor(3), device="cpu")


@pytest.mark.parametrize(
    ("labels", "patience", "error"),
    [(["a"] * 6, 5, ConfigError), (list("abcdef"), 5, ConfigError), (LABELS, 0, ConfigError)],
)
def test_impossible_monitors(labels: list[str], patience: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="expected"):
        KnnMonitor(clips=walks(6), labels=labels, patience=patience)


def test_one_label_a_clip(tmp_path: Path) -> None:
    wrong = KnnMonitor(clips=walks(4), labels=LABELS)
    with pytest.raises(ShapeError, match="4 clips and 6 labels"):
        train_crossclr(walks(), tiny_config(), output_dir=tmp_path, monitor=wrong, device="cpu")
