"""`SkeletonEncoder`: clips to vectors, and the ways of a model to a folder and to the Hub."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config import ModelConfig
from .view_encoders import ViewEncoders

if TYPE_CHECKING:
    from ..hub import ModelCard, Pushed

Output = Literal["clip", "bodies", "frames", "joints"]
EncodePrecision = Literal["float32", "bfloat16"]
Device = str | torch.device
Devices = Device | Sequence[Device] | None
Vectors = NDArray[np.float32] | Tensor
VectorLists = list[NDArray[np.float32]] | list[Tensor]


class SkeletonEncoder(ViewEncoders):
    """Turns preprocessed skeleton clips into vectors.

    Attributes:
        config: architecture and preprocessing.
        encoders: one `STGCN` a view.
        whitening: the affine map of the pooled vector, if the config has one.
        commit_hash: the Hub commit the weights came from, where they did.
        truncate_dim: how many numbers of a vector `encode` gives, where it is not told; None for all. It is
            no part of the weights.

    Example:
        >>> model = SkeletonEncoder(ModelConfig())
        >>> model(torch.randn(2, 3, 50, 25, 1)).shape
        torch.Size([2, 768])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.commit_hash: str | None = None
        self.truncate_dim: int | None = None

    @overload
    def encode(
        self, clips: object, *, batch_size: int = ..., device: Devices = ..., output: Output = ...,
        normalize: bool = ..., preprocess: bool = ..., precision: EncodePrecision = ...,
        to_tensor: bool = ..., progress: bool | None = ..., window: None = ..., stride: None = ...,
        truncate_dim: int | None = ...,
    ) -> Vectors: ...  # fmt: skip
    @overload
    def encode(
        self, clips: object, *, batch_size: int = ..., device: Devices = ..., output: Output = ...,
        normalize: bool = ..., preprocess: bool = ..., precision: EncodePrecision = ...,
        to_tensor: bool = ..., progress: bool | None = ..., window: int | None, stride: int | None = ...,
        truncate_dim: int | None = ...,
    ) -> Vectors | VectorLists: ...  # fmt: skip
    def encode(
        self,
        clips: object,
        *,
        batch_size: int = 64,
        device: Devices = None,
        output: Output = "clip",
        normalize: bool = False,
        preprocess: bool = True,
        precision: EncodePrecision = "float32",
        to_tensor: bool = False,
        progress: bool | None = None,
        window: int | None = None,
        stride: int | None = None,
        truncate_dim: int | None = None,
    ) -> Vectors | VectorLists:
        """Embed raw clips; the same as `skelrep.encode` with this model."""
        from ..embed import encode

        return encode(
            clips,
            self,
            batch_size=batch_size,
            device=device,
            output=output,
            normalize=normalize,
            preprocess=preprocess,
            precision=precision,
            to_tensor=to_tensor,
            progress=progress,
            window=window,
            stride=stride,
            truncate_dim=truncate_dim,
        )

    def save_pretrained(self, folder: str | os.PathLike[str], *, card: ModelCard | None = None) -> None:
        """Write `config.json` and `model.safetensors`, each whole or not at all, and a `README.md`.

        Args:
            folder: made where missing. A `README.md` that stands there is kept as it is.
            card: what the `README.md` says; without it, that nothing has been said yet.

        Raises:
            WeightsError: the weights hold NaN or infinity; nothing is written.
            OutputError: the folder cannot be written.
        """
        from ..publish import save_with_card

        save_with_card(self, folder, card)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str | None = None,
        private: bool | None = None,
        token: bool | str | None = None,
        revision: str | None = None,
        create_pr: bool = False,
        card: ModelCard | str | os.PathLike[str] | None = None,
    ) -> Pushed:
        """Publish the model on the Hugging Face Hub in one commit, after it has verified itself.

        Args:
            repo_id: ``"owner/name"``; made where missing.
            commit_message: of the commit.
            private: whether a new repo is private. True also refuses to push to a repo that is public.
            token: True for the stored one, or the text of one; `hf auth login` stores it.
            revision: branch; made where missing.
            create_pr: open a pull request instead of writing to the branch.
            card: `README.md`, as a record or a file. Without it, a `README.md` that the repo has is kept.

        Returns:
            The commit's hash and address, the pull request's, and whether a card was kept.

        Raises:
            VerificationError, WeightsError: the saved model does not compute what this one does; not sent.
            HubError: refused, failed or unreachable, or somebody pushed at the same time.
            ConfigError: no repo id, or a card that the Hub refuses.
        """
        from ..hub import Target
        from ..publish import push_encoder

        target = Target(
            repo_id=repo_id,
            commit_message=commit_message,
            private=private,
            token=token,
            revision=revision,
            create_pr=create_pr,
        )
        return push_encoder(self, target, card)
