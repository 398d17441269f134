"""Exported files against the model they were made of: any recipe, pooling, view, length, batch and body."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import make_encoder
from numpy.typing import NDArray

import skelrep
from skelrep.cli import main
from skelrep.cli.export import torch_hushed
from skelrep.errors import ConfigError, MissingDependencyError, OutputError, VerificationError
from skelrep.export import check, export_onnx, export_program, onnx_file, program
from skelrep.export.graph import GraphInput, trace
from skelrep.golden import reference_twin
from skelrep.models import SkeletonEncoder
from skelrep.preprocess import preprocess_arrays

# Torch's own words about its own insides.

# Blocks cost time; block 5 is the first that halves the frames.
MODELS: dict[str, dict[str, Any]] = {
    "fixed": {"pooling": "parts_std", "views": ("joint",), "feature_blocks": (0, 5), "whitening": 6},
    "fixed-raw": {"pooling": "mean", "views": ("bone",), "feature_blocks": (1,)},
    "faithful-raw": {"pooling": "mean_std", "views": ("joint", "motion"), "feature_blocks": (1,)},
    "faithful": {"pooling": "parts", "views": ("bone",), "feature_blocks": (1,)},
}
Exported = tuple[SkeletonEncoder, GraphInput, Path]


def model_of(name: str) -> tuple[SkeletonEncoder, GraphInput]:
    recipe, _, raw = name.partition("-")
    return make_encoder(recipe, **MODELS[name]), "raw" if raw else "prepared"


def export_of(name: str, folder: Path) -> Exported:
    """Exported once, since it takes seconds."""
    model, takes = model_of(name)
    path = folder / f"{name}.onnx"
    if not path.exists():
        assert export_onnx(model, path, input=takes) < 1e-5
    return model, takes, path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module", params=["fixed", "faithful-raw"])
def exported(request: pytest.FixtureRequest, folder: Path) -> Exported:
    return export_of(request.param, folder)


@pytest.fixture(scope="module")
def small() -> SkeletonEncoder:
    return make_encoder(views=("joint",), feature_blocks=(1,))


def run(path: Path, clips: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a stranger does with the file."""
    return onnxruntime.InferenceSession(path).run(None, {"clips": clips})[0]


def random_clips(n: int, frames: int, bodies: int) -> NDArray[np.float32]:
    """Random clips; of every second one the last body is absent, of every third the first one."""
    x = np.random.default_rng(frames).normal(size=(n, 3, frames, 25, bodies)).astype(np.float32)
    x[1::2, ..., -1] = 0
    x[2::3, ..., 0] = 0
    return x


def one_by_one(model: SkeletonEncoder, clips: NDArray[np.float32], takes: GraphInput) -> NDArray[np.float32]:
    """The oracle: the readable encoder, a clip at a time; what has no body is zero under ``"fixed"``."""
    rows = np.zeros((len(clips), model.embedding_dim), np.float32)
    for row, clip in zip(rows, clips, strict=True):
        x = torch.from_numpy(clip)[None]
        if takes == "raw":
            x = preprocess_arrays([clip], model.config.preprocess)
        if clip.any() or model.config.encoder.recipe_name == "faithful":
            with torch.no_grad():
                row[:] = model(x)[0].numpy()
    return rows


@pytest.mark.parametrize(
    "shape", [(1, 12, 1), (4, 12, 2), (3, 1, 1), (2, 2, 2), (2, 3, 1), (5, 61, 2), (0, 12, 1)]
)
def test_onnx_runtime_computes_the_models_vectors(exported: Exported, shape: tuple[int, int, int]) -> None:
    model, takes, path = exported
    clips = random_clips(*shape)
    given, wanted = run(path, clips), one_by_one(model, clips, takes)
    assert given.shape == wanted.shape
    size = np.linalg.norm(wanted, axis=1, keepdims=True)
    assert np.all(np.abs(given - wanted) <= 1e-5 * size), "also: a clip without a body is exactly zero"


@pytest.mark.parametrize("name", ["fixed-raw", "faithful"])
def test_the_program_computes_the_models_vectors(name: str, tmp_path: Path) -> None:
    model, takes = model_of(name)
    export_program(model, tmp_path / "model.pt2", input=takes)
    files = {"skelrep.config": "", "skelrep.input": ""}
    network = torch.export.load(tmp_path / "model.pt2", extra_files=files).module()
    for shape in ((1, 12, 1), (4, 5, 2), (3, 61, 2)):
        clips = random_clips(*shape)
        given = network(torch.from_numpy(clips)).detach().numpy()
        np.testing.assert_allclose(given, one_by_one(model, clips, takes), rtol=1e-4, atol=1e-5)
    assert json.loads(files["skelrep.config"]) == model.config.to_dict()
    assert files["skelrep.input"] == takes


