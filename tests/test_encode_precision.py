"""`encode(precision="bfloat16")`: a warning where the processor only emulates it, and nothing else."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_encoder

import skelrep
from skelrep.cli import main
from skelrep.embed.precision import has_bfloat16_units, warn_of_slow_precision
from skelrep.errors import SkelrepWarning

MODEL = make_encoder(views=("joint",), feature_blocks=(1,))
CLIP = np.random.default_rng(0).normal(size=(3, 8, 25, 1)).astype(np.float32)
WITHOUT = {"avx2": True, "avx512_bf16": False, "amx_bf16": False}


def pretend(monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, object]) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)


@pytest.mark.parametrize(
    ("capabilities", "known"),
    [(WITHOUT, False), ({**WITHOUT, "amx_bf16": True}, True), ({"bf16": True}, True), ({"neon": True}, True)],
)
def test_the_processor_is_asked(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, object], known: bool
) -> None:
    pretend(monkeypatch, capabilities)
    assert has_bfloat16_units() is known


def test_a_torch_that_cannot_tell_gives_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert has_bfloat16_units()


def test_emulation_is_warned_of_once_at_the_callers_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, WITHOUT)
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        rows = skelrep.encode([CLIP] * 3, MODEL, precision="bfloat16", device=["cpu", "cpu"], batch_size=1)
        skelrep.encode_to_file(tmp_path / "rows.npy", [CLIP], MODEL, precision="bfloat16")
        next(skelrep.encode_stream([CLIP], MODEL, precision="bfloat16"))
    assert [(one.category, one.filename) for one in given] == [(SkelrepWarning, __file__)] * 3
    assert "no units for it" in str(given[0].message)
    assert "precision='float32'" in str(given[0].message)
    exact = skelrep.encode([CLIP], MODEL)
    np.testing.assert_allclose(rows[0], exact[0], atol=0.05 * np.abs(exact).max())


def test_no_warning_without_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, WITHOUT)
    warn_of_slow_precision("bfloat16", [torch.device("cuda", 0)], level=1)
    skelrep.encode([CLIP], MODEL)
    pretend(monkeypatch, {"bf16": True})
    skelrep.encode([CLIP], MODEL, precision="bfloat16")


def test_the_command_says_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, WITHOUT)
    monkeypatch.setattr(warnings, "filters", [("always", None, Warning, None, 0)])
    MODEL.save_pretrained(tmp_path / "model")
    np.save(tmp_path / "clip.npy", CLIP)
    options = ["-o", str(tmp_path / "rows.npz"), "--model", str(tmp_path / "model"), "--device", "cpu"]
    assert main(["encode", str(tmp_path / "clip.npy"), *options, "--precision", "bfloat16", "--quiet"]) == 0
    assert capsys.readouterr().err.count("skelrep: warning: precision is 'bfloat16'") == 1
