"""`FusedEncoder`: what a `SkeletonEncoder` computes in eval mode, for inference only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from ...clips import MAX_BODIES
from ...layout import NUM_JOINTS
from ..bodies import mean_over_bodies, place_bodies, present_bodies
from ..encoder import SkeletonEncoder
from ..stgcn import STGCN
from ..view_encoders import check_input
from .fold import fold_view, whitening_of
from .plan import Form, Plan, Plans
from .pooling import pool_block_rows
from .workspace import Workspace

InferencePrecision = Literal["float32", "bfloat16"]


class FusedEncoder:
    """A snapshot of an encoder's weights that embeds clips; several threads may use it at once.

    Args:
        encoder: the model; later changes of its weights do not reach here (`fused_encoder` notices them). Of
            the whitening, megabytes that no training changes, only new tensors do not: it is not copied.
        precision: see `fused_encoder`.

    Attributes:
        config: the model's.
        device: where it computes: where the model was.
        embedding_dim: length of a clip's vector.
    """

    def __init__(self, encoder: SkeletonEncoder, precision: InferencePrecision = "float32") -> None:
        self.config = encoder.config
        self.device, self.embedding_dim = encoder.device, encoder.embedding_dim
        self._dtype = next(encoder.parameters()).dtype
        dtype = torch.bfloat16 if precision == "bfloat16" else self._dtype
        views = {}
        with torch.inference_mode():
            for view in encoder.views:
                network: STGCN = encoder.encoders[view]  # type: ignore[assignment]
                views[view] = fold_view(network, view, dtype)
        self._whitening = whitening_of(encoder)
        self._plans = Plans(views)
        self._workspace = Workspace(dtype, self.device)

    def forward(self, x_NCTVM: Tensor) -> Tensor:
        """`SkeletonEncoder.forward`: float (N, embedding_dim)."""
        pooled = self._mean(x_NCTVM, "vector")
        if self._whitening is None:
            return pooled
        with torch.inference_mode():
            seen_N = present_bodies(x_NCTVM, self.config.encoder.recipe_name).any(dim=1)
            vectors = self._whitening(pooled) * seen_N[:, None]
        return ordinary(vectors)

    def forward_features(self, x_NCTVM: Tensor) -> Tensor:
        """`SkeletonEncoder.forward_features`: float (N, T', V, feature_channels * views)."""
        return self._mean(x_NCTVM, "maps")

    def forward_bodies(self, x_NCTVM: Tensor) -> Tensor:
        """`SkeletonEncoder.forward_bodies`: float (N, 2, embedding_dim), zero for an absent body."""
        check_input(x_NCTVM)
        with torch.inference_mode():
            present = present_bodies(x_NCTVM, "fixed")
            vectors = self._rows(x_NCTVM, present, "vector")
            vectors = vectors if self._whitening is None else self._whitening(vectors)
            placed = place_bodies(vectors, present, MAX_BODIES)
        return ordinary(placed)

    __call__ = forward

    def _mean(self, x_NCTVM: Tensor, form: Form) -> Tensor:
        check_input(x_NCTVM)
        with torch.inference_mode():
            present = present_bodies(x_NCTVM, "fixed")
            mean = mean_over_bodies(self._rows(x_NCTVM, present, form), present)
            if self.config.encoder.recipe_name == "faithful":
                mean = self._with_absent(mean, present, self._plans.of(x_NCTVM.shape[2]), form)
        return ordinary(mean)

    def _with_absent(self, mean: Tensor, present_NM: Tensor, plan: Plan, form: Form) -> Tensor:
        """The mean over all slots, two at least, from the mean over present bodies."""
        slots = max(present_NM.shape[1], MAX_BODIES)
        share = (present_NM.sum(dim=1) / slots).to(mean.dtype).view(-1, *[1] * (mean.dim() - 1))
        if bool((share == 1).all()):
            return mean
        return torch.lerp(self._absent(plan, form), mean, share)

    def _rows(self, x_NCTVM: Tensor, present_NM: Tensor, form: Form) -> Tensor:
        """Features of the present bodies, clip by clip: (B, ...)."""
        plan = self._plans.of(x_NCTVM.shape[2])
        x_TNMVC = x_NCTVM.permute(2, 0, 4, 3, 1)
        rows = [
            self._slice(x_TNMVC[:, slots[:, 0], slots[:, 1]], plan, form)
            for slots in torch.split(present_NM.nonzero(), plan.bodies)
            if len(slots)
        ]
        return torch.cat(rows) if rows else self._absent(plan, form)[:0]

    def _absent(self, plan: Plan, form: Form) -> Tensor:
        """Features of a body that is not there, which depend on nothing but the length: (1, ...)."""
        if form not in plan.absent:
            plan.absent[form] = self._slice(
                torch.zeros(plan.frames, 1, NUM_JOINTS, 3, device=self.device), plan, form
            )
        return plan.absent[form]

    def _slice(self, x_TBVC: Tensor, plan: Plan, form: Form) -> Tensor:
        """Features of a few bodies, the views' one after another: (B, ...)."""
        x = x_TBVC.to(self._workspace.dtype).contiguous()
        features: list[Tensor] = []
        for view, network in plan.networks.items():
            each = network(moved(x) if view == "motion" else x, self._workspace)
            features += self._reduced(each, form)
        return torch.cat(features, dim=-1)

    def _reduced(self, each: Iterator[tuple[int, Tensor]], form: Form) -> Iterator[Tensor]:
        """Copies that no later slice overwrites, in the model's own type; of the blocks that are needed."""
        blocks = self.config.encoder.feature_blocks
        wanted = blocks[-1:] if form == "maps" else blocks
        for number, maps_TBVC in each:
            if number in wanted and form == "maps":
                yield maps_TBVC.transpose(0, 1).to(self._dtype, copy=True)
            elif number in wanted:
                yield pool_block_rows(maps_TBVC.to(self._dtype), number, self.config.encoder.pooling)
            if number == wanted[-1]:
                return  # what was not asked for is not computed


def moved(x_TBVC: Tensor) -> Tensor:
    """Difference to the next frame; the last frame is zero (`skelrep.views.motion`, time first)."""
    motion = torch.zeros_like(x_TBVC)
    torch.sub(x_TBVC[1:], x_TBVC[:-1], out=motion[:-1])
    return motion


def ordinary(tensor: Tensor) -> Tensor:
    """A tensor that autograd may use, unless the caller is in inference mode too."""
    return tensor if torch.is_inference_mode_enabled() else tensor.clone()
