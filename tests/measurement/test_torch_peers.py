"""Torch's modules and plain loops compute what the layer computes."""

import pytest
import torch
from torch import Tensor

from recurry.cells import cells
from recurry.measurement.case import PASSES
from recurry.measurement.peer import Numbers
from recurry.measurement.torch_peers import PlainTorch, TorchModule


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("name", ["lstm", "gru_after", "rnn", "rnn_relu"])
def test_a_module_computes_its_cell(name, kind, make_case, compare):
    compare(TorchModule(), make_case(name, kind=kind))


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("name", cells())
def test_a_plain_loop_computes_every_cell(name, kind, make_case, compare):
    compare(PlainTorch(), make_case(name, kind=kind))


def test_unequal_lengths_are_packed(make_case, compare):
    case = make_case("lstm", lengths=(4, 2))
    compare(TorchModule(), case)
    assert PlainTorch().refusal(case) == "a plain loop knows no lengths"


def test_a_cell_that_torch_has_not(make_case):
    assert TorchModule().refusal(make_case("mut1")) == "torch has no module of this cell"


@pytest.mark.parametrize("peer", [TorchModule(), PlainTorch()])
def test_bfloat16_is_computed_in_bfloat16(peer, make_case):
    case = make_case("lstm", precision="bfloat16", kind="inference")
    found = peer.prepare(Numbers(case=case))()
    assert isinstance(found, Tensor)
    assert found.dtype == torch.bfloat16
