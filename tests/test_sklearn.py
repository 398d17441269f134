"""`SkeletonVectorizer` behaves as a scikit-learn transformer."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
from labelled import labelled_clips, small_encoder
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

import skelrep
from skelrep.errors import ConfigError, MissingDependencyError, ShapeError, WeightsNotFoundError
from skelrep.sklearn import SkeletonVectorizer

MODEL = small_encoder()
CLIPS, LABELS = labelled_clips()


def test_vectors_are_those_of_encode() -> None:
    found = SkeletonVectorizer(MODEL, batch_size=4, normalize=True).fit_transform(CLIPS)
    np.testing.assert_allclose(found, skelrep.encode(CLIPS, MODEL, normalize=True), rtol=1e-5, atol=1e-6)
    assert SkeletonVectorizer(MODEL).fit(CLIPS, LABELS).transform([]).shape == (0, MODEL.embedding_dim)


def test_pipeline_search_and_cross_validation() -> None:
    pipeline = make_pipeline(SkeletonVectorizer(MODEL), LogisticRegression(C=1000, max_iter=5000))
    grid = {"skeletonvectorizer__normalize": [True, False], "logisticregression__C": [10.0, 1000.0]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(CLIPS, LABELS)
    assert search.best_score_ > 0.7
    assert (search.predict(CLIPS) == LABELS).mean() > 0.8
    array = np.stack([clip[:, :14] for clip in CLIPS])
    assert cross_val_score(pipeline, array, LABELS, cv=2).mean() > 0.6


def test_clone_has_its_own_model_and_pickle_keeps_it() -> None:
    fitted = SkeletonVectorizer(MODEL, batch_size=5).fit(CLIPS)
    copy = clone(fitted)
    assert copy.model is not MODEL
    assert not hasattr(copy, "encoder_")
    assert copy.get_params()["batch_size"] == 5
    for other in (copy, pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(other.transform(CLIPS), fitted.transform(CLIPS))


def test_a_model_by_name(tmp_path: object) -> None:
    MODEL.save_pretrained(tmp_path)  # type: ignore[arg-type]
    named = clone(SkeletonVectorizer(tmp_path)).fit(CLIPS)  # type: ignore[arg-type]
    np.testing.assert_array_equal(named.transform(CLIPS), skelrep.encode(CLIPS, MODEL))


def test_names_and_tags() -> None:
    vectorizer = SkeletonVectorizer(small_encoder(views=("joint", "bone")))
    names = vectorizer.get_feature_names_out()
    assert names.tolist() == [f"{view}{n}" for view in ("joint", "bone") for n in range(16)]
    tags = get_tags(vectorizer)
    assert not tags.requires_fit
    assert not tags.input_tags.two_d_array
    assert tags.transformer_tags is not None
    check_is_fitted(vectorizer)


def test_pandas_output() -> None:
    pytest.importorskip("pandas")
    frame = SkeletonVectorizer(MODEL).set_output(transform="pandas").fit_transform(CLIPS)
    assert frame.shape == (18, 16)
    assert list(frame.columns[:2]) == ["joint0", "joint1"]


def test_errors_are_ours() -> None:
    with pytest.raises(ConfigError, match="batch_size"):
        SkeletonVectorizer(MODEL, batch_size=0).fit(CLIPS)
    with pytest.raises(ShapeError, match="joints"):
        SkeletonVectorizer(MODEL).fit_transform(np.zeros((2, 3, 9, 24, 1)))
    with pytest.raises(WeightsNotFoundError, match="defualt"):
        SkeletonVectorizer("defualt").fit(CLIPS)


def test_without_scikit_learn_the_error_tells_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "skelrep.sklearn")
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(MissingDependencyError, match=r"skelrep\[eval\]"):
        __import__("skelrep.sklearn")
