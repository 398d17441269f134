"""`load_pretrained`: weights by name, folder, file or Hub id."""

from __future__ import annotations

import difflib
import fnmatch
import os
import re
from dataclasses import dataclass
from pathlib import Path

import torch

from .config import View
from .config_file import model_config_from_json
from .errors import ConfigError, WeightsNotFoundError
from .models import SkeletonEncoder
from .weights_file import CONFIG_NAME, WEIGHTS_NAME, ModelFiles
from .weights_io import empty_encoder, load_model

EMBEDDED = Path(__file__).parent / "weights"
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
REFERENCE_SUFFIXES = (".pt", ".pth")


@dataclass(frozen=True, kw_only=True)
class PretrainedInfo:
    """One embedded model.

    Attributes:
        name: for `load_pretrained`.
        views: whose features make the vector.
        embedding_dim: length of a vector.
        parameters: trainable numbers.
        license: of the weights, from the model card.
        training_data: names of the data sets, from the model card.
    """

    name: str
    views: tuple[View, ...]
    embedding_dim: int
    parameters: int
    license: str
    training_data: tuple[str, ...]


def load_pretrained(
    name_or_path: str | os.PathLike[str] = "default",
    *,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    token: bool | str | None = None,
    device: str | torch.device | None = None,
    truncate_dim: int | None = None,
) -> SkeletonEncoder:
    """Load a trained encoder.

    Args:
        name_or_path: the first reading that fits is taken: the name of an embedded model (`list_pretrained`;
            no network), a local model folder, a `.pt` or `.pth` checkpoint of the published CrosSCLR code, or
            a Hub repo id ``"owner/name"``.
        revision: branch, tag or commit of a Hub repo.
        cache_dir, force_download, local_files_only, token: for a Hub repo, see `skelrep.hub.download_model`.
        device: where the model goes; the CPU by default.
        truncate_dim: `encode` with this model gives the first so many numbers of its vectors.

    Returns:
        The model in eval mode; `commit_hash` tells the Hub commit, where it came from one.

    Raises:
        WeightsNotFoundError: no reading fits.
        HubError: the Hub refused, failed or could not be reached.
        ConfigError, WeightsError, UnsafeFileError: what was found cannot be used, or its vector is shorter
            than `truncate_dim`.

    Example:
        >>> import tempfile
        >>> from skelrep.config import EncoderConfig, ModelConfig
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     SkeletonEncoder(ModelConfig(encoder=EncoderConfig(base_channels=2))).save_pretrained(folder)
        ...     load_pretrained(folder).embedding_dim
        768
    """
    found = find_pretrained(
        name_or_path,
        revision=revision,
        cache_dir=cache_dir,
        force_download=force_download,
        local_files_only=local_files_only,
        token=token,
    )
    model = load_model(found, device) if isinstance(found, ModelFiles) else _load_published(found, device)
    if truncate_dim is not None:
        from .embed.options import check_truncate_dim

        check_truncate_dim(truncate_dim, model)
        model.truncate_dim = truncate_dim
    return model


def _load_published(path: Path, device: str | torch.device | None) -> SkeletonEncoder:
    from .convert import load_reference_checkpoint  # hardly anybody needs it, and nobody should wait for it

    return load_reference_checkpoint(path, device)


def find_pretrained(
    name_or_path: str | os.PathLike[str],
    *,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    token: bool | str | None = None,
) -> ModelFiles | Path:
    """Find, and for a Hub repo fetch, what `load_pretrained` would load; same arguments and errors.

    Returns:
        A model's two files, or the path of a checkpoint of the published code.
    """
    local = _find_local(name_or_path)
    if local is not None:
        if revision is not None:
            raise ConfigError(f"revision={revision!r} was given, but {name_or_path} is local; leave it out.")
        return local
    if not isinstance(name_or_path, str) or not HUB_ID.fullmatch(name_or_path):
        raise WeightsNotFoundError(_nothing_fits(str(name_or_path)))
    from .hub import download_model  # embedded models and folders do not wait for it

    return download_model(
        name_or_path,
        revision=revision,
        cache_dir=cache_dir,
        force_download=force_download,
        local_files_only=local_files_only,
        token=token,
    )


def list_pretrained(filter: str = "*") -> list[PretrainedInfo]:  # noqa: A002 (timm's word)
    """The models that come with the package, by name; reads no weights and makes no request.

    Args:
        filter: names to list, with the wildcards ``*``, ``?`` and ``[...]``.

    Returns:
        A record a model: its name, views, size, licence and training data; none where no name fits.

    Example:
        >>> [model.name for model in list_pretrained("def*")]
        ['default']
    """
    return [_describe(name) for name in embedded_names() if fnmatch.fnmatchcase(name, filter)]


def embedded_names() -> list[str]:
    """Names of the embedded models."""
    return sorted(folder.parent.name for folder in EMBEDDED.glob(f"*/{CONFIG_NAME}"))


def _find_local(name_or_path: str | os.PathLike[str]) -> ModelFiles | Path | None:
    if name_or_path in embedded_names():
        return ModelFiles.in_folder(EMBEDDED / str(name_or_path))
    # Unlike Path's own questions, these take an empty name and one that is too long.
    if os.path.isdir(name_or_path):  # noqa: PTH112
        return ModelFiles.in_folder(Path(name_or_path))
    if not os.path.isfile(name_or_path):  # noqa: PTH113
        return None
    path = Path(name_or_path)
    if path.name in (CONFIG_NAME, WEIGHTS_NAME):
        return ModelFiles.in_folder(path.parent)
    if path.suffix in REFERENCE_SUFFIXES:
        return path
    raise WeightsNotFoundError(
        f"{path} is a file, but neither a {' or '.join(REFERENCE_SUFFIXES)} checkpoint nor part of a model "
        f"folder ({CONFIG_NAME}, {WEIGHTS_NAME}). Pass the model's folder."
    )


def _nothing_fits(name: str) -> str:
    names = embedded_names()
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Embedded models: {', '.join(names) or 'none'}."
    return (
        f"nothing to load under {name!r}: no embedded model has this name, there is no such folder or file, "
        f"and it is no Hub repo id of the form 'owner/name'. {hint}"
    )


def _describe(name: str) -> PretrainedInfo:
    from .hub import card_metadata, training_data

    folder = EMBEDDED / name
    where = str(folder / CONFIG_NAME)
    config = model_config_from_json((folder / CONFIG_NAME).read_bytes(), where)
    encoder, card = empty_encoder(config, where), card_metadata(folder / "README.md")
    return PretrainedInfo(
        name=name,
        views=encoder.views,
        embedding_dim=encoder.embedding_dim,
        parameters=sum(parameter.numel() for parameter in encoder.parameters()),
        license=str(card.get("license", "unknown")),
        training_data=training_data(card),
    )
