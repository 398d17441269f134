"""Checkpoints of published code (CrosSCLR, and AimCLR, HiCLR, ActCLR, which build on it) as our models."""

from __future__ import annotations

import dataclasses
import os
import pickle
import re
from collections.abc import Mapping

import torch
from torch import Tensor

from .config import VIEWS, EncoderConfig, ModelConfig, PreprocessConfig, View
from .device import check_device
from .errors import ConfigError, UnsafeFileError, WeightsError, WeightsNotFoundError
from .layout import spatial_partition
from .models import SkeletonEncoder
from .publish import save_with_card
from .record import listed
from .regular_files import open_regular
from .torch_files import holds_all_numbers, load_plain
from .weights_file import check_tensors
from .weights_io import empty_encoder, fill_encoder

# The published name's suffix of each view: encoder_q, encoder_q_motion, queue_bone, ...
SUFFIX: dict[View, str] = {"joint": "", "motion": "_motion", "bone": "_bone"}

# Published name in one encoder -> ours; the first pattern that matches whole.
ENCODER_NAMES: tuple[tuple[str, str], ...] = (
    (r"A", "adjacency"),
    (r"data_bn\.(\w+)", r"input_norm.\1"),
    (r"edge_importance\.(\d+)", r"blocks.\1.spatial.edge_importance"),
    (r"edge_importance([1-9]|10)", "edge_importance"),  # HiCLR counts from 1: see _rename
    (r"st_gcn_networks\.(\d+)\.gcn\.conv\.(\w+)", r"blocks.\1.spatial.\2"),
    (r"st_gcn_networks\.(\d+)\.tcn\.0\.(\w+)", r"blocks.\1.spatial_norm.\2"),
    (r"st_gcn_networks\.(\d+)\.tcn\.2\.(\w+)", r"blocks.\1.temporal.\2"),
    (r"st_gcn_networks\.(\d+)\.tcn\.3\.(\w+)", r"blocks.\1.temporal_norm.\2"),
    (r"st_gcn_networks\.(\d+)\.(residual\.[01]\.\w+)", r"blocks.\1.\2"),
)
# Of the training, not of the encoder: projection heads or classifiers, key encoders, queues, HiCLR's mask.
TRAINING_ONLY = re.compile(
    r"encoder_q(_motion|_bone)?\.fc\..+|encoder_k(_motion|_bone)?\..+|queue(_ptr)?(_motion|_bone)?|mask_param"
)
WRAPPERS = ("state_dict", "model")
REMEDY = (
    "Expected the ST-GCN query encoders of CrosSCLR, AimCLR, HiCLR or ActCLR: encoder_q, encoder_q_motion, "
    "encoder_q_bone."
)


def load_reference_checkpoint(
    path: str | os.PathLike[str],
    device: str | torch.device | None = None,
    *,
    view: View | None = None,
) -> SkeletonEncoder:
    """Read the query encoders of a published `.pt` checkpoint strictly; nothing in the file is executed.

    Args:
        path: a state dict with the keys of the published code, one to three views; it may be wrapped in a
            `state_dict` or `model` entry or carry the `module.` prefix of data-parallel training.
        device: where the model goes; the CPU by default.
        view: what the only encoder of the file was trained on. AimCLR, HiCLR and ActCLR train one view at a
            time and call it `encoder_q` whichever it is; None takes that for the joint view.

    Returns:
        The encoder in eval mode, recipe ``"faithful"``, widths as in the file.

    Raises:
        WeightsNotFoundError: there is no such file.
        UnsafeFileError: the file would run code, or needs a class, to be read.
        WeightsError: a damaged file; missing, unknown or misshapen weights; another graph than NTU-25's.
        ConfigError: `view` for a file of several views, or a `device` that cannot be used.

    Source:
        Li et al., CVPR 2021 (CrosSCLR); Guo et al., AAAI 2022 (AimCLR); Zhang et al., AAAI 2023 (HiCLR);
        Lin et al., CVPR 2023 (ActCLR): names in the files of their published code.
    """
    target = check_device(device)
    state = _as_view(read_state(path), view, path)
    unknown = {name: tensor for name, tensor in state.items() if not TRAINING_ONLY.fullmatch(name)}
    # The first name wins; a second one for the same weight (HiCLR's beside CrosSCLR's) stays unknown.
    weights: dict[str, Tensor] = {}
    for of_view, name, key in _encoder_keys(unknown, "q"):
        if f"encoders.{of_view}.{name}" not in weights:
            weights[f"encoders.{of_view}.{name}"] = unknown.pop(key)
    encoder = empty_encoder(_infer_config(weights, path), str(path))
    check_tensors(weights | unknown, encoder.state_dict(), path, REMEDY)
    _check_adjacency(weights, path)
    return fill_encoder(encoder, weights).to(target)


def convert(
    source: str | os.PathLike[str], output_dir: str | os.PathLike[str], *, view: View | None = None
) -> SkeletonEncoder:
    """Turn a published checkpoint into a model folder that `load_pretrained` reads.

    Args:
        source, view: see `load_reference_checkpoint`.
        output_dir: gets `config.json`, `model.safetensors` and, where there is none, a `README.md`.

    Raises:
        OutputError: `output_dir` cannot be written; and all that `load_reference_checkpoint` raises.
    """
    encoder = load_reference_checkpoint(source, view=view)
    save_with_card(encoder, output_dir)
    return encoder


