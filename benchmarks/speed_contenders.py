"""Who is measured: the plain baseline, skelrep, and engines that run an export of the baseline.

Each contender builds its model from the same random weights and returns a call without arguments. Heavy
imports stay inside, since a contender's process should hold what it needs and nothing else.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from plain import encode_at_once, encode_in_slices, plain_encoder
from plain_training import plain_crossclr
from speed_data import random_clips, random_encoder
from speed_turns import Case
from torch import Tensor, nn

from skelrep.config import EncoderConfig, PretrainConfig, Recipe
from skelrep.crossclr import CrosSCLR
from skelrep.models import SkeletonEncoder

Call = Callable[[], Any]
# glibc returns large blocks to the system at once and faults their pages in anew; these settings keep them.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592"}
LEARNING_RATE = 1e-3  # small, so that random data do not make weights overflow


@dataclass(frozen=True)
class Contender:
    """How a contender is called in tables, what it needs, and how it is made."""

    title: str
    make: Callable[[Case, int, Mapping[str, str]], Call]
    environment: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()  # modules
    program: str = ""
    checkout: str = ""  # a name in `paths`
    tolerance: float | None = 1e-5  # of the output, relative; None where outputs are random

    def available(self, paths: Mapping[str, str]) -> bool:
        here = all(importlib.util.find_spec(module) for module in self.needs)
        built = not self.program or shutil.which(self.program) is not None
        return here and built and (not self.checkout or self.checkout in paths)


def encoder_config(case: Case, recipe: Recipe = "faithful") -> EncoderConfig:
    return EncoderConfig(
        recipe_name=recipe,
        dropout=case.dropout if recipe == "faithful" else 0.0,
        views=case.views,
        base_channels=case.base_channels,
        feature_channels=case.feature_channels,
    )


def model_and_clips(case: Case) -> tuple[SkeletonEncoder, Tensor]:
    return random_encoder(encoder_config(case)), random_clips(case.batch, case.frames, case.bodies)


def plain(encode: Callable[[nn.Module, Tensor], Tensor]) -> Callable[[Case, int, Mapping[str, str]], Call]:
    def make(case: Case, _threads: int, _paths: Mapping[str, str]) -> Call:
        model, x = model_and_clips(case)
        baseline = plain_encoder(model)
        return lambda: encode(baseline, x)

    return make


def compiled(case: Case, _threads: int, _paths: Mapping[str, str]) -> Call:
    model, x = model_and_clips(case)
    run = torch.compile(plain_encoder(model))
    return torch.inference_mode()(lambda: run(x))


def fused(precision: str) -> Callable[[Case, int, Mapping[str, str]], Call]:
    """The network that `skelrep.encode` runs, on prepared clips: what the baseline computes."""

    def make(case: Case, _threads: int, _paths: Mapping[str, str]) -> Call:
        from skelrep.models.fused import fused_encoder

        model, x = model_and_clips(case)
        encoder = fused_encoder(model, precision)

        @torch.inference_mode()
        def call() -> Tensor:
            return encoder.forward(x).float()

        return call

    return make


def public_encode(case: Case, _threads: int, _paths: Mapping[str, str]) -> Call:
    """The same through the public function, with its checks and copies."""
    import skelrep

    model, x = model_and_clips(case)
    array = x.numpy()
    return lambda: skelrep.encode(array, model, batch_size=case.batch, preprocess=False)


def plain_training(case: Case, _threads: int, _paths: Mapping[str, str]) -> Call:
    model = plain_crossclr(training_model(case, "faithful"))
    x_query, x_key = training_crops(case)
    return lambda: list(model.step(x_query, x_key, case.stage).values())


def training(recipe: Recipe) -> Callable[[Case, int, Mapping[str, str]], Call]:
    def make(case: Case, _threads: int, _paths: Mapping[str, str]) -> Call:
        from skelrep.train.optim import build_optimizer, set_learning_rate
        from skelrep.train.run import to_numbers

        model = training_model(case, recipe).train()
        optimizer = build_optimizer(model.named_parameters(), model.config)
        x_query, x_key = training_crops(case)

        def step() -> list[float]:
            output = model(x_query, x_key, stage=case.stage)
            losses, _ = to_numbers(output)
            set_learning_rate(optimizer, LEARNING_RATE)
            optimizer.zero_grad(set_to_none=True)
            output.loss.backward()
            optimizer.step()
            return list(losses.values())

        return step

    return make


def training_model(case: Case, recipe: Recipe) -> CrosSCLR:
    torch.manual_seed(0)
    config = dataclasses.replace(
        PretrainConfig.recipe(recipe),
        encoder=encoder_config(case, recipe),
        batch_size=case.batch,
        queue_size=case.queue_size,
        learning_rate=LEARNING_RATE,
    )
    return CrosSCLR(config, queue_size=case.queue_size)


def training_crops(case: Case) -> tuple[Tensor, Tensor]:
    return (
        random_clips(case.batch, case.frames, case.bodies, seed=1),
        random_clips(case.batch, case.frames, case.bodies, seed=2),
    )


def exported(engine: str) -> Callable[[Case, int, Mapping[str, str]], Call]:
    def make(case: Case, threads: int, _paths: Mapping[str, str]) -> Call:
        from plain_export import ENGINES

        model, x = model_and_clips(case)
        return ENGINES[engine](plain_encoder(model), x, threads)

    return make


def from_checkout(maker: str) -> Callable[[Case, int, Mapping[str, str]], Call]:
    def make(case: Case, _threads: int, paths: Mapping[str, str]) -> Call:
        import published

        return getattr(published, maker)(case, paths)

    return make


CONTENDERS: dict[str, Contender] = {
    "plain_as_shipped": Contender("plain, as shipped", plain(encode_at_once)),
    "plain_tuned": Contender("plain, tuned", plain(encode_in_slices)),
    "skelrep": Contender("skelrep", fused("float32"), needs=("skelrep.models.fused",)),
    "skelrep_encode": Contender("skelrep.encode on arrays", public_encode),
    "skelrep_bfloat16": Contender(
        "skelrep, bfloat16", fused("bfloat16"), needs=("skelrep.models.fused",), tolerance=3e-2
    ),
    "onnxruntime": Contender(
        "ONNX Runtime, plain export", exported("onnxruntime"), needs=("onnxruntime", "onnxscript")
    ),
    "openvino": Contender("OpenVINO, plain export", exported("openvino"), needs=("openvino", "onnxscript")),
    "plain_compiled": Contender("plain, torch.compile", compiled, program="g++"),
    "published": Contender(
        "published code, as shipped", from_checkout("published_encode"), checkout="crossclr"
    ),
    "published_tuned": Contender(
        "published code, tuned", from_checkout("published_encode_tuned"), checkout="crossclr"
    ),
    "pyskl": Contender("pyskl ST-GCN", from_checkout("pyskl_encode"), checkout="pyskl"),
    "train_plain_as_shipped": Contender("plain, as shipped", plain_training, tolerance=None),
    "train_plain_tuned": Contender("plain, tuned", plain_training, environment=ALLOCATOR, tolerance=None),
    "train_skelrep": Contender("skelrep, faithful", training("faithful"), tolerance=None),
    "train_skelrep_fixed": Contender("skelrep, fixed", training("fixed"), tolerance=None),
    "train_published": Contender(
        "published code, as shipped", from_checkout("published_train"), checkout="crossclr", tolerance=None
    ),
    "train_published_tuned": Contender(
        "published code, tuned", from_checkout("published_train"),
        environment=ALLOCATOR, checkout="crossclr", tolerance=None,
    ),
}  # fmt: skip
