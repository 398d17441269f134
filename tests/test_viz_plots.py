"""Training curves, the map of an embedding, and `skelrep draw`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from tiny_training import walks

from skelrep import viz
from skelrep.cli import main
from skelrep.errors import ConfigError, FormatError, MissingDependencyError, VectorsError
from skelrep.train.log import StepRecord
from skelrep.viz.curves import VIEW_COLOURS, smooth
from skelrep.viz.map import COLOURS, SHAPES


def record(step: int, stage: int = 1) -> StepRecord:
    return StepRecord(
        step=step, epoch=1, stage=stage, loss=2.0, losses={"joint": 5.0 + stage, "bone": 3.0},
        accuracy={"joint": 0.5, "bone": 0.25}, lr=0.1 / step, seconds=1.0,
    )  # fmt: skip


def test_curves_show_each_view_and_where_mining_begins() -> None:
    records = [record(step, 1 + (step > 30)) for step in range(1, 51)]
    loss, accuracy, rate = viz.plot_curves(records, title="a $run").axes
    strong = [line for line in loss.lines if line.get_linewidth() == 1.8]
    assert [to_hex(line.get_color()) for line in strong] == [VIEW_COLOURS["joint"]] * 2 + [
        VIEW_COLOURS["bone"]
    ] * 2
    np.testing.assert_allclose([np.ptp(line.get_ydata()) for line in strong], 0, atol=1e-12)
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["joint", "bone"]
    assert [text.get_text() for text in loss.texts] == ["cross-view mining"]
    for axes in (loss, accuracy, rate):
        assert axes.lines[-1].get_xdata()[0] == 31
    np.testing.assert_array_equal(rate.lines[0].get_ydata(), [one.lr for one in records])


def test_short_and_empty_logs() -> None:
    loss, *_ = viz.plot_curves([record(1, 2), record(2, 2)]).axes
    assert not loss.texts
    assert loss.lines[0].get_marker() == "."
    with pytest.raises(FormatError, match="no steps"):
        viz.plot_curves([])


@pytest.mark.parametrize("window", [1, 3, 5, 99])
def test_smooth_is_the_mean_of_what_is_there(window: int) -> None:
    values = np.random.default_rng(0).normal(size=20)
    values[[4, 5]] = np.nan
    half = min(window, 20) // 2
    oracle = [np.nanmean(np.append(values[max(0, i - half) : i + half + min(window, 20) % 2], 0)[:-1])
              for i in range(20) if window > 1]  # fmt: skip
    if window > 1:
        np.testing.assert_allclose(smooth(values, window), oracle)
    else:
        np.testing.assert_allclose(smooth(values, window), values)


def groups_of_vectors() -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(3, 10), 8, axis=0) + rng.normal(0, 0.05, (24, 10))
    return rows * rng.uniform(1, 9, (24, 1)), [name for name in "abc" for _ in range(8)]


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_map_keeps_groups_together_and_is_the_same_again(method: viz.map.Method) -> None:
    rows, groups = groups_of_vectors()
    places = viz.map_vectors(rows, method, seed=3)
    assert places.shape == (24, 2)
    np.testing.assert_array_equal(viz.map_vectors(rows, method, seed=3), places)
    np.testing.assert_allclose(places.mean(axis=0), 0, atol=1e-4)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2) + np.diag(np.full(24, np.inf))
    assert all(groups[near] == group for near, group in zip(distance.argmin(axis=1), groups, strict=True))


def test_pca_is_the_projection_on_the_widest_directions() -> None:
    rows, _ = groups_of_vectors()
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    spread = np.sort(np.linalg.eigvalsh(np.cov(units.T)))[::-1]
    np.testing.assert_allclose(viz.map_vectors(rows).var(axis=0, ddof=1), spread[:2], rtol=1e-5)
    assert np.ptp(viz.map_vectors(np.arange(1, 5)[:, None]), axis=0).tolist() == [0, 0]


def test_the_map_gives_groups_colours_and_shapes_of_their_own() -> None:
    places, _ = np.random.default_rng(0).normal(size=(100, 2)), None
    axes = viz.plot_map(places, [f"g{n % 50:02d} $x" for n in range(100)], title="t").axes[0]
    looks = {(to_hex(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes()) for c in axes.collections}
    assert len(looks) == len(axes.collections) == 41
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == [*(f"g{n:02d} $x" for n in range(40)), "others"]
    assert len(COLOURS) * len(SHAPES) > 40
    assert viz.plot_map(places).axes[0].get_legend() is None
    with pytest.raises(ConfigError, match="1 groups were given for 100"):
        viz.plot_map(places, ["a"])


def test_what_cannot_be_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VectorsError, match="2 vectors"):
        viz.map_vectors(np.eye(2))
    with pytest.raises(ConfigError, match="'som'"):
        viz.map_vectors(np.eye(4), "som")  # type: ignore[arg-type]
    for module, method, words in (("sklearn.manifold", "tsne", r"\[eval\]"), ("umap", "umap", "umap-learn")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingDependencyError, match=words):
            viz.map_vectors(np.eye(4), method)  # type: ignore[arg-type]


def test_umap_is_asked_for_cosines(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    class Mapper:
        def __init__(self, **options: object) -> None:
            asked.update(options)

        def fit_transform(self, rows: np.ndarray) -> np.ndarray:
            return rows[:, :2]

    monkeypatch.setitem(sys.modules, "umap", type(sys)("umap"))
    monkeypatch.setattr("umap.UMAP", Mapper, raising=False)
    assert viz.map_vectors(np.eye(5), "umap", seed=2).shape == (5, 2)
    assert asked == {"n_neighbors": 4, "metric": "cosine", "random_state": 2, "n_jobs": 1}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    for number, clip in enumerate(walks(3)):
        np.save(tmp_path / "clips" / f"clip{number}.npy", clip[:, :4])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.jsonl").write_text("".join(record(step).to_line() for step in (1, 2)))
    np.savez(tmp_path / "v.npz", embeddings=groups_of_vectors()[0], labels=np.array([-1, 2] * 12))
    np.savez(tmp_path / "none.npz", rows=np.ones(3))
    (tmp_path / "empty.jsonl").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clips", "-o", "a.png"], "3 clips: a.png"),
        (["clips/clip0.npy", "-o", "a.svg"], "1 clip: a.svg"),
        (
            ["clips", "-o", "a.gif", "--first", "2", "--columns", "1"],
            "2 clips (the first 2; --first shows more)",
        ),
        (["clips", "-o", "a.html"], "3 clips: a.html"),
        (["--log", "run/log.jsonl", "-o", "a.png"], "picture: a.png"),
        (["--vectors", "v.npz", "-o", "a.png"], "picture: a.png"),
    ],
)
def test_draw(work: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", *arguments]) == 0
    assert words in capsys.readouterr().out
    assert next(work.glob("a.*")).stat().st_size > 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clips", "-o", "a.txt"], "must end in"),
        (["--log", "run/log.jsonl", "-o", "a.gif"], "must end in"),
        (["--log", "no.jsonl", "-o", "a.png"], "cannot read no.jsonl"),
        (["--log", "empty.jsonl", "-o", "a.png"], "holds no steps"),
        (["--vectors", "no.npz", "-o", "a.png"], "cannot read no.npz"),
        (["--vectors", "none.npz", "-o", "a.png"], "holds no embeddings"),
        (["nothing", "-o", "a.png"], "nothing"),
    ],
)
def test_draw_says_what_is_wrong(
    work: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not list(work.glob("a.*"))
