"""Checkpoints of the published code: strict, safe, and the same numbers."""

import dataclasses
import io
import itertools
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from skelrep.config import EncoderConfig, PretrainConfig
from skelrep.convert import convert, load_reference_checkpoint, reference_to_crossclr
from skelrep.crossclr import CrosSCLR
from skelrep.errors import ConfigError, UnsafeFileError, WeightsError, WeightsNotFoundError
from skelrep.layout import spatial_partition
from skelrep.pretrained import load_pretrained
from skelrep.weights_io import load_model

PARITY = Path(__file__).parents[2] / "shared" / "parity"
VIEWS = {"joint": "", "motion": "_motion", "bone": "_bone"}
CONV = "encoder_q.st_gcn_networks.4.residual.0.weight"
needs_parity = pytest.mark.skipif(not PARITY.is_dir(), reason="the parity files lie beside the checkout")


def encoder_shapes(base, features):
    """Names and shapes of one published encoder, written down as its code builds them."""

    def norm(name, n):
        floats = dict.fromkeys(
            (f"{name}.weight", f"{name}.bias", f"{name}.running_mean", f"{name}.running_var"), (n,)
        )
        return floats | {f"{name}.num_batches_tracked": ()}

    shapes = {"A": (3, 25, 25)} | norm("data_bn", 75)
    widths = [3] + [base] * 4 + [2 * base] * 3 + [4 * base] * 2 + [features]
    for i, (c_in, c_out) in enumerate(itertools.pairwise(widths)):
        block = f"st_gcn_networks.{i}"
        shapes |= {
            f"{block}.gcn.conv.weight": (3 * c_out, c_in, 1, 1),
            f"{block}.gcn.conv.bias": (3 * c_out,),
        }
        shapes |= norm(f"{block}.tcn.0", c_out) | norm(f"{block}.tcn.3", c_out)
        shapes |= {f"{block}.tcn.2.weight": (c_out, c_out, 9, 1), f"{block}.tcn.2.bias": (c_out,)}
        if i in (4, 7, 9):
            shapes |= {
                f"{block}.residual.0.weight": (c_out, c_in, 1, 1),
                f"{block}.residual.0.bias": (c_out,),
            }
            shapes |= norm(f"{block}.residual.1", c_out)
        shapes[f"edge_importance.{i}"] = (3, 25, 25)
    return shapes


def make_state(views=tuple(VIEWS), *, base=2, features=6, head=4, queue=5):
    """A random state with the names of a published checkpoint, heads, keys and queues included."""
    generator, state = torch.Generator().manual_seed(0), {}
    for view in views:
        first, last = ("fc.0", "fc.2") if view == "joint" else ("fc.0", "fc.2.2")
        shapes = encoder_shapes(base, features)
        for name in (first,) if view == "joint" else (first, "fc.2.0"):
            shapes |= {f"{name}.weight": (features, features), f"{name}.bias": (features,)}
        shapes |= {f"{last}.weight": (head, features), f"{last}.bias": (head,)}
        for role in "qk":
            for name, shape in shapes.items():
                value = torch.rand(shape, generator=generator) if shape else torch.tensor(7)
                value = torch.from_numpy(spatial_partition("faithful")) if name == "A" else value
                state[f"encoder_{role}{VIEWS[view]}.{name}"] = value
        state[f"queue{VIEWS[view]}"] = torch.rand(head, queue, generator=generator)
        state[f"queue_ptr{VIEWS[view]}"] = torch.tensor([3])
    return state


def save(state, tmp_path):
    torch.save(state, tmp_path / "published.pt")
    return tmp_path / "published.pt"


