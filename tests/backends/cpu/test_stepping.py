"""The memory of single steps: for which sizes it is made."""

import torch

from recurry.backends.cpu.stepping import Stepping
from recurry.cells import find_cell


def _given(name: str = "lstm", size: int = 5):
    cell = find_cell(name)
    parameters = {n: torch.randn(s) for n, s in cell.parameter_shapes(3, size).items()}
    states = {n: torch.randn(1, 2, size) for n in cell.states}
    return cell.plan, parameters, torch.randn(2, 3), states


def test_steps_follow_one_another():
    plan, parameters, x, states = _given()
    stepping = Stepping.of(plan, parameters, x, states)
    output, new = stepping.run(parameters, x, states)
    assert output.shape == (2, 5)
    assert torch.equal(new["h"][0], output)
    again, _ = stepping.run(parameters, x, states)
    assert torch.equal(again, output)
    other, _ = stepping.run(parameters, x, new)
    assert not torch.equal(other, output)


def test_it_fits_the_sizes_that_it_was_made_for():
    plan, parameters, x, states = _given()
    stepping = Stepping.of(plan, parameters, x, states)
    values = list(parameters.values())
    assert stepping.fits(values, x, states.values())
    assert not stepping.fits(values, x[:1], states.values())
    assert not stepping.fits(values, x.double(), states.values())
    assert not stepping.fits(values, x, [states["h"][:, :1]])
    assert not stepping.fits([values[0][:2], *values[1:]], x, states.values())


def test_there_is_none_for_what_does_not_fit():
    plan, parameters, x, states = _given()
    assert Stepping.of(plan, parameters, x.half(), states) is None
    assert Stepping.of(plan, parameters, x, {n: s[:, :1] for n, s in states.items()}) is None
    assert Stepping.of(plan, {**parameters, "U_f": torch.zeros(2, 2)}, x, states) is None
