"""Pooled vectors of every tuning clip and of two crops of every pretraining clip, kept on disk.

What `choose_vector.py` compares is made of these: a block is encoded once for all candidates that have it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from archives import Archive, read_archive
from numpy.typing import NDArray
from package_default import encoder_config
from pretrain_default import PAIRS, SINGLE, training_clips
from protocols import SETS, used_clips

import skelrep
from skelrep.atomic import atomic_write
from skelrep.config import AugmentConfig, Pooling
from skelrep.embed.options import EncodeOptions
from skelrep.embed.workers import Workers
from skelrep.models.reuse import same_weights
from skelrep.models.stgcn import vector_sizes
from skelrep.preprocess import preprocess
from skelrep.whiten import crop_vectors

CROP_SEED, BATCH = 0, 64  # those of `skelrep.fit_whitening`, so that its whitening comes out


@dataclass(frozen=True)
class Sources:
    """Where clips come from, and where vectors are kept.

    Attributes:
        data: folder of the archives.
        utdmhad: `utdmhad.npz` of the converter, or None to leave this set out.
        cache: folder, made where missing.
    """

    data: Path
    utdmhad: Path | None
    cache: Path

    def archives(self) -> list[Archive]:
        """The tuning sets."""
        files = [self.data / f"{name}.npz" for name in SETS]
        return [read_archive(file) for file in [*files, *([self.utdmhad] if self.utdmhad else [])]]


@dataclass(frozen=True, eq=False)
class Features:
    """Pooled vectors, before any whitening.

    Attributes:
        first, second: float32 (N, D), two crops of each pretraining clip.
        sets: name of a set to float32 (M, D), of all its clips; zero where a clip is in no tuning fold.
    """

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    sets: dict[str, NDArray[np.float32]]


def pooled_features(
    model: skelrep.SkeletonEncoder,
    blocks: Sequence[int],
    pooling: Pooling,
    nuisance: AugmentConfig,
    sources: Sources,
) -> Features:
    """The vectors that a model's weights give with these blocks and pooling, block after block.

    Blocks that are not in the cache are computed and added to it. In a model, numbers come view after view;
    the order matters to no probe and to no whitening.
    """
    files = {b: sources.cache / f"{key(model, b, pooling, nuisance, sources)}.npz" for b in blocks}
    missing = [block for block, file in files.items() if not file.exists()]
    if missing:
        encoder = same_weights(model, encoder_config(model.config.encoder, missing, pooling))
        for block, arrays in compute(encoder, nuisance, sources).items():
            sources.cache.mkdir(parents=True, exist_ok=True)
            with atomic_write(files[block]) as out:
                np.savez(out, **arrays)
    found = [dict(np.load(file)) for file in files.values()]
    joined = {name: np.concatenate([arrays[name] for arrays in found], axis=1) for name in found[0]}
    return Features(joined.pop("first"), joined.pop("second"), joined)


def key(
    model: skelrep.SkeletonEncoder, block: int, pooling: Pooling, nuisance: AugmentConfig, sources: Sources
) -> str:
    """A name for what a block's vectors depend on: weights, pooling, nuisance and the files of the clips."""
    told = (block, pooling, nuisance, CROP_SEED, BATCH, model.config.preprocess)
    digest = hashlib.sha256(repr(told).encode())
    for name, tensor in model.state_dict().items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    names = [*SINGLE, PAIRS, *SETS]
    for file in [*(sources.data / f"{name}.npz" for name in names), *filter(None, [sources.utdmhad])]:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def compute(
    encoder: skelrep.SkeletonEncoder, nuisance: AugmentConfig, sources: Sources
) -> dict[int, dict[str, NDArray[np.float32]]]:
    """Vectors of crops and sets, of each of the encoder's blocks."""
    options = EncodeOptions(batch_size=BATCH, preprocess=False)
    clips = training_clips(sources.data)
    first, second = crop_vectors(Workers(encoder, None, options), clips, nuisance, CROP_SEED, progress=True)
    arrays = {"first": first.float().numpy(), "second": second.float().numpy()}
    arrays |= {archive.name: set_vectors(encoder, archive) for archive in sources.archives()}
    config = encoder.config.encoder
    # Which block each number comes from: view after view, and in each block after block.
    owners = np.repeat(config.feature_blocks * len(config.views), vector_sizes(config) * len(config.views))
    return {
        block: {name: rows[:, owners == block] for name, rows in arrays.items()}
        for block in config.feature_blocks
    }


def set_vectors(encoder: skelrep.SkeletonEncoder, archive: Archive) -> NDArray[np.float32]:
    """Vectors of the clips in tuning folds, at their places among all clips of a set; zero elsewhere."""
    used = used_clips(archive, "tune")
    clips = [archive.clips[n] for n in np.flatnonzero(used)]
    x = preprocess(clips, encoder.config.preprocess)
    vectors = np.zeros((len(used), encoder.embedding_dim), np.float32)
    vectors[used] = torch.as_tensor(encoder.encode(x, preprocess=False, progress=False)).numpy()
    return vectors
