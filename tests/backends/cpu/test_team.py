"""Several kernel calls at once: both directions of a layer."""

import pytest
import torch

from recurry.backends.cpu import commands
from recurry.cells import cells
from recurry.network.recurrent import Recurrent


@pytest.fixture
def sizes_of_teams(monkeypatch):
    """How many kernel calls were begun together, each time."""
    seen: list[int] = []
    run = commands.run_launches

    def noting(launches):
        seen.append(len(launches))
        run(launches)

    monkeypatch.setattr("recurry.backends.cpu.passes.run_launches", noting)
    return seen


@pytest.mark.parametrize("lengths", [None, [9, 2, 5]], ids=["even", "uneven"])
@pytest.mark.parametrize("cell", cells())
def test_directions_that_run_at_once_give_what_they_give_in_turn(
    cell, lengths, set_threads, sizes_of_teams
):
    layer = Recurrent(cell, 8, 8, bidirectional=True, backend="cpu")
    x = torch.randn(9, 3, 8, requires_grad=True)
    found = []
    for threads in (1, 2):
        set_threads(threads)
        layer.zero_grad()
        x.grad = None
        output, state = layer(x, lengths=lengths)
        (output.square().sum() + sum(s.sum() for s in state.to_dict().values())).backward()
        with torch.no_grad():
            alone = layer(x, lengths=lengths)[0]
        gradients = [x.grad, *(p.grad for p in layer.parameters())]
        found.append([output.detach(), alone, *state.to_dict().values(), *gradients])
    for in_turn, at_once in zip(*found, strict=True):
        assert torch.equal(in_turn.detach(), at_once.detach())
    assert set(sizes_of_teams) == {2}


def test_frozen_weights_of_one_direction_get_no_gradient():
    layer = Recurrent("gru", 4, 6, bidirectional=True, backend="cpu")
    frozen = [p for name, p in layer.named_parameters() if "backward" in name]
    for parameter in frozen:
        parameter.requires_grad_(False)
    layer(torch.randn(5, 2, 4))[0].sum().backward()
    assert all(p.grad is None for p in frozen)
    assert all(p.grad is not None for p in layer.parameters() if p.requires_grad)