def test_the_file_says_what_it_is(exported: Exported) -> None:
    model, takes, path = exported
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    data = {entry.key.removeprefix("skelrep."): entry.value for entry in proto.metadata_props}
    assert skelrep.ModelConfig.from_dict(json.loads(data["config"])) == model.config
    assert (data["version"], data["format_version"]) == (skelrep.__version__, "1")
    assert (data["input"], data["commit_hash"]) == (takes, "")
    golden = {
        name: np.frombuffer(base64.b64decode(value["float32"]), "<f4").reshape(value["shape"])
        for name in ("golden_input", "golden_output")
        for value in [json.loads(data[name])]
    }
    assert golden["golden_input"].shape == (1, 3, 12, 25, 2)
    np.testing.assert_allclose(
        run(path, golden["golden_input"]), golden["golden_output"], rtol=1e-3, atol=1e-5
    )
    axes = [axis.dim_param or axis.dim_value for axis in proto.graph.input[0].type.tensor_type.shape.dim]
    assert axes == ["batch", 3, "frames", 25, "bodies"]


def test_exporting_leaves_the_model_alone(small: SkeletonEncoder, tmp_path: Path) -> None:
    model = copy.deepcopy(small).train().double()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    export_program(model)
    assert model.training
    assert torch.is_grad_enabled()
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == before[name].dtype
        assert torch.equal(tensor, before[name])


def test_a_graph_that_differs_is_not_written(
    small: SkeletonEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = copy.deepcopy(small)
    other.encoders["joint"].blocks[0].temporal.bias.data += 0.01  # type: ignore[union-attr]
    monkeypatch.setattr(onnx_file, "to_proto", lambda twin, takes: onnx.ModelProto())
    monkeypatch.setattr(
        onnx_file, "run_onnx", lambda runtime, content: lambda x: other(torch.from_numpy(x)).detach().numpy()
    )
    monkeypatch.setattr(program, "trace", lambda twin, takes: trace(reference_twin(other), takes))
    for export in (export_onnx, export_program):
        with pytest.raises(VerificationError, match="for two bodies: relative error"):
            export(small, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_graph_that_counts_absent_bodies_is_found_out(small: SkeletonEncoder) -> None:
    twin = reference_twin(small)

    def every_slot(clips: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.no_grad():
            return torch.stack([twin(x) for x in torch.from_numpy(clips).split(1, dim=4)]).mean(dim=0).numpy()

    with pytest.raises(VerificationError, match="for present and absent bodies in one batch"):
        check.require_equal(every_slot, twin, "prepared", "it")


def test_weights_that_are_no_numbers_are_not_exported(small: SkeletonEncoder, tmp_path: Path) -> None:
    broken = copy.deepcopy(small)
    next(broken.parameters()).data[0] = float("nan")
    with pytest.raises(VerificationError, match="weights are finite"):
        export_program(broken, tmp_path / "model.pt2")
    assert not list(tmp_path.iterdir())


def test_errors_say_what_to_do(
    small: SkeletonEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown: Any = "video"
    for export in (export_onnx, export_program):
        with pytest.raises(ConfigError, match="input is 'video'; expected one of 'prepared', 'raw'"):
            export(small, tmp_path / "model", input=unknown)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        export_program(small, tmp_path / "folder")
    assert check.relative_error(np.ones((1, 2), np.float32), np.ones((1, 3), np.float32)) == np.inf
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependencyError, match=r"needs onnxruntime.*pip install 'skelrep\[onnx\]'"):
        export_onnx(small, tmp_path / "model.onnx")


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, _, path = export_of("faithful-raw", folder)
    model.save_pretrained(tmp_path / "model")
    for name in ("model.onnx", "model.pt2"):
        options = ["-o", str(tmp_path / name), "--input", "raw"]
        assert main(["export", str(tmp_path / "model"), *options]) == 0
        told = capsys.readouterr()
        assert ("ONNX Runtime computes the same" in told.out) == (name == "model.onnx")
        assert f"{name}: raw clips to {model.embedding_dim} numbers" in told.out
        assert told.err == ""
    content = (tmp_path / "model.onnx").read_bytes()
    assert content == path.read_bytes(), "the same model is the same file"
    assert str(Path(skelrep.__path__[0]).parent).encode() not in content


def test_the_command_sets_nothing_for_good() -> None:
    logger = logging.getLogger("torch.onnx")
    before = logger.level, list(warnings.filters)
    with contextlib.suppress(KeyboardInterrupt), torch_hushed():
        assert not logger.isEnabledFor(logging.WARNING)
        warnings.warn("torch speaks of itself", FutureWarning, stacklevel=1)
        raise KeyboardInterrupt
    assert (logger.level, list(warnings.filters)) == before


def test_the_command_refuses_other_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "default", "-o", str(tmp_path / "model.bin")]) == 2
    assert "must end in .onnx or .pt2" in capsys.readouterr().err
