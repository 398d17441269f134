"""Bodies that are there as rows of their own, so that nothing is computed for absent ones."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Tracks(NamedTuple):
    """Whose the rows of `split_bodies` are.

    Attributes:
        leaders: int64 (B,), for each body the number of its clip, which is the row of that clip's first body.
        slots: int64 (B,), which of its clip's bodies it is.
        clips: N.
    """

    leaders: Tensor
    slots: Tensor
    clips: int

    def place(self, x_BTVC: Tensor, bodies: int) -> Tensor:
        """Rows as clips with so many slots, (N, C, T, V, bodies); absent bodies are zero."""
        x_BCTV = x_BTVC.permute(0, 3, 1, 2)
        if bodies == 1:
            return x_BCTV.unsqueeze(-1).contiguous()
        x_NCTVM = x_BCTV.new_zeros(self.clips, *x_BCTV.shape[1:], bodies)
        x_NCTVM[..., 0] = x_BCTV[: self.clips]
        others = slice(self.clips, None)
        x_NCTVM[self.leaders[others], ..., self.slots[others]] = x_BCTV[others]
        return x_NCTVM


def split_bodies(x_NTMVC: Tensor) -> tuple[Tensor, Tracks]:
    """The first body of every clip, there or not, and then those others that are there.

    Returns:
        float (B, T, V, C), in memory C planes; and whose each row is.
    """
    planes_CMNTV = x_NTMVC.permute(4, 2, 0, 1, 3)
    clips = len(x_NTMVC)
    there_NM = x_NTMVC[:, :, 1:].abs().amax(dim=(1, 3, 4)) > 0
    slot, clip = there_NM.T.nonzero(as_tuple=True)
    first = torch.arange(clips, device=x_NTMVC.device)
    tracks = Tracks(torch.cat((first, clip)), torch.cat((torch.zeros_like(first), slot + 1)), clips)
    if not len(clip):
        return planes_CMNTV[:, 0].contiguous().movedim(0, -1), tracks
    rows_CBTV = x_NTMVC.new_empty(planes_CMNTV.shape[0], len(tracks.slots), *planes_CMNTV.shape[3:])
    rows_CBTV[:, :clips] = planes_CMNTV[:, 0]
    rows_CBTV[:, clips:] = planes_CMNTV[:, slot + 1, clip]
    return rows_CBTV.movedim(0, -1), tracks