@pytest.mark.parametrize("views", [("joint",), ("joint", "bone"), tuple(VIEWS)])
def test_every_query_weight_arrives(tmp_path, views):
    state = make_state(views)
    model = load_reference_checkpoint(save(state, tmp_path), "cpu")
    assert model.views == views
    assert not model.training
    config = model.config
    assert (config.encoder.base_channels, config.encoder.feature_channels) == (2, 6)
    assert config.encoder.recipe_name == config.preprocess.recipe_name == "faithful"
    assert config.preprocess.frames == 50
    block = model.encoders[views[-1]].blocks[4]
    suffix = VIEWS[views[-1]]
    for ours, name in [
        (block.residual[0].weight, "st_gcn_networks.4.residual.0.weight"),
        (block.residual[1].running_var, "st_gcn_networks.4.residual.1.running_var"),
        (block.spatial.weight, "st_gcn_networks.4.gcn.conv.weight"),
        (block.spatial.edge_importance, "edge_importance.4"),
        (block.spatial_norm.weight, "st_gcn_networks.4.tcn.0.weight"),
        (block.temporal.weight, "st_gcn_networks.4.tcn.2.weight"),
        (block.temporal_norm.num_batches_tracked, "st_gcn_networks.4.tcn.3.num_batches_tracked"),
        (model.encoders[views[-1]].input_norm.bias, "data_bn.bias"),
    ]:
        assert torch.equal(ours, state[f"encoder_q{suffix}.{name}"]), name


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: {f"module.{k}": v for k, v in s.items()},
        lambda s: {"state_dict": s, "epoch": 300},
        lambda s: {"model": s, "optimizer": {"lr": 0.1}},
        lambda s: {"state_dict": {f"module.{k}": v for k, v in s.items()}},
        lambda s: {k: v.double() if v.is_floating_point() else v for k, v in s.items()},
        lambda s: {k: v for k, v in s.items() if k.startswith("encoder_q")},
    ],
)
def test_wrappings(tmp_path, wrap):
    state = make_state(("joint",))
    model = load_pretrained(save(wrap(state), tmp_path))
    assert torch.equal(model.encoders["joint"].blocks[4].residual[0].weight, state[CONV])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop(CONV), r"1 missing: encoders\.joint\.blocks\.4\.residual\.0\.weight"),
        (lambda s: s.update(novelty=torch.zeros(1)), "1 unexpected: novelty"),
        (lambda s: s.update({"encoder_q.A2": torch.zeros(1)}), r"1 unexpected: encoder_q\.A2"),
        (lambda s: s.update({"encoder_q.edge_importance.10": torch.zeros(1)}), "1 unexpected: .*blocks.10"),
        (lambda s: s.update({"encoder_q.edge_importance10": torch.zeros(1)}), "1 unexpected: .*importance10"),
        (lambda s: s.update({"encoder_q.edge_importance11": torch.zeros(1)}), "1 unexpected: .*importance11"),
        (lambda s: s.update({"encoder_q.l1.agcn.weight": torch.zeros(1)}), r"1 unexpected: encoder_q\.l1"),
        (lambda s: s.update({CONV: torch.zeros(4, 2, 1, 2)}), "1 misshapen"),
        (lambda s: s[CONV].fill_(float("nan")), "NaN or infinite"),
        (
            lambda s: s["encoder_q.A"].mul_(1.1),
            "encoders.joint.adjacency is not the published graph of NTU-25",
        ),
        (lambda s: [s.pop(k) for k in list(s) if k.startswith("encoder_q")], "holds no published encoder"),
        (lambda s: s.pop("encoder_q.st_gcn_networks.0.tcn.2.bias"), "holds no published encoder"),
        (
            lambda s: s.update({"encoder_q.st_gcn_networks.0.tcn.2.bias": torch.zeros(())}),
            "no published encoder",
        ),
        (
            lambda s: s.update({"encoder_q.st_gcn_networks.0.tcn.2.bias": torch.zeros(0)}),
            "no published encoder",
        ),
        (lambda s: s.update(epoch=3), "not a dict of tensors"),
    ],
)
def test_strictness(tmp_path, change, message):
    state = make_state(("joint",))
    change(state)
    with pytest.raises(WeightsError, match=message):
        load_reference_checkpoint(save(state, tmp_path))


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
def test_code_in_a_checkpoint_is_refused(tmp_path, form):
    canary, path = tmp_path / "canary", tmp_path / "evil.pt"
    state = make_state(("joint",)) | {"evil": Canary(canary)}
    if form == "pickle":
        path.write_bytes(pickle.dumps({"evil": Canary(canary)}, protocol=2))
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(UnsafeFileError, match=r"evil\.pt calls \w+\.mkdir; reading it could run code"):
        load_pretrained(path)
    with pytest.raises(UnsafeFileError):
        convert(path, tmp_path / "out")
    assert not canary.exists()
    assert not (tmp_path / "out").exists()
    torch.load(path, weights_only=False) if form == "zip" else pickle.loads(pickle.dumps(Canary(canary)))
    assert canary.exists(), "the canary works: it was the refusal that kept it away"


