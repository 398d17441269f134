"""An index in a folder: whole or not at all, mapped, of one model; and the commands."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import make_encoder
from test_index import vectors
from tiny_training import walks

from skelrep import Index
from skelrep.cli import main
from skelrep.errors import ConfigError, FormatError, MissingDependencyError, OutputError, VectorsError
from skelrep.index import VectorOrigin, files
from skelrep.models import SkeletonEncoder

NAMES = ["wave", "", "größe", "half \udce4", "wave"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Index(vectors(5), NAMES).save(tmp_path / "index")
    return tmp_path / "index"


def test_what_is_saved_is_loaded_and_mapped(folder: Path) -> None:
    loaded = Index.load(folder)
    assert list(loaded.names) == NAMES
    assert loaded.names[1:4] == NAMES[1:4]
    np.testing.assert_array_equal(loaded.vectors(), vectors(5))
    assert isinstance(loaded._segments[0].rows, np.memmap)
    for a, b in zip(loaded.search(vectors(3)), Index(vectors(5)).search(vectors(3)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_empty_index_is_an_index(tmp_path: Path) -> None:
    Index(np.empty((0, 4))).save(tmp_path / "index")
    index = Index.load(tmp_path / "index")
    index.append(np.ones((1, 4)), ["wave"])
    index.save(tmp_path / "index")
    assert list(Index.load(tmp_path / "index").names) == ["wave"]


def test_a_mapped_array_is_not_copied(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", vectors(5))
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert np.shares_memory(Index(rows)._segments[0].rows, rows)


def test_saving_again_writes_only_what_is_new(folder: Path) -> None:
    index, before = Index.load(folder), set(folder.iterdir())
    index.append(vectors(2, seed=1), ["a", "b"])
    index.append(vectors(1, seed=2))
    index.save(folder)
    assert before < set(folder.iterdir())
    assert len(set(folder.iterdir()) - before) == 4
    assert list(Index.load(folder).names) == [*NAMES, "a", "b", "7"]
    index.save(folder.parent / "other")
    assert len(list((folder.parent / "other").iterdir())) == 5
    assert list(Index.load(folder.parent / "other").names) == list(index.names)


def test_another_index_in_the_same_folder_replaces_it(folder: Path) -> None:
    Index(vectors(3, dim=2)).save(folder)
    assert (len(Index.load(folder)), len(list(folder.iterdir()))) == (3, 5)


def test_what_another_process_added_is_not_lost(folder: Path) -> None:
    first, second = Index.load(folder), Index.load(folder)
    first.append(vectors(1))
    first.save(folder)
    second.append(vectors(2))
    with pytest.raises(OutputError, match="was changed since it was loaded"):
        second.save(folder)
    assert len(Index.load(folder)) == 6


def test_what_another_process_adds_meanwhile_is_not_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other, write = Index.load(folder), Index.load(folder), files.write_segment
    mine.append(vectors(1))
    other.append(vectors(2))

    def slowly(*arguments: object) -> str:
        monkeypatch.setattr(files, "write_segment", write)
        other.save(folder)
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "write_segment", slowly)
    with pytest.raises(OutputError, match="was changed since it was loaded"):
        mine.save(folder)
    assert (len(Index.load(folder)), len(list(folder.iterdir()))) == (7, 9)


@pytest.mark.parametrize("broken", ["_write_array", "atomic_write", "write_note"])
def test_a_write_that_fails_leaves_what_was_there(
    folder: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, index = sorted(folder.iterdir()), Index.load(folder)
    index.append(vectors(1))

    def fail(*_: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr(files, broken, fail)
    with pytest.raises(OutputError, match="full"):
        index.save(folder)
    assert sorted(folder.iterdir()) == before
    assert len(Index.load(folder)) == 5


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def change(folder: Path, **fields: object) -> None:
    note = folder / "index.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | fields))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: (f / "index.json").unlink(), "holds no index.json"),
        (lambda f: (f / "index.json").write_text("[" * 100_000), "cannot be read"),
        (lambda f: (f / "index.json").write_text("[]"), "not the note of an index"),
        (lambda f: change(f, format_version=2), "format_version 1"),
        (lambda f: change(f, dim=0), "dim is 0"),
        (lambda f: change(f, segments=["../../x"]), "segments are"),
        (lambda f: change(f, segments=[]), "segments are"),
        (lambda f: change(f, segments=["00000000"]), "rows-00000000.npy cannot be read"),
        (lambda f: change(f, origin={"modell": ""}), "Did you mean 'model'"),
        (lambda f: change(f, dim=9), "do not fit together"),
        (lambda f: cut(next(f.glob("rows-*"))), "cut short"),
        (lambda f: np.save(next(f.glob("scales-*")), np.ones(4, np.float32)), "do not fit together"),
        (lambda f: np.save(next(f.glob("ends-*")), np.array([4, 2, 9, 15, 19])), "do not divide"),
        (lambda f: np.save(next(f.glob("text-*")), np.zeros(3, np.int64)), "do not fit together"),
    ],
)
def test_damage_is_told(folder: Path, damage: object, words: str) -> None:
    damage(folder)  # type: ignore[operator]
    with pytest.raises(FormatError, match=words):
        Index.load(folder)


def test_a_damaged_name_is_told_when_it_is_read(folder: Path) -> None:
    text = next(folder.glob("text-*"))
    np.save(text, np.full_like(np.load(text), 0xFF))
    with pytest.raises(FormatError, match="name 0 of the index is damaged"):
        _ = Index.load(folder).names[0]


def test_vectors_of_two_models_do_not_mix(tiny: SkeletonEncoder, folder: Path) -> None:
    index = Index(vectors(2), model=tiny)
    index.append(vectors(2), model=VectorOrigin.of(tiny, "another name"))
    index.save(folder)
    index = Index.load(folder)
    assert index.origin == VectorOrigin.of(tiny)
    with pytest.raises(VectorsError, match="Encode all clips with one model"):
        index.append(vectors(2), model=make_encoder(seed=1))
    with pytest.raises(VectorsError, match="Say which model made them"):
        index.append(vectors(2))
    with pytest.raises(VectorsError, match="so that it knows its model"):
        Index(vectors(2)).append(vectors(2), model=tiny)
    assert len(index) == 4
    with pytest.raises(ConfigError):
        VectorOrigin(model=3)  # type: ignore[arg-type]


def test_clips_are_found_by_clips(tiny: SkeletonEncoder, tiny_folder: Path) -> None:
    clips = walks(5)
    index = Index.from_clips(clips, str(tiny_folder))
    scores, ids = index.search_clips(clips[3:], 2)
    assert ids[:, 0].tolist() == [3, 4]
    np.testing.assert_allclose(scores[:, 0], 1, atol=1e-5)
    assert f"{str(tiny_folder)!r} (sha256" in repr(index) or "..." in repr(index)
    assert len(Index.from_clips([], tiny)) == 0
    with pytest.raises(VectorsError, match="does not know its model by name"):
        Index.from_clips(clips, tiny).search_clips(clips)
    truncated = Index.from_clips(clips, str(tiny_folder), truncate_dim=6)
    assert (truncated.dim, truncated.search_clips(clips[4:], 1)[1].tolist()) == (6, [[4]])
    with pytest.raises(VectorsError, match="cosines mean nothing"):
        index.search_clips(clips, model=make_encoder(seed=1))


def test_the_approximate_index_finds_nearly_the_same() -> None:
    rows = np.random.default_rng(0).normal(size=(400, 16))
    index = Index(rows)
    near = index.approximate(cells=8)
    scores, ids = near.search(rows[:50], 5, probes=8)
    exact_scores, exact_ids = index.search(rows[:50], 5)
    assert (ids == exact_ids).mean() > 0.98
    same = ids == exact_ids
    np.testing.assert_array_equal(scores[same], exact_scores[same])
    few, rows_found = near.search(rows[0], 400, probes=1)
    assert rows_found[0, 0] == 0
    assert (few[0, -1], rows_found[0, -1], len(near)) == (-np.inf, -1, 400)
    assert near.search(np.empty((0, 16)), 3)[0].shape == (0, 3)
    assert index.approximate().cells == 20


def test_what_cannot_be_approximated(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="cells is 9; expected 1 to 4"):
        Index(vectors(4)).approximate(cells=9)
    with pytest.raises(VectorsError, match="empty index"):
        Index(np.empty((0, 4))).approximate()
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingDependencyError, match=r"skelrep\[search\]"):
        Index(vectors(4)).approximate()


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    (tmp_path / "recordings").mkdir()
    for name, clip in zip(("wave", "sit", "bow"), walks(3), strict=True):
        np.save(tmp_path / "recordings" / f"{name}.npy", clip)
    return tmp_path / "recordings"


def test_the_commands_index_append_and_search(
    recordings: Path, tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, one = tmp_path / "idx", str(recordings / "sit.npy")
    assert main(["index", str(recordings), "-o", str(target), "--model", str(tiny_folder)]) == 0
    assert capsys.readouterr().out == f"3 clips -> 3 vectors of 24 numbers: {target}\n"
    assert main(["index", one, "-o", str(target), "--append", "--quiet"]) == 0
    small = ["--model", str(tiny_folder), "--truncate-dim", "6", "--quiet"]
    assert main(["index", one, "-o", str(tmp_path / "small"), *small]) == 0
    assert main(["index", one, "-o", str(tmp_path / "small"), "--append", "--quiet"]) == 0
    assert main(["search", str(tmp_path / "small"), one, "-o", str(tmp_path / "s.csv")]) == 0
    assert (Index.load(tmp_path / "small").dim, len(Index.load(tmp_path / "small"))) == (6, 2)
    assert main(["search", str(target), one, "-k", "2"]) == 0
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["query"], row["rank"], row["name"], row["row"]) for row in table] == [
        ("sit", "1", "sit", "1"),
        ("sit", "2", "sit", "3"),
    ]
    assert main(["search", str(target), one, "-o", str(tmp_path / "out.csv")]) == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 5
    assert main(["index", one, "-o", str(target)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["search", str(tmp_path), one]) == 2
    assert "holds no index.json" in capsys.readouterr().err
