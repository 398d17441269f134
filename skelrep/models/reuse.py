"""The weights of one encoder in another: which fit, and the same weights under another configuration."""

from __future__ import annotations

import dataclasses

from ..config import EncoderConfig
from ..errors import ConfigError
from .encoder import SkeletonEncoder

SAME_NETWORK = ("recipe_name", "base_channels", "feature_channels")


def check_fits(have: EncoderConfig, want: EncoderConfig, who: str) -> None:
    """Raise `ConfigError` unless an encoder's weights serve another configuration.

    Args:
        have: of the encoder.
        want: may have fewer views, other numbers of blocks, and make its vector of other blocks by another
            pooling.
        who: how to call the encoder in an error.
    """
    differing = [name for name in SAME_NETWORK if getattr(have, name) != getattr(want, name)]
    if differing:
        listed = ", ".join(f"{n} {getattr(have, n)!r} (config: {getattr(want, n)!r})" for n in differing)
        raise ConfigError(
            f"{who} has {listed}. Make the config's encoder equal to {who}'s, or leave {who} out."
        )
    missing = [view for view in want.views if view not in have.views]
    if missing:
        raise ConfigError(
            f"{who} has the views {have.views}, but the config also has {missing}. Take these out of the "
            "config's views, or begin with a model that has them."
        )


def same_weights(encoder: SkeletonEncoder, config: EncoderConfig) -> SkeletonEncoder:
    """A new encoder with copies of an encoder's weights, and what its vector is made of as configured.

    Args:
        encoder: it is left as it is.
        config: may differ in what `check_fits` allows, with no more blocks. Its whitening is left out, since
            one is fitted to the vectors of one configuration.

    Returns:
        In eval mode, on the encoder's device and in its type.

    Raises:
        ConfigError: the weights do not fit.

    Example:
        >>> from skelrep.config import ModelConfig
        >>> first = EncoderConfig(blocks=4, feature_blocks=(0, 4), pooling="parts")
        >>> same_weights(SkeletonEncoder(ModelConfig()), first).embedding_dim
        2745
    """
    check_fits(encoder.config.encoder, config, "the encoder")
    if config.blocks > encoder.config.encoder.blocks:
        raise ConfigError(
            f"the encoder has blocks {encoder.config.encoder.blocks} (config: {config.blocks}). Take no more "
            "blocks than it has."
        )
    pooled = dataclasses.replace(config, whitening=0)
    new = SkeletonEncoder(dataclasses.replace(encoder.config, encoder=pooled))
    new.to(encoder.device, next(encoder.parameters()).dtype)
    weights = encoder.state_dict()
    new.load_state_dict({name: weights[name] for name in new.state_dict()})
    return new.eval()