def test_damaged_files(tmp_path):
    buffer, path = io.BytesIO(), tmp_path / "damaged.pt"
    torch.save(make_state(("joint",)), buffer)
    for data in (
        buffer.getvalue()[:5000],
        b"",
        b"just some text\n" * 20,
        b"PK\3\4",
        pickle.dumps([1], protocol=2),
    ):
        path.write_bytes(data)
        with pytest.raises(WeightsError, match=r"damaged\.pt is not a whole PyTorch checkpoint"):
            load_reference_checkpoint(path)
    torch.save(torch.zeros(3), path)
    with pytest.raises(WeightsError, match="not a dict of tensors"):
        load_reference_checkpoint(path)
    with pytest.raises(WeightsNotFoundError, match=r"there is no .*nowhere\.pt"):
        load_reference_checkpoint(tmp_path / "nowhere.pt")
    with pytest.raises(ConfigError, match="device"):
        load_reference_checkpoint(path, "abacus")


def test_convert_writes_a_model_folder(tmp_path):
    source = save(make_state(), tmp_path)
    converted = convert(source, tmp_path / "out")
    loaded, direct = load_model(tmp_path / "out"), load_reference_checkpoint(source)
    x = torch.randn(2, 3, 20, 25, 2)
    assert torch.equal(loaded(x), direct(x))
    assert torch.equal(converted(x), direct(x))
    assert "Not described yet" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("views", [("joint",), tuple(VIEWS)])
def test_whole_training_state(views):
    state = make_state(views)
    encoder = EncoderConfig(recipe_name="faithful", views=views, base_channels=2, feature_channels=6)
    config = dataclasses.replace(PretrainConfig.recipe("faithful"), encoder=encoder, projection_dim=4)
    model = CrosSCLR(config, queue_size=5)
    model.load_state_dict(reference_to_crossclr(state))
    suffix = VIEWS[views[-1]]
    assert torch.equal(model.queue(views[-1]).rows, state[f"queue{suffix}"].T)
    assert model.queue(views[-1]).position.item() == 3
    assert torch.equal(model.query_heads[views[-1]][0].bias, state[f"encoder_q{suffix}.fc.0.bias"])
    key = model.key_encoders[views[-1]].blocks[9].residual[0].weight
    assert torch.equal(key, state[f"encoder_k{suffix}.st_gcn_networks.9.residual.0.weight"])
    with pytest.raises(WeightsError, match="unknown names: novelty"):
        reference_to_crossclr(state | {"novelty": torch.zeros(1)})


@needs_parity
def test_published_checkpoint_gives_the_published_features():
    expected = np.load(PARITY / "crossclr_3views_expected.npz")
    model = load_pretrained(PARITY / "crossclr_3views_reference_format.pt")
    with torch.inference_mode():
        features = model(torch.from_numpy(expected["x"])).numpy()
    for i, view in enumerate(VIEWS):
        ours, theirs = features[:, 256 * i : 256 * (i + 1)], expected[view]
        assert np.linalg.norm(ours - theirs) <= 1e-5 * np.linalg.norm(theirs)
        assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()
