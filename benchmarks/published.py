"""Runs checkouts of the published CrosSCLR code and of pyskl's ST-GCN beside the baseline.

Neither is part of skelrep. Both get the baseline's weights, so that outputs can be compared, and small
stand-ins for what they import but do not need here (torchlight, mmcv). The published code trains on CUDA;
`PublishedStep` lets it run on a CPU by answering its `.cuda()` calls and its queue writes, and takes a step
as its trainer does.
"""

from __future__ import annotations

import importlib
import re
import sys
import types
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

import torch
from plain import SLICE, PlainSTGCN, plain_encoder
from plain_training import PlainCrosSCLR, plain_crossclr
from speed_checks import STEP
from speed_contenders import Call, model_and_clips, training_crops, training_model
from speed_turns import Case
from torch import Tensor, nn
from torch.nn import functional

from skelrep.convert import ENCODER_NAMES, SUFFIX

GRAPH = {"layout": "ntu-rgb+d", "strategy": "spatial"}
PYSKL_NAMES = (
    (r"data_bn\.(\w+)", r"input_norm.\1"),
    (r"gcn\.(\d+)\.gcn\.A", "adjacency"),
    (r"gcn\.(\d+)\.gcn\.PA", r"blocks.\1.spatial.edge_importance"),
    (r"gcn\.(\d+)\.gcn\.conv\.(\w+)", r"blocks.\1.spatial.\2"),
    (r"gcn\.(\d+)\.gcn\.bn\.(\w+)", r"blocks.\1.spatial_norm.\2"),
    (r"gcn\.(\d+)\.tcn\.conv\.(\w+)", r"blocks.\1.temporal.\2"),
    (r"gcn\.(\d+)\.tcn\.bn\.(\w+)", r"blocks.\1.temporal_norm.\2"),
    (r"gcn\.(\d+)\.residual\.conv\.(\w+)", r"blocks.\1.residual.0.\2"),
    (r"gcn\.(\d+)\.residual\.bn\.(\w+)", r"blocks.\1.residual.1.\2"),
)


def take_weights(theirs: nn.Module, names: tuple[tuple[str, str], ...], plain: PlainSTGCN) -> None:
    """Give another implementation the baseline's weights, every tensor of it but a classifier."""
    ours = plain.state_dict()
    for name, tensor in theirs.state_dict().items():
        if not name.startswith("fc."):
            tensor.copy_(ours[next(re.sub(p, r, name) for p, r in names if re.fullmatch(p, name))])


def published_encoder(case: Case, paths: Mapping[str, str]) -> tuple[nn.Module, Tensor]:
    """The published ST-GCN with an identity for its last layer, and its input."""
    add_checkout(paths["crossclr"], "torchlight")
    model, x = model_and_clips(case)
    theirs = importlib.import_module("net.st_gcn").Model(
        in_channels=3, hidden_channels=case.base_channels, hidden_dim=case.feature_channels, num_class=1,
        dropout=0.5, graph_args=GRAPH, edge_importance_weighting=True,
    )  # fmt: skip
    take_weights(theirs, ENCODER_NAMES, plain_encoder(model).encoders["joint"])
    theirs.fc = nn.Identity()
    return theirs.eval(), x


def published_encode(case: Case, paths: Mapping[str, str]) -> Call:
    model, x = published_encoder(case, paths)
    return torch.inference_mode()(lambda: model(x))


def published_encode_tuned(case: Case, paths: Mapping[str, str]) -> Call:
    model, x = published_encoder(case, paths)
    return torch.inference_mode()(lambda: torch.cat([model(part) for part in x.split(SLICE)]))


def pyskl_encode(case: Case, paths: Mapping[str, str]) -> Call:
    """pyskl's backbone in the one width that it shares with the baseline: features of 4 x base channels."""
    add_checkout(paths["pyskl"], "mmcv")
    model, x = model_and_clips(case)
    theirs = importlib.import_module("pyskl.models.gcns.stgcn").STGCN(
        {"layout": "nturgb+d", "mode": "spatial"}, base_channels=case.base_channels
    )
    take_weights(theirs, PYSKL_NAMES, plain_encoder(model).encoders["joint"])
    theirs.eval()
    clips = x.permute(0, 4, 2, 3, 1).contiguous()  # its axes are N, M, T, V, C
    return torch.inference_mode()(
        lambda: torch.cat([theirs(part).mean(dim=(3, 4)).mean(dim=1) for part in clips.split(SLICE)])
    )


