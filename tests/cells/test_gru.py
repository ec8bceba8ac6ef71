"""Gated units against their papers and against torch."""

import numpy as np
import pytest

from recurry.cells import cell
from recurry.compiler.parse import parse

torch = pytest.importorskip("torch")

GATES = "r = sigmoid(W_r @ x + U_r @ h + b_r)\nz = sigmoid(W_z @ x + U_z @ h + b_z)\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gru", GATES + "h = z * h + (1 - z) * tanh(W_h @ x + U_h @ (r * h) + b_h)"),
        ("gru_after", GATES + "h = z * h + (1 - z) * tanh(W_h @ x + b_h + r * (U_h @ h + c_h))"),
        (
            "mgu",
            "f = sigmoid(W_f @ x + U_f @ h + b_f)\n"
            "h = (1 - f) * h + f * tanh(W_h @ x + U_h @ (f * h) + b_h)",
        ),
        (
            "ugrnn",
            "g = sigmoid(W_g @ x + U_g @ h + b_g)\n"
            "h = g * h + (1 - g) * tanh(W_h @ x + U_h @ h + b_h)",
        ),
        (
            "ligru",
            "z = sigmoid(W_z @ x + U_z @ h + b_z)\n"
            "h = z * h + (1 - z) * relu(W_h @ x + U_h @ h + b_h)",
        ),
    ],
)
def test_equations(name, text):
    assert cell(name).graph == parse(text)


def test_gru_after_is_torchs_gru(rng):
    module = torch.nn.GRU(3, 4, dtype=torch.float64)
    w_ih, w_hh, b_ih, b_hh = (p.detach().numpy() for p in module.parameters())
    parameters = {}
    for index, gate in enumerate("rzh"):
        rows = slice(4 * index, 4 * index + 4)
        parameters |= {f"W_{gate}": w_ih[rows], f"U_{gate}": w_hh[rows]}
        parameters[f"b_{gate}"] = b_ih[rows] + (0 if gate == "h" else b_hh[rows])
    parameters["c_h"] = b_hh[8:]
    x = rng.normal(size=(6, 2, 3))
    expected, _ = module(torch.from_numpy(x))
    found = cell("gru_after").interpret(parameters, x)
    np.testing.assert_allclose(found.output, expected.detach().numpy(), atol=1e-13)


def test_gru_and_gru_after_are_different_cells(rng):
    shapes = cell("gru").parameter_shapes(3, 3)
    parameters = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x = rng.normal(size=(4, 1, 3))
    before = cell("gru").interpret(parameters, x).output
    after = cell("gru_after").interpret({**parameters, "c_h": np.zeros(3)}, x).output
    assert np.abs(before - after).max() > 0.01
