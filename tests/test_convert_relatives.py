"""Checkpoints of code that builds on CrosSCLR's: the names in its files, as read in its published code."""

import pytest
import torch
from test_convert import VIEWS, make_state, save

from skelrep.convert import convert, load_reference_checkpoint
from skelrep.errors import ConfigError

RELATIVES = {  # how the files of published relatives differ, by the names in their code
    "AimCLR": lambda s: s,
    "ActCLR": lambda s: s,
    "AimCLR, linear evaluation": lambda s: (
        {k: v for k, v in s.items() if k.startswith("encoder_q.") and ".fc." not in k}
        | {"encoder_q.fc.weight": torch.zeros(60, 6), "encoder_q.fc.bias": torch.zeros(60)}
    ),
    "HiCLR": lambda s: {hiclr_name(k): v for k, v in s.items()} | {"mask_param": torch.zeros(1)},
}


def hiclr_name(name):
    """HiCLR has its edge importances as ten parameters, counted from 1."""
    head, found, number = name.partition(".edge_importance.")
    return f"{head}.edge_importance{int(number) + 1}" if found else name


@pytest.mark.parametrize("family", RELATIVES)
@pytest.mark.parametrize("view", VIEWS)
def test_relatives_train_one_view_and_do_not_say_which(tmp_path, family, view):
    state = make_state(("joint",))
    model = load_reference_checkpoint(save(RELATIVES[family](state), tmp_path), view=view)
    assert model.views == (view,)
    for block in (0, 9):
        ours = model.encoders[view].blocks[block].spatial.edge_importance
        assert torch.equal(ours, state[f"encoder_q.edge_importance.{block}"])
    assert convert(tmp_path / "published.pt", tmp_path / "out", view=view).views == (view,)


def test_a_view_must_exist_and_be_unsaid(tmp_path):
    with pytest.raises(ConfigError, match="leave view out"):
        load_reference_checkpoint(save(make_state(), tmp_path), view="joint")
    with pytest.raises(ConfigError, match="expected one of joint, motion, bone"):
        load_reference_checkpoint(save(make_state(("joint",)), tmp_path), view="colour")