class PublishedStep:
    """A training step of the published three-view model, after its trainer, with the baseline's weights."""

    def __init__(self, plain: PlainCrosSCLR, case: Case, path: str) -> None:
        add_checkout(path, "torchlight")
        module = importlib.import_module("net.crossclr_3views")
        self.model = module.CrosSCLR(
            "net.st_gcn.Model", feature_dim=plain.config.projection_dim, queue_size=case.queue_size,
            momentum=plain.config.momentum, hidden_channels=case.base_channels,
            hidden_dim=case.feature_channels, dropout=plain.config.encoder.dropout, graph_args=GRAPH,
        )  # fmt: skip
        self.model.to(next(plain.parameters()).dtype)
        self.take(plain)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=plain.config.learning_rate, momentum=0.9, weight_decay=1e-4
        )

    def take(self, plain: PlainCrosSCLR) -> None:
        for view, suffix in SUFFIX.items():
            for role, name in (("q", "query"), ("k", "key")):
                theirs = getattr(self.model, f"encoder_{role}{suffix}")
                take_weights(theirs, ENCODER_NAMES, getattr(plain, f"{name}_encoders")[view])
                theirs.fc.load_state_dict(getattr(plain, f"{name}_heads")[view].state_dict())
            getattr(self.model, f"queue{suffix}").copy_(plain.queues[view])
            write = f"_dequeue_and_enqueue{suffix}"
            setattr(self.model, write, self.writer(f"queue{suffix}", f"queue_ptr{suffix}"))

    def writer(self, queue: str, position: str) -> Any:
        """The published queue write without the GPU's number, which a CPU tensor lacks."""

        def write(keys: Tensor) -> None:
            start = int(getattr(self.model, position))
            getattr(self.model, queue)[:, start : start + len(keys)] = keys.T

        return torch.no_grad()(write)

    def step(self, x_query: Tensor, x_key: Tensor, stage: int) -> list[float]:
        with mock.patch.object(Tensor, "cuda", lambda tensor: tensor):
            outputs = self.model(x_query, x_key, **({"cross": True} if stage == 2 else {}))
        self.model.update_ptr(len(x_query))
        if stage == 1:
            losses = [functional.cross_entropy(logits, outputs[3]) for logits in outputs[:3]]
        else:
            directions = [
                -(functional.log_softmax(logits, dim=1) * mask).sum(1) / mask.sum(1)
                for logits, mask in zip(outputs[:6], outputs[6:], strict=True)
            ]
            losses = [((directions[i] + directions[i + 1]) / 2.0).mean() for i in (0, 2, 4)]
        numbers = [loss.item() for loss in losses]
        self.optimizer.zero_grad()
        sum(losses).backward()
        self.optimizer.step()
        return numbers


def published_train(case: Case, paths: Mapping[str, str]) -> Call:
    step = PublishedStep(plain_crossclr(training_model(case, "faithful")), case, paths["crossclr"])
    x_query, x_key = training_crops(case)
    return lambda: step.step(x_query, x_key, case.stage)


def published_step_deviation(stage: int, path: str) -> float:
    """Largest relative deviation of the baseline's losses from the published ones in three float64 steps."""
    case = replace(STEP, stage=stage)
    plain = plain_crossclr(training_model(case, "faithful").double())
    published = PublishedStep(plain, case, path)
    crops = [crop.double() for crop in training_crops(case)]
    deviations = []
    for _ in range(3):
        losses = zip(plain.step(*crops, stage).values(), published.step(*crops, stage), strict=True)
        deviations += [abs(ours / theirs - 1) for ours, theirs in losses]
    return max(deviations)


def add_checkout(path: str, stand_in: str) -> None:
    """Make a checkout importable, with a stand-in for a package it imports at its head."""
    if path not in sys.path:
        sys.path.insert(0, path)
    {"torchlight": stand_in_torchlight, "mmcv": stand_in_mmcv}[stand_in](path)


def stand_in_torchlight(_path: str) -> None:
    module = types.ModuleType("torchlight")

    def import_class(name: str) -> Any:
        package, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(package), attribute)

    module.import_class = import_class
    sys.modules["torchlight"] = module


def stand_in_mmcv(path: str) -> None:
    """What pyskl's ST-GCN asks of mmcv, and pyskl's packages without their own `__init__` files."""
    builders = {
        "build_norm_layer": lambda _, channels: ("bn", nn.BatchNorm2d(channels)),
        "build_activation_layer": lambda _: nn.ReLU(),
    }
    register = types.SimpleNamespace(register_module=lambda: lambda cls: cls)
    contents: dict[str, dict[str, Any]] = {
        "mmcv": {},
        "mmcv.cnn": builders,
        "mmcv.runner": {"load_checkpoint": None},
        "mmcv.utils": {"_BatchNorm": nn.BatchNorm2d},
        "pyskl.models.builder": {"BACKBONES": register},
    }
    for name in ("pyskl", "pyskl.models", "pyskl.models.gcns", "pyskl.utils"):
        contents[name] = {"__path__": [f"{path}/{name.replace('.', '/')}"]}
    for name, attributes in contents.items():
        module = types.ModuleType(name)
        vars(module).update(attributes)
        sys.modules[name] = module
    graph = importlib.import_module("pyskl.utils.graph")
    vars(sys.modules["pyskl.utils"]).update(Graph=graph.Graph, cache_checkpoint=None)
