"""One ST-GCN a view, and the vector made of their features: tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from einops import rearrange
from torch import Tensor, nn

from ..clips import MAX_BODIES
from ..config import ModelConfig, View
from ..errors import ShapeError
from ..layout import NUM_JOINTS
from ..views import make_view
from .bodies import mean_over_bodies, place_bodies, present_bodies, split_bodies
from .stgcn import STGCN, block_channels, vector_sizes
from .whitening import Whitening


class ViewEncoders(nn.Module):
    """What a `SkeletonEncoder` computes.

    Attributes:
        config: architecture and preprocessing.
        encoders: one `STGCN` a view.
        whitening: the affine map of the pooled vector, if the config has one.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
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


def check_input(x_NCTVM: Tensor) -> None:
    """Raise `ShapeError` unless x is (N, 3, T >= 1, 25, M >= 1)."""
    shape = tuple(x_NCTVM.shape)
    if len(shape) != 5 or shape[1] != 3 or shape[3] != NUM_JOINTS or 0 in shape[2:]:
        raise ShapeError(
            f"the encoder was given shape {shape}; expected (N, C=3, T, V={NUM_JOINTS}, M). "
            "Raw clips go through model.encode(...) or skelrep.preprocess.preprocess(...) first."
        )
