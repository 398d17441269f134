"""The variants of the pretraining study: one thing at a time is changed in the default weights' recipe.

Every run is short, four passes over the default's training clips, so that all of them together take hours on
one core. What is worth little after four passes may be worth more after four hundred.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from pretrain_default import CONFIG, WEIGHT_OF_OTHERS

from skelrep.config import AugmentConfig, PretrainConfig

EPOCHS = 4
STAGE_2 = 3  # first epoch of cross-view mining where there is more than one view
Change = Callable[[PretrainConfig], PretrainConfig]


@dataclasses.dataclass(frozen=True)
class Variant:
    """A row of the study."""

    group: str
    name: str
    config: PretrainConfig
    seeds: tuple[int, ...] = (0,)
    weight_of_others: float = WEIGHT_OF_OTHERS

    def folder(self, seed: int) -> str:
        """Name of the run's folder."""
        words = "".join(c if c.isalnum() else " " for c in f"{self.group} {self.name}").split()
        return "-".join((*words, str(seed)))


def base(views: tuple[str, ...], cross_view_epoch: int) -> PretrainConfig:
    """The default's recipe, shortened."""
    encoder = dataclasses.replace(CONFIG.encoder, views=views)
    return dataclasses.replace(CONFIG, encoder=encoder, epochs=EPOCHS, cross_view_epoch=cross_view_epoch)


JOINT = base(("joint",), EPOCHS + 1)
THREE = ("joint", "motion", "bone")


def train(**fields: object) -> PretrainConfig:
    """The joint view's recipe with other training fields."""
    return dataclasses.replace(JOINT, **fields)


def augment(**fields: float) -> PretrainConfig:
    """The joint view's recipe with other augmentations."""
    return dataclasses.replace(JOINT, augment=dataclasses.replace(JOINT.augment, **fields))


def encoder(**fields: object) -> PretrainConfig:
    """The joint view's recipe with another architecture."""
    return dataclasses.replace(JOINT, encoder=dataclasses.replace(JOINT.encoder, **fields))


def clips(**fields: object) -> PretrainConfig:
    """The joint view's recipe with other preprocessing."""
    return dataclasses.replace(JOINT, preprocess=dataclasses.replace(JOINT.preprocess, **fields))


def published() -> PretrainConfig:
    """The published recipe on this study's clips, batches and queue; its step decay is never reached.

    One pass over the clips takes as long as four of the others: ten blocks, and a second body that is absent.
    """
    recipe = PretrainConfig.recipe("faithful")
    alone = dataclasses.replace(recipe.encoder, views=("joint",))
    kept = {name: getattr(JOINT, name) for name in ("batch_size", "cross_view_epoch", "queue_size")}
    return dataclasses.replace(recipe, encoder=alone, epochs=1, **kept)


SEEDED = (0, 1, 2)
COMPARISON = (
    Variant("comparison", "SkeletonCLR, joint", JOINT, SEEDED),
    Variant("comparison", "3s-CrosSCLR", base(THREE, STAGE_2), SEEDED),
    Variant("comparison", "3s-SkeletonCLR", base(THREE, EPOCHS + 1), SEEDED),
)
FACTORS = (
    Variant("recipe", "published (faithful), one pass", published()),
    Variant("augmentation", "shear 0.5 and crop only, as published", train(augment=AugmentConfig())),
    Variant("augmentation", "no rotation, no tilt", augment(rotation=0.0, tilt=0.0)),
    Variant("augmentation", "no change of bone lengths", augment(bone_scale=0.0)),
    Variant("augmentation", "no change of speed or amplitude", augment(speed=0.0, amplitude=0.0)),
    Variant("augmentation", "no drift, mask or mix", augment(jitter=0.0, joint_mask=0.0, part_mix=0.0)),
    Variant("augmentation", "mirror, half of the crops", augment(mirror=0.5)),
    Variant("contrast", "temperature 0.07", train(temperature=0.07)),
    Variant("contrast", "temperature 0.3", train(temperature=0.3)),
    Variant("contrast", "queue of 256", train(queue_size=256)),
    Variant("contrast", "momentum 0.999", train(momentum=0.999)),
    Variant("encoder", "ten blocks", encoder(blocks=10, feature_blocks=(4, 10))),
    Variant("encoder", "dropout 0.5", encoder(dropout=0.5)),
    Variant("encoder", "twice as wide (h32)", encoder(base_channels=32)),
    Variant("clips", "64 frames", clips(frames=64)),
    Variant("clips", "bone lengths kept", clips(bone_lengths="keep")),
    Variant("clips", "every clip as often as another", JOINT, weight_of_others=1.0),
)
VARIANTS = (*COMPARISON, *FACTORS)
