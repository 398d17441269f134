"""What `import skelrep` brings in, and which names it gives."""

from __future__ import annotations

import subprocess
import sys

import pytest

import skelrep

PUBLIC = {
    "AtlasFile",
    "Clip",
    "ClipStore",
    "EncoderConfig",
    "HealthReport",
    "Index",
    "Layout",
    "ModelConfig",
    "PreprocessConfig",
    "PretrainConfig",
    "SkeletonClassifier",
    "SkeletonEncoder",
    "__version__",
    "atlas",
    "doctor",
    "encode",
    "encode_stream",
    "encode_to_file",
    "export_onnx",
    "export_program",
    "finetune",
    "fit_whitening",
    "inspect_clips",
    "knn_probe",
    "linear_probe",
    "list_pretrained",
    "load_classifier",
    "load_pretrained",
    "read_clips",
    "reproduce",
    "train_crossclr",
    "verify",
}
OPTIONAL = ("sklearn", "matplotlib", "huggingface_hub", "faiss", "PIL", "onnx", "onnxscript", "onnxruntime")

# `skelrep` without its `__init__`, so that what the command line itself imports is seen alone.
ONLY_THE_COMMAND_LINE = """
import sys, types
package = types.ModuleType("skelrep")
package.__path__ = [{path!r}]
sys.modules["skelrep"] = package
from skelrep.cli.program import build_parser
build_parser().format_help()
"""


def modules_after(code: str) -> set[str]:
    """Names of all modules that a fresh interpreter holds after running some code."""
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_import_brings_in_no_optional_package() -> None:
    loaded = modules_after("import skelrep\nfor name in skelrep.__all__: getattr(skelrep, name)")
    assert "torch" in loaded
    assert loaded.isdisjoint(OPTIONAL)


def test_the_command_line_starts_without_the_heavy_packages() -> None:
    loaded = modules_after(ONLY_THE_COMMAND_LINE.format(path=skelrep.__path__[0]))
    assert "skelrep.cli.encode" in loaded
    assert loaded.isdisjoint({"torch", "numpy", "tqdm", "safetensors", *OPTIONAL})


def test_the_public_names_are_the_contract() -> None:
    assert set(skelrep.__all__) == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(skelrep, name) is not None


def test_rooms_and_unknown_names() -> None:
    assert skelrep.crossclr.info_nce.__module__ == "skelrep.crossclr.losses"
    assert set(skelrep.__all__) <= set(dir(skelrep))
    with pytest.raises(AttributeError, match="no attribute 'encod'"):
        _ = skelrep.encod
