"""The mutated cells exactly as printed, written out by hand."""

import numpy as np
import pytest

from recurry.cells import cell


def _sigmoid(a):
    return 1 / (1 + np.exp(-a))


def _mut1(p, x, h):
    z = _sigmoid(p["W_z"] @ x + p["b_z"])
    r = _sigmoid(p["W_r"] @ x + p["U_r"] @ h + p["b_r"])
    return np.tanh(p["U_h"] @ (r * h) + np.tanh(x) + p["b_h"]) * z + h * (1 - z)


def _mut2(p, x, h):
    z = _sigmoid(p["W_z"] @ x + p["U_z"] @ h + p["b_z"])
    r = _sigmoid(x + p["U_r"] @ h + p["b_r"])
    return np.tanh(p["U_h"] @ (r * h) + p["W_h"] @ x + p["b_h"]) * z + h * (1 - z)


def _mut3(p, x, h):
    z = _sigmoid(p["W_z"] @ x + p["U_z"] @ np.tanh(h) + p["b_z"])
    r = _sigmoid(p["W_r"] @ x + p["U_r"] @ h + p["b_r"])
    return np.tanh(p["U_h"] @ (r * h) + p["W_h"] @ x + p["b_h"]) * z + h * (1 - z)


@pytest.mark.parametrize(("name", "step"), [("mut1", _mut1), ("mut2", _mut2), ("mut3", _mut3)])
def test_the_cell_is_the_printed_formula(name, step, rng):
    shapes = cell(name).parameter_shapes(4, 4)
    p = {key: rng.normal(size=shape) for key, shape in shapes.items()}
    x = rng.normal(size=(5, 1, 4))
    h = rng.normal(size=4)
    run = cell(name).interpret(p, x, {"h": h[None]})
    for t in range(5):
        h = step(p, x[t, 0], h)
        np.testing.assert_allclose(run.output[t, 0], h, rtol=1e-12)


def test_parameters_are_those_of_the_paper_and_no_more():
    assert set(cell("mut1").parameters) == {"W_z", "b_z", "W_r", "U_r", "b_r", "U_h", "b_h"}
    assert set(cell("mut2").parameters) == {"W_z", "U_z", "b_z", "U_r", "b_r", "U_h", "W_h", "b_h"}
    assert set(cell("mut3").parameters) == {
        *("W_z", "U_z", "b_z", "W_r", "U_r", "b_r", "U_h", "W_h", "b_h")
    }


def test_only_a_bare_x_needs_equal_sizes():
    assert [cell(f"mut{k}").graph.needs_square for k in (1, 2, 3)] == [True, True, False]