def read_state(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a `.pt` file by name, without wrapping and prefix; see `load_reference_checkpoint`."""
    try:
        with open_regular(path) as file:
            data, size = load_plain(file), os.fstat(file.fileno()).st_size
    except FileNotFoundError as error:
        raise WeightsNotFoundError(f"there is no {path}; expected a .pt or .pth checkpoint.") from error
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"calls {found[1]}" if found else "holds instructions that weights do not need"
        raise UnsafeFileError(
            f"{path} {what}; reading it could run code, so it was not read. Expected a dict of tensors: in "
            "an environment you trust, save torch.save(model.state_dict(), ...) anew."
        ) from error
    except Exception as error:  # damage shows as KeyError, EOFError, RuntimeError, UnicodeDecodeError, ...
        raise WeightsError(
            f"{path} is not a whole PyTorch checkpoint ({error!r:.200}). Copy it again."
        ) from error
    for wrapper in WRAPPERS:
        if isinstance(data, Mapping) and isinstance(data.get(wrapper), Mapping):
            data = data[wrapper]
    if not isinstance(data, Mapping) or not all(isinstance(v, Tensor) for v in data.values()):
        raise WeightsError(f"{path} is not a dict of tensors by name. {REMEDY}")
    if not holds_all_numbers(data.values(), size):
        raise WeightsError(f"{path} claims more numbers than it has room for. {REMEDY}")
    return {str(name).removeprefix("module."): tensor for name, tensor in data.items()}


def reference_to_crossclr(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a whole published training state to that of `CrosSCLR` under ``"faithful"``.

    Args:
        state: query and key encoders with heads, queues (D, K) of columns and their pointers; one to three
            views.

    Returns:
        A state dict for `CrosSCLR.load_state_dict`; types are kept, queues become (K, D) rows. A later view's
        head ends in the first view's own parameters on both sides (`fc.2.0`, `fc.2.2`), so head names carry
        over.

    Raises:
        WeightsError: a name that is not of the published code.
    """
    ours: dict[str, Tensor] = {}
    rest = dict(state)
    for role, name in (("q", "query"), ("k", "key")):
        for view, key, published in list(_encoder_keys(rest, role)):
            ours[f"{name}_encoders.{view}.{key}"] = rest.pop(published)
    for view, suffix in SUFFIX.items():
        for role, name in (("q", "query"), ("k", "key")):
            prefix = f"encoder_{role}{suffix}.fc."
            for published in [key for key in rest if key.startswith(prefix)]:
                ours[f"{name}_heads.{view}.{published.removeprefix(prefix)}"] = rest.pop(published)
        if f"queue{suffix}" in rest:
            ours[f"queues.{view}.rows"] = rest.pop(f"queue{suffix}").T.contiguous()
            ours[f"queues.{view}.position"] = rest.pop(f"queue_ptr{suffix}")
    if rest:
        raise WeightsError(f"the training state has unknown names: {listed(rest, 5)}. {REMEDY}")
    return ours


def _as_view(state: dict[str, Tensor], view: View | None, path: object) -> dict[str, Tensor]:
    """The state with its only encoder named as of this view."""
    if view is None:
        return state
    if view not in VIEWS:
        raise ConfigError(f"view is {view!r}; expected one of {', '.join(VIEWS)}.")
    if any(name.startswith(("encoder_q_motion.", "encoder_q_bone.")) for name in state):
        raise ConfigError(f"view={view!r} was given, but {path} names its views itself; leave view out.")
    return {name.replace("encoder_q.", f"encoder_q{SUFFIX[view]}.", 1): t for name, t in state.items()}


def _encoder_keys(state: Mapping[str, Tensor], role: str) -> list[tuple[View, str, str]]:
    """(view, our name, published name) of every weight of the encoders with this role, "q" or "k"."""
    found = []
    for published in state:
        for view, suffix in SUFFIX.items():
            inner = published.removeprefix(f"encoder_{role}{suffix}.")
            name = None if inner == published else _rename(inner)
            if name is not None:
                found.append((view, name, published))
    return found


def _rename(inner: str) -> str | None:
    for pattern, ours in ENCODER_NAMES:
        match = re.fullmatch(pattern, inner)
        if match and ours == "edge_importance":
            return f"blocks.{int(match[1]) - 1}.spatial.edge_importance"
        if match:
            return match.expand(ours)
    return None


def _infer_config(weights: Mapping[str, Tensor], path: object) -> ModelConfig:
    """Views and widths from names and shapes; whatever does not fit them is found by the strict check."""
    views = tuple(view for view in VIEWS if any(name.startswith(f"encoders.{view}.") for name in weights))
    try:
        first = weights[f"encoders.{views[0]}.blocks.0.temporal.bias"]
        last = weights[f"encoders.{views[0]}.blocks.9.temporal.bias"]
        encoder = dataclasses.replace(
            EncoderConfig.recipe("faithful"),
            views=views,
            base_channels=len(first),
            feature_channels=len(last),
        )
    except (IndexError, KeyError, TypeError, ConfigError) as error:
        raise WeightsError(f"{path} holds no published encoder ({error}). {REMEDY}") from error
    return ModelConfig(encoder=encoder, preprocess=PreprocessConfig.recipe("faithful"))


def _check_adjacency(weights: Mapping[str, Tensor], path: object) -> None:
    expected = torch.from_numpy(spatial_partition("faithful"))
    for name, tensor in weights.items():
        if name.endswith(".adjacency") and not torch.allclose(tensor.float(), expected, atol=1e-6):
            raise WeightsError(
                f"{path}: {name} is not the published graph of NTU-25 with its 25 / 40 / 8 partitions. The "
                "encoder was trained on another skeleton or graph, and its vectors would mean nothing here."
            )
