"""`reproduce` from raw files to the table, on a tiny data set; stopped in every stage, to the same end."""

from __future__ import annotations

import dataclasses
import json
import signal

import numpy as np
import pytest
from raw_datasets import LISTED_AS_MISSING, ntu_names, stop_reading_at, write_empty_ntu, write_ntu
from tiny_training import same_runs, tiny_config

import skelrep
from skelrep.config import VIEWS
from skelrep.embed.workers import Workers
from skelrep.errors import ConfigError, OutputError
from skelrep.read import ClipStore
from skelrep.reproduction import PUBLISHED, prepare, reproduction_config, run
from skelrep.reproduction.published import method_name, published_top_1
from skelrep.train.run import Run

CONFIG = tiny_config("faithful", epochs=2, batch_size=4, checkpoint_steps=2)
NAMES = ntu_names()
NOBODY = "S001C003P003R002A001"


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = write_ntu(tmp_path_factory.mktemp("raw") / "nturgb+d_skeletons", [*NAMES, LISTED_AS_MISSING])
    write_empty_ntu(folder, NOBODY)
    return folder.parent


def reproduced(raw, folder, **options):
    options = {"config": CONFIG, "device": "cpu", "progress": False} | options
    return skelrep.reproduce("ntu60-xview", raw, output_dir=folder, **options)


@pytest.fixture(scope="module")
def whole(raw, tmp_path_factory):
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    said: list[str] = []
    return reproduced(raw, folder, report=said.append), said


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def numbers(records):
    """Records without the time at which they were made."""
    return [dataclasses.replace(record, created="") for record in records]


def test_from_raw_files_to_the_table(whole, raw):
    done, said = whole
    lines = done.table.splitlines()
    assert lines[0] == "**ntu60-xview**: top-1 and top-5 in %, last epoch"
    quoted = ["2s-CrosSCLR (joint + motion), published (quoted)", "linear evaluation", "82.1", "-"]
    assert cells(lines[4]) == quoted
    assert cells(lines[5])[:2] == [
        "2s-CrosSCLR (joint + motion), this run (faithful, 2 epochs)", "linear evaluation",
    ]  # fmt: skip
    assert len({len(line) for line in lines[2:-2]}) == 1
    assert lines[-1].startswith("8 of 37646 training and 4 of 18932 test clips. Not the published split")
    assert (done.folder / "table.md").read_text() == done.table + "\n"
    assert {(one.contender, one.protocol) for one in done.records} == {
        ("model", "linear evaluation"), ("model", "1-NN"), ("random encoder", "linear evaluation"),
        ("random encoder", "1-NN"), ("raw joints", "1-NN"), ("raw joints", "ridge"),
    }  # fmt: skip
    assert (done.records[0].contender, done.records[0].protocol) == ("model", "linear evaluation")
    assert {one.split.test for one in done.records} == {4}
    assert "9 training and 4 test files" in said[0]
    assert "1 files of the data set's list of missing skeletons passed over; 1 files" in said[1]
    assert f"{NOBODY}.skeleton" in said[1]
    assert said[2].startswith("pretraining: 2s-CrosSCLR (joint + motion) on 8 clips, 2 epochs: about")


def test_the_store_holds_what_the_files_hold(whole, raw):
    store = ClipStore.open(whole[0].folder / "clips")
    assert store.names == [n for n in NAMES if "C001" not in n] + [n for n in NAMES if "C001" in n]
    for clip in store:
        file = next(raw.rglob(f"{clip.name}.skeleton"))
        expected = skelrep.read_clips(file, recipe="faithful")[0]
        np.testing.assert_array_equal(clip.data, expected.data)
        assert clip.label == expected.label
    assert not list((whole[0].folder / "clips").glob("gathering*"))


