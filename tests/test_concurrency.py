"""Many threads and processes with one model and one cache: right rows, one download, nothing disturbed."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_encoder
from tiny_training import same_runs, tiny_config, walks

import skelrep
from skelrep import SkeletonEncoder
from skelrep.stream import StreamingEncoder

REPO = "acme/shared"
CLIPS = walks(count=9, seed=5)
MODEL = make_encoder()  # at module level: forked workers have it too


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """What one thread gives."""
    return skelrep.encode(CLIPS, MODEL)


def encode(model: SkeletonEncoder, clips: list[np.ndarray]) -> np.ndarray:
    """A function that processes can be sent."""
    return skelrep.encode(clips, model)


def encode_here(_: int) -> np.ndarray:
    return skelrep.encode(CLIPS, MODEL, batch_size=4)


def load(place: tuple[str, str]) -> np.ndarray:
    repo, cache = place
    return skelrep.encode(CLIPS, skelrep.load_pretrained(repo, cache_dir=cache))


def forked(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork"))


@pytest.mark.parametrize("training", [False, True])
def test_threads_share_a_model(rows: np.ndarray, training: bool) -> None:
    model = copy.deepcopy(MODEL).train(training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: skelrep.encode(CLIPS, model, batch_size=1 + n % 5), range(16)))
    for one in found:
        np.testing.assert_allclose(one, rows, rtol=1e-4, atol=1e-6)
    assert all(module.training == training for module in model.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_encoding_never_changes_a_models_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    model = copy.deepcopy(MODEL).train()

    def forbidden(self: torch.nn.Module, mode: bool = True) -> torch.nn.Module:
        raise AssertionError("another thread that trains this model would see its mode change")

    monkeypatch.setattr(torch.nn.Module, "train", forbidden)
    skelrep.encode(CLIPS, model)
    assert model.training


def test_threads_stream_and_encode_different_outputs(rows: np.ndarray) -> None:
    stream_of = [StreamingEncoder(MODEL, window=8) for _ in range(4)]
    alone = [vector for _, vector in StreamingEncoder(MODEL, window=8).push(CLIPS[0])]
    joints = skelrep.encode(CLIPS, MODEL, output="joints")
    with ThreadPoolExecutor(8) as pool:
        streamed = [pool.submit(stream.push, CLIPS[0]) for stream in stream_of]
        maps = [pool.submit(skelrep.encode, CLIPS, MODEL, output="joints") for _ in range(4)]
        vectors = [pool.submit(skelrep.encode, CLIPS, MODEL) for _ in range(4)]
    for future in streamed:
        np.testing.assert_allclose([v for _, v in future.result()], alone, rtol=1e-4, atol=1e-6)
    for future in maps:
        np.testing.assert_allclose(future.result(), joints, rtol=1e-4, atol=1e-6)
    for future in vectors:
        np.testing.assert_allclose(future.result(), rows, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_encoding_beside_training_changes_neither(tmp_path: Path, rows: np.ndarray, recipe: str) -> None:
    config = tiny_config(recipe, epochs=2)
    skelrep.train_crossclr(walks(), config, output_dir=tmp_path / "alone", device="cpu", progress=False)
    with ThreadPoolExecutor(3) as pool:
        run = pool.submit(
            skelrep.train_crossclr,
            walks(),
            config,
            output_dir=tmp_path / "beside",
            device="cpu",
            progress=False,
        )
        found = [pool.submit(skelrep.encode, CLIPS, MODEL) for _ in range(12)]
        run.result()
    for future in found:
        np.testing.assert_allclose(future.result(), rows, rtol=1e-4, atol=1e-6)
    assert same_runs(tmp_path / "alone", tmp_path / "beside")


def test_forked_processes_use_the_parents_model(rows: np.ndarray) -> None:
    encode_here(0)  # buffers of the parent's threads must not bind the children's
    with forked(2) as pool:
        for found in pool.map(encode_here, range(4)):
            np.testing.assert_allclose(found, rows, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_models_travel_to_processes(rows: np.ndarray, start: str) -> None:
    context = multiprocessing.get_context(start)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        np.testing.assert_allclose(pool.submit(encode, MODEL, CLIPS).result(120), rows, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_a_used_model_are_models(
    rows: np.ndarray, copied: Callable[[SkeletonEncoder], SkeletonEncoder]
) -> None:
    other = copied(MODEL)
    np.testing.assert_array_equal(skelrep.encode(CLIPS, other), rows)
    assert other.config == MODEL.config


def test_workers_of_scikit_learn() -> None:
    from joblib import Parallel, delayed
    from sklearn.base import clone

    from skelrep.sklearn import SkeletonVectorizer

    fitted = SkeletonVectorizer(MODEL).fit(CLIPS)
    expected = fitted.transform(CLIPS)
    tasks = [
        delayed(one.fit_transform)(CLIPS)
        for one in (fitted, clone(fitted), pickle.loads(pickle.dumps(fitted)))
    ]
    for found in Parallel(n_jobs=3, backend="threading")(tasks):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.fixture(params=["threads", "processes"])
def pool(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with ThreadPoolExecutor(6) if request.param == "threads" else forked(4) as executor:
        yield executor


def test_one_download_for_all(
    hub, tiny_folder: Path, tmp_path: Path, pool: Executor, rows: np.ndarray
) -> None:
    hub.add_repo(REPO, {path.name: path.read_bytes() for path in tiny_folder.iterdir()})
    for found in pool.map(load, [(REPO, str(tmp_path / "cache"))] * 6):
        np.testing.assert_allclose(found, rows, rtol=1e-4, atol=1e-6)
    sent = [line for line in hub.log if line.startswith("GET") and "/_cdn/" in line]
    assert len(sent) == 1, hub.log
    assert not list((tmp_path / "cache").rglob("*.incomplete"))
