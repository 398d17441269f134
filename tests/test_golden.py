"""What is stored beside the weights: a clip, its vector, and a sketch of every layer."""

import copy

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from skelrep import golden
from skelrep.golden import golden_clip, golden_tensors, layer_names, layer_sketches, reference_twin
from skelrep.pretrained import load_pretrained
from skelrep.verification import ROUNDING, TOLERANCE


def gaps(sketches, others):
    """Relative distance of each layer's output, as its sketches tell it."""
    return (sketches[:, 1:] - others[:, 1:]).norm(dim=1) / sketches[:, 0]


def test_golden_clip_is_two_moving_bodies():
    clip = golden_clip(50)
    assert clip.shape == (1, 3, 50, 25, 2)
    assert (clip != 0).flatten(1, 3).any(dim=1).all()
    steps = clip.diff(dim=2).abs()
    assert 0 < steps.max() < 0.1


def test_every_layer_with_weights_has_a_row(tiny):
    names = layer_names(tiny)
    assert len(set(names)) == len(names) == 165
    assert names[0] == "encoders.joint.input_norm"
    assert names[-1] == "encoders.bone.blocks.9"
    assert names.index("encoders.joint.blocks.0.temporal") < names.index("encoders.joint.blocks.0")
    owners = {name.rpartition(".")[0] for name, _ in tiny.named_parameters()}
    assert owners <= set(names)


def test_signs_are_the_same_everywhere():
    signs = golden._random_signs(100_000)
    assert signs[:, :6].tolist() == [
        [1, 1, -1, 1, 1, -1], [1, -1, -1, -1, 1, 1], [1, -1, -1, 1, -1, 1], [1, -1, 1, 1, 1, 1],
        [1, -1, 1, 1, 1, -1], [-1, 1, 1, -1, 1, -1], [1, -1, -1, -1, -1, 1], [-1, -1, 1, -1, -1, -1],
    ]  # fmt: skip
    assert torch.equal(signs[:, :500], golden._random_signs(500))
    assert signs.mean(dim=1).abs().max() < 0.01
    assert torch.corrcoef(signs).fill_diagonal_(0).abs().max() < 0.01


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-6, 1e3), nonzero=st.integers(1, 2000))
def test_sketches_are_as_far_apart_as_what_they_stand_for(seed, scale, nonzero):
    random = np.random.default_rng(seed)
    x = torch.from_numpy(random.normal(size=2000))
    change = torch.zeros(2000, dtype=torch.float64)
    change[torch.from_numpy(random.choice(2000, nonzero, replace=False))] = scale
    signs = golden._random_signs(2000)
    distance = (golden._sketch(x, signs)[1:].double() - golden._sketch(x + change, signs)[1:].double()).norm()
    rounding = 1e-6 * float(x.norm() + change.norm())
    assert 0.02 * change.norm() - rounding <= distance <= 4 * change.norm() + rounding


def test_rounding_and_half_precision_lie_on_both_sides_of_the_tolerance():
    """Threads, kernels and float64 stay tenfold below 1e-5; weights in half precision come out above 1e-4."""
    model, clip = load_pretrained("default"), golden_clip(50)
    stored = layer_sketches(reference_twin(model), clip).double()
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        assert gaps(stored, layer_sketches(reference_twin(model), clip)).max() < ROUNDING / 10
    finally:
        torch.set_num_threads(threads)
    exact = layer_sketches(copy.deepcopy(model).double(), clip.double())
    assert gaps(stored, exact).max() < ROUNDING / 5
    for dtype in (torch.float16, torch.bfloat16):
        rounded = layer_sketches(reference_twin(copy.deepcopy(model).to(dtype)), clip)
        assert gaps(stored, rounded).max() > TOLERANCE


def test_the_model_is_left_alone(tiny):
    model = copy.deepcopy(tiny).double().train()
    random = torch.get_rng_state()
    tensors = golden_tensors(model)
    assert model.training
    assert next(model.parameters()).dtype == torch.float64
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(module._forward_hooks for module in model.modules())
    assert all(not tensor.requires_grad and tensor.dtype == torch.float32 for tensor in tensors.values())
