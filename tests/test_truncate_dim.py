"""`truncate_dim`: the first numbers of every vector, whoever asks for them."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import skelrep
from skelrep.errors import ConfigError
from skelrep.models import SkeletonEncoder


def clips(n: int = 3) -> list[np.ndarray]:
    return [np.random.default_rng(i).normal(size=(3, 12, 25, 2)) for i in range(n)]


def test_every_way_of_encoding(tiny: SkeletonEncoder, tmp_path: Path) -> None:
    whole, bodies = tiny.encode(clips()), tiny.encode(clips(), output="bodies")
    assert np.array_equal(tiny.encode(clips(), truncate_dim=5), whole[:, :5])
    assert np.array_equal(tiny.encode(clips(), truncate_dim=5, output="bodies"), bodies[..., :5])
    assert np.array_equal(list(skelrep.encode_stream(clips(), tiny, truncate_dim=5)), whole[:, :5])
    rows = skelrep.encode_to_file(tmp_path / "rows.npy", clips(), tiny, truncate_dim=5)
    assert np.array_equal(rows, whole[:, :5])
    assert tiny.encode([], truncate_dim=5).shape == (0, 5)


def test_what_is_left_is_normalised(tiny: SkeletonEncoder) -> None:
    vectors = tiny.encode(clips(), truncate_dim=5, normalize=True)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)


def test_a_model_may_have_one_of_its_own(tiny: SkeletonEncoder, tiny_folder: Path) -> None:
    model = skelrep.load_pretrained(tiny_folder, truncate_dim=7)
    assert model.encode(clips()).shape == (3, 7)
    assert model.encode(clips(), truncate_dim=9).shape == (3, 9)
    assert model.encode(clips(), output="frames").shape == tiny.encode(clips(), output="frames").shape
    streaming = skelrep.stream.StreamingEncoder(model, window=12, stride=12)
    assert [row.shape for _, row in streaming.push(clips(1)[0])] == [(7,)]
    classifier = skelrep.finetune(model, clips(4), ["a", "b"] * 2, unknown=False, device="cpu")
    assert classifier.predict(clips(2)).shape == (2,)


def test_rows_of_a_model_with_another_one_are_other_work(tiny: SkeletonEncoder, tmp_path: Path) -> None:
    def broken():
        yield from clips(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        skelrep.encode_to_file(tmp_path / "rows.npy", broken(), tiny, batch_size=1)
    other = copy.deepcopy(tiny)
    other.truncate_dim = 5
    with pytest.raises(skelrep.errors.OutputError, match="truncate_dim differ"):
        skelrep.encode_to_file(tmp_path / "rows.npy", clips(3), other, batch_size=1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"truncate_dim": 25}, "expected 1 to 24"),
        ({"truncate_dim": 0}, "1 or more"),
        ({"truncate_dim": 5, "output": "joints"}, "feature maps"),
    ],
)
def test_what_cannot_be(options: dict, says: str, tiny: SkeletonEncoder) -> None:
    with pytest.raises(ConfigError, match=says):
        tiny.encode(clips(), **options)


def test_a_model_shorter_than_asked_for(tiny_folder: Path) -> None:
    with pytest.raises(ConfigError, match="expected 1 to 24"):
        skelrep.load_pretrained(tiny_folder, truncate_dim=25)
