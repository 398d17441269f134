"""`SkeletonEncoder`: one ST-GCN a view, and the vector made of their features."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor, nn

from ..config import ModelConfig, View
from ..errors import ShapeError
from ..layout import NUM_JOINTS
from ..views import make_view
from .bodies import mean_over_bodies, place_bodies, present_bodies, split_bodies
from .stgcn import STGCN, block_channels, vector_sizes
from .whitening import Whitening

if TYPE_CHECKING:
    from ..hub import ModelCard, Pushed

Output = Literal["clip", "bodies", "frames", "joints"]
EncodePrecision = Literal["float32", "bfloat16"]
Device = str | torch.device
Devices = Device | Sequence[Device] | None
Vectors = NDArray[np.float32] | Tensor
VectorLists = list[NDArray[np.float32]] | list[Tensor]
MAX_BODIES = 2


class SkeletonEncoder(nn.Module):
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
        super().__init__()
        self.config = config
        self.commit_hash: str | None = None
        self.truncate_dim: int | None = None
        self.encoders = nn.ModuleDict({view: STGCN(config.encoder) for view in config.encoder.views})
        size = config.encoder.whitening
        self.whitening = Whitening(self.pooled_dim, size) if size else None

    @property
    def views(self) -> tuple[View, ...]:
        """The views whose features make the vector, in its order."""
        return self.config.encoder.views

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def feature_channels(self) -> int:
        """Channels of one view's feature maps, which are those of the last block in `feature_blocks`."""
        return block_channels(self.config.encoder)[self.config.encoder.feature_blocks[-1]]

    @property
    def embedding_dim(self) -> int:
        """Length of a clip's vector."""
        return self.config.encoder.whitening or self.pooled_dim

    @property
    def pooled_dim(self) -> int:
        """Length of a clip's vector before any whitening."""
        return sum(vector_sizes(self.config.encoder)) * len(self.views)

    def forward(self, x_NCTVM: Tensor) -> Tensor:
        """One unnormalised vector a clip: `forward_pooled`, whitened where the config says so.

        Args:
            x_NCTVM: float (N, 3, T, V, M), preprocessed joints (`skelrep.preprocess.preprocess`), metres.

        Returns:
            float (N, embedding_dim); under ``"fixed"`` zero for a clip without a body.

        Raises:
            ShapeError: other axes.
        """
        pooled = self.forward_pooled(x_NCTVM)
        if self.whitening is None:
            return pooled
        seen_N = present_bodies(x_NCTVM, self.config.encoder.recipe_name).any(dim=1)
        return self.whitening(pooled) * seen_N[:, None]

    def forward_pooled(self, x_NCTVM: Tensor) -> Tensor:
        """The vector before any whitening: view after view, and in each the blocks that the config names.

        Returns:
            float (N, pooled_dim).
        """
        return self._every_view(x_NCTVM, STGCN.forward_vector)

    def forward_features(self, x_NCTVM: Tensor) -> Tensor:
        """Unpooled features of the last block in `feature_blocks`, averaged over bodies.

        Returns:
            float (N, T', V, feature_channels * views).
        """
        last = self.config.encoder.feature_blocks[-1]
        return self._every_view(
            x_NCTVM,
            lambda encoder, rows: rearrange(encoder.forward_features(rows, last), "b c t v -> b t v c"),
        )

    def forward_bodies(self, x_NCTVM: Tensor) -> Tensor:
        """One unnormalised vector a body: float (N, 2, embedding_dim), zero for an absent body.

        The mean over the present bodies is `forward`'s vector; under ``"faithful"``, which also averages
        absent ones in, only for clips of two bodies.
        """
        check_input(x_NCTVM)
        present = present_bodies(x_NCTVM, "fixed")
        features = []
        for view in self.views:
            rows = split_bodies(make_view(x_NCTVM, view), present)
            features.append(self._encoder(view).forward_vector(rows))
        vectors = torch.cat(features, dim=1)
        if self.whitening is not None:
            vectors = self.whitening(vectors)
        return place_bodies(vectors, present, MAX_BODIES)

    def _encoder(self, view: View) -> STGCN:
        return self.encoders[view]  # type: ignore[return-value]

    def _every_view(self, x_NCTVM: Tensor, features_of: Callable[[STGCN, Tensor], Tensor]) -> Tensor:
        check_input(x_NCTVM)
        present = present_bodies(x_NCTVM, self.config.encoder.recipe_name)
        if self.config.encoder.recipe_name == "faithful" and x_NCTVM.shape[4] == 1:
            x_NCTVM = nn.functional.pad(x_NCTVM, (0, 1))
            present = present.expand(-1, 2)
        features = []
        for view in self.views:
            rows = split_bodies(make_view(x_NCTVM, view), present)
            features.append(mean_over_bodies(features_of(self._encoder(view), rows), present))
        return torch.cat(features, dim=-1)

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


def check_input(x_NCTVM: Tensor) -> None:
    """Raise `ShapeError` unless x is (N, 3, T >= 1, 25, M >= 1)."""
    shape = tuple(x_NCTVM.shape)
    if len(shape) != 5 or shape[1] != 3 or shape[3] != NUM_JOINTS or 0 in shape[2:]:
        raise ShapeError(
            f"the encoder was given shape {shape}; expected (N, C=3, T, V={NUM_JOINTS}, M). "
            "Raw clips go through model.encode(...) or skelrep.preprocess.preprocess(...) first."
        )
