"""`CrosSCLR`: published training trajectories, and what each recipe repairs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from shared_data import PARITY, needs_parity

from skelrep.config import EncoderConfig, ModelConfig, PreprocessConfig, PretrainConfig, View
from skelrep.convert import reference_to_crossclr
from skelrep.crossclr import CrosSCLR
from skelrep.errors import ConfigError
from skelrep.models import SkeletonEncoder


def tiny(
    recipe: str = "fixed", views: tuple[View, ...] = ("joint", "motion", "bone"), **fields: object
) -> CrosSCLR:
    encoder = EncoderConfig(recipe_name=recipe, views=views, base_channels=2, feature_channels=8)
    preprocess = PreprocessConfig(recipe_name=recipe)
    config = PretrainConfig(
        recipe_name=recipe, encoder=encoder, preprocess=preprocess, projection_dim=4, momentum=0.9, **fields
    )
    return CrosSCLR(config, queue_size=12)


def crops(n: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 3, 12, 25, 1, generator=generator)
    return x, x + 0.1 * torch.randn(x.shape, generator=generator)


def load_published(file: str, views: tuple[View, ...], momentum: float, dtype: torch.dtype) -> tuple:
    data = np.load(PARITY / file)
    state = {k[5:]: torch.from_numpy(data[k]) for k in data.files if k.startswith("init/")}
    state = reference_to_crossclr(state)
    widths = [len(state[f"query_encoders.{views[0]}.blocks.{i}.temporal.bias"]) for i in (0, 9)]
    encoder = EncoderConfig(
        recipe_name="faithful", views=views, base_channels=widths[0], feature_channels=widths[1], dropout=0.0
    )
    rows = state[f"queues.{views[0]}.rows"]
    config = dataclasses.replace(
        PretrainConfig.recipe("faithful"), encoder=encoder, momentum=momentum, projection_dim=rows.shape[1]
    )
    model = CrosSCLR(config, queue_size=len(rows))
    model.load_state_dict(state)
    return data, model.to(dtype).train()


def train(model: CrosSCLR, x: torch.Tensor, stages: list[int], lr: float) -> np.ndarray:
    """SGD as published: losses a step and a view."""
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trainable, lr=lr, momentum=0.9, weight_decay=1e-4)
    losses = []
    for (x_query, x_key), stage in zip(x, stages, strict=True):
        output = model(x_query, x_key, stage=stage)
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()
        losses.append([output.losses[v].item() for v in model.views])
    return np.array(losses)


@needs_parity
def test_published_trajectory_of_three_views_in_float64() -> None:
    data, model = load_published(
        "crossclr_3views_trajectory_f64.npz", ("joint", "motion", "bone"), 0.99, torch.float64
    )
    found = train(model, torch.from_numpy(data["x"]).double(), [1] * 4 + [2] * 4, float(data["lr"]))
    np.testing.assert_allclose(found, data["losses"], rtol=1e-8)
    final = {k[6:]: torch.from_numpy(data[k]) for k in data.files if k.startswith("final/")}
    state = model.state_dict()
    for name, expected in reference_to_crossclr(final).items():
        found = state[name]
        torch.testing.assert_close(found, expected.to(found.dtype), rtol=1e-7, atol=1e-8, msg=name)


@needs_parity
def test_published_trajectory_of_skeletonclr() -> None:
    data, model = load_published("skeletonclr_trajectory.npz", ("joint",), 0.999, torch.float32)
    found = train(model, torch.from_numpy(data["x"]), [1] * 12, float(data["lr"]))
    np.testing.assert_allclose(found[:, 0], data["losses"], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "views", [("joint",), ("joint", "motion"), ("motion", "bone"), ("joint", "motion", "bone")]
)
@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_every_choice_of_views_trains(views: tuple[View, ...], recipe: str) -> None:
    model = tiny(recipe, views)
    for stage in (1, 2) if len(views) > 1 else (1,):
        output = model(*crops(), stage=stage)
        output.loss.backward()
        assert tuple(output.losses) == views
        assert all(0 <= a <= 1 for a in output.accuracy.values())
    queries = [*model.query_encoders.parameters(), *model.query_heads.parameters()]
    assert all(p.grad is not None for p in queries)
    assert all(p.grad is None for p in [*model.key_encoders.parameters(), *model.key_heads.parameters()])


def test_keys_are_enqueued_after_the_losses() -> None:
    model = tiny(views=("joint",))
    old = model.queue("joint").rows.clone()
    model(*crops(5), stage=1)
    new = model.queue("joint").rows
    assert model.queue("joint").position.item() == 5
    assert torch.equal(new[5:], old[5:])
    assert not torch.isclose(new[:5], old[:5]).all(dim=1).any()
    torch.testing.assert_close(new.norm(dim=1), torch.ones(12))


def moved_views(model: CrosSCLR, stage: int) -> set[str]:
    before = {k: v.clone() for k, v in model.key_encoders.named_parameters()}
    for p in model.query_encoders.parameters():
        p.data.add_(1.0)
    model.move_keys(stage)
    after = model.key_encoders.named_parameters()
    return {k.split(".")[0] for k, v in after if not torch.equal(before[k], v)}


def test_fixed_moves_every_key_in_both_stages() -> None:
    for stage in (1, 2):
        assert moved_views(tiny("fixed"), stage) == {"joint", "motion", "bone"}


def test_faithful_freezes_keys_in_stage_2_but_motion() -> None:
    assert moved_views(tiny("faithful"), 1) == {"joint", "motion", "bone"}
    assert moved_views(tiny("faithful"), 2) == {"motion"}


def test_fixed_has_a_head_a_view_and_keys_equal_to_queries() -> None:
    model = tiny("fixed")
    heads = {id(p) for v in model.views for p in model.query_heads[v].parameters()}
    assert len(heads) == 3 * 4
    for q, k in zip(model.query_encoders.parameters(), model.key_encoders.parameters(), strict=True):
        assert torch.equal(q, k)


def test_faithful_shares_heads_and_starts_keys_apart() -> None:
    model = tiny("faithful")
    assert model.query_heads["motion"][2] is model.query_heads["joint"]
    q, k = (e["joint"].blocks[9].temporal.weight for e in (model.query_encoders, model.key_encoders))
    assert not torch.equal(q, k)
    assert q.detach().std().item() == pytest.approx(0.02, rel=0.3)


def test_accuracy_counts_queries_that_find_their_key() -> None:
    model = tiny(views=("joint",)).eval()
    x = crops()[0]
    assert model(x, x, stage=1).accuracy["joint"] == 1


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_heads_take_the_vector_that_the_config_names(recipe: str) -> None:
    encoder = EncoderConfig(
        recipe_name=recipe, base_channels=2, feature_channels=8, blocks=5, feature_blocks=(0, 2, 5),
        pooling="parts_std", dropout=0.0,
    )  # fmt: skip
    config = dataclasses.replace(PretrainConfig.recipe(recipe), encoder=encoder, projection_dim=4)
    model = CrosSCLR(config, queue_size=12)
    assert [model.query_heads["joint"][i].weight.shape for i in (0, 2)] == [(8, 675 + 20 * (2 + 4)), (4, 8)]
    for stage in (1, 2):
        model(*crops(), stage=stage).loss.backward()
    queries = [*model.query_encoders.parameters(), *model.query_heads.parameters()]
    assert all(p.grad is not None for p in queries)
    vectors = model.to_encoder(ModelConfig(encoder=encoder))(crops()[0])
    assert vectors.shape == (4, 3 * 795)


def test_load_encoder_takes_the_first_blocks() -> None:
    source = tiny().to_encoder(ModelConfig(encoder=tiny().config.encoder))
    encoder = dataclasses.replace(source.config.encoder, blocks=3, feature_blocks=(3,))
    model = CrosSCLR(dataclasses.replace(tiny().config, encoder=encoder), queue_size=12)
    model.load_encoder(source)
    for block in range(3):
        weight = source.encoders["bone"].blocks[block].temporal.weight
        assert torch.equal(model.key_encoders["bone"].blocks[block].temporal.weight, weight)


def test_load_encoder_leaves_blocks_fresh_that_the_source_lacks() -> None:
    whole = tiny()
    encoder = dataclasses.replace(whole.config.encoder, blocks=3, feature_blocks=(3,))
    small = CrosSCLR(dataclasses.replace(tiny().config, encoder=encoder), queue_size=12)
    fresh = whole.query_encoders["bone"].blocks[3].temporal.weight.clone()
    whole.load_encoder(small.to_encoder(ModelConfig(encoder=encoder)))
    for part in (whole.query_encoders, whole.key_encoders):
        assert torch.equal(part["bone"].blocks[3].temporal.weight, fresh)
        taken = small.query_encoders["bone"].blocks[2].temporal.weight
        assert torch.equal(part["bone"].blocks[2].temporal.weight, taken)


def test_load_encoder_starts_queries_and_keys() -> None:
    model = tiny(views=("joint",))
    two_views = dataclasses.replace(model.config.encoder, views=("joint", "bone"))
    source = SkeletonEncoder(ModelConfig(encoder=two_views))
    model.load_encoder(source)
    for encoders in (model.query_encoders, model.key_encoders):
        for name, value in source.encoders["joint"].state_dict().items():
            assert torch.equal(encoders["joint"].state_dict()[name], value)


def test_load_encoder_needs_views_and_widths() -> None:
    joint_only = ModelConfig(encoder=EncoderConfig(views=("joint",), base_channels=2, feature_channels=8))
    with pytest.raises(ConfigError, match="'motion'"):
        tiny().load_encoder(tiny(views=("joint",)).to_encoder(joint_only))
    with pytest.raises(ConfigError, match="base_channels 16"):
        tiny(views=("joint",)).load_encoder(SkeletonEncoder(ModelConfig()))


def test_to_encoder_holds_the_queries() -> None:
    model = tiny()
    encoder = model.to_encoder(ModelConfig(encoder=model.config.encoder))
    assert not encoder.training
    assert torch.equal(
        encoder.encoders["bone"].blocks[2].temporal.weight,
        model.query_encoders["bone"].blocks[2].temporal.weight,
    )