def test_training_sees_training_clips_only(whole, monkeypatch, raw, tmp_path):
    seen = []
    monkeypatch.setattr(run, "train_crossclr", lambda clips, *a, **k: seen.extend(clips.names) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        reproduced(raw, tmp_path)
    assert seen == [name for name in NAMES if "C001" not in name]


def test_random_vectors_are_not_the_models(whole):
    folder = whole[0].folder / "vectors"
    model, random, joints = (np.load(folder / f"{n}.npy") for n in ("model", "random-encoder", "raw-joints"))
    assert model.shape == random.shape == (12, 32)
    assert not np.allclose(model, random)
    clips = ClipStore.open(whole[0].folder / "clips")
    one_body = skelrep.evaluate.raw_joints([clip.data[..., :1] for clip in clips])
    np.testing.assert_allclose(joints.reshape(12, 32, 2, 75)[:, :, 0].reshape(12, -1), one_body, atol=1e-6)


def test_a_second_call_does_nothing(whole, raw, monkeypatch):
    done, _ = whole
    for name in ("gather", "train_crossclr", "compute_vectors", "contenders", "prepare"):
        monkeypatch.setattr(run, name, None)
    said: list[str] = []
    again = reproduced(raw, done.folder, report=said.append)
    assert again == done
    assert said == []


def stop_training(monkeypatch):
    plain = Run.step

    def step(self):
        if self.done == 2:
            signal.raise_signal(signal.SIGINT)
        return plain(self)

    monkeypatch.setattr(Run, "step", step)


def stop_encoding(monkeypatch):
    plain = Workers.encode
    calls = []

    def encode(self, encoder, batch):
        calls.append(batch)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(self, encoder, batch)

    monkeypatch.setattr(Workers, "encode", encode)


def stop_evaluation(monkeypatch):
    plain = run.evaluate_vectors

    def evaluate(trial, frozen, seed):
        if frozen.contender == "random encoder":
            raise KeyboardInterrupt
        return plain(trial, frozen, seed)

    monkeypatch.setattr(run, "evaluate_vectors", evaluate)


def stop_reading(monkeypatch):
    stop_reading_at(monkeypatch, 12)  # 7 files are read for the estimate


STOPS = {
    "clips": stop_reading,
    "pretraining": stop_training,
    "vectors": stop_encoding,
    "evaluation": stop_evaluation,
}


@pytest.fixture
def heard():
    """SIGINT as in a terminal: a shell lets what it starts in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_stopped_in_every_stage_is_never_having_stopped(heard, whole, raw, tmp_path):
    for stage, stop in STOPS.items():
        with pytest.MonkeyPatch.context() as patch:
            stop(patch)
            with pytest.raises(KeyboardInterrupt):
                reproduced(raw, tmp_path)
        finished = {path.stem for path in (tmp_path / "stages").glob("*.json")}
        assert finished & set(STOPS) == set(list(STOPS)[: list(STOPS).index(stage)])
    again = reproduced(raw, tmp_path)
    assert numbers(again.records) == numbers(whole[0].records)
    assert again.table == whole[0].table
    assert same_runs(tmp_path / "pretraining", whole[0].folder / "pretraining")
    for name in ("model", "random-encoder", "raw-joints"):
        one, other = (folder / "vectors" / f"{name}.npy" for folder in (tmp_path, whole[0].folder))
        assert one.read_bytes() == other.read_bytes()
    frames = [next((folder / "clips").glob("frames-*.npy")) for folder in (tmp_path, whole[0].folder)]
    assert frames[0].read_bytes() == frames[1].read_bytes()


def test_a_stage_whose_files_are_gone_is_done_again(raw, whole, tmp_path, monkeypatch):
    done = whole[0]
    kept = (done.folder / "vectors" / "model.npy").read_bytes()
    (done.folder / "vectors" / "model.npy").unlink()
    monkeypatch.setattr(run, "train_crossclr", None)
    assert reproduced(raw, done.folder) == done
    assert (done.folder / "vectors" / "model.npy").read_bytes() == kept


def test_another_run_of_the_folder(whole, raw, tmp_path):
    other = dataclasses.replace(CONFIG, seed=5)
    with pytest.raises(OutputError, match=r"holds another run: config\.seed was 0, now 5"):
        reproduced(raw, whole[0].folder, config=other)
    fewer = write_ntu(tmp_path / "fewer", NAMES[:-1])
    with pytest.raises(OutputError, match="names or sizes of its raw files are not those"):
        reproduced(fewer, whole[0].folder)
    with pytest.raises(OutputError, match="split was 'ntu60-xview', now 'ntu60-xsub'"):
        skelrep.reproduce("ntu60-xsub", raw, output_dir=whole[0].folder, config=CONFIG)
    freely = dataclasses.replace(CONFIG, checkpoint_steps=7)
    assert reproduced(raw, whole[0].folder, config=freely) == whole[0]
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds other files"):
        reproduced(raw, tmp_path)
    with pytest.raises(OutputError, match=r"is a file|cannot be written"):
        reproduced(raw, tmp_path / "notes.txt")


def test_what_cannot_be_reproduced(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare.shutil, "disk_usage", lambda place: type("Usage", (), {"free": 1000})())
    with pytest.raises(OutputError, match=r"has 0 MB free, and this run takes up to \d"):
        reproduced(raw, tmp_path / "small")
    monkeypatch.undo()
    with pytest.raises(ConfigError, match="config is given, and recipe or views"):
        reproduced(raw, tmp_path / "both", recipe="fixed")
    with pytest.raises(ConfigError, match="views is 'bone'; expected one of 'joint', 'all'"):
        reproduced(raw, tmp_path / "views", config=None, views="bone")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="reproduce runs in one process"):
        reproduced(raw, tmp_path / "ranks")


def test_the_published_schedule():
    config = reproduction_config()
    assert (config.recipe_name, config.epochs, config.cross_view_epoch, config.batch_size) == (
        "faithful", 300, 151, 128,
    )  # fmt: skip
    assert config.encoder.views == ("joint", "motion", "bone")
    assert reproduction_config("fixed", "joint").encoder.views == ("joint",)


def test_methods_by_their_names():
    assert {method_name(("joint",)), method_name(VIEWS)} < set(PUBLISHED)
    assert method_name(("bone",)) == "SkeletonCLR (bone)"
    assert published_top_1(("joint", "motion"), "ntu120-xset") is None
    assert published_top_1(VIEWS, "pkummd1-xsub") is None


def test_markers_are_plain_json(whole):
    marker = json.loads((whole[0].folder / "stages" / "clips.json").read_text())
    assert marker["result"]["train"] == 8
    assert set(marker) == {"key", "files", "result"}
