"""Simple recurrent cells against their papers."""

import pytest

from recurry.cells import cell
from recurry.compiler.parse import parse


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rnn", "h = tanh(W_h @ x + U_h @ h + b_h)"),
        ("rnn_relu", "h = relu(W_h @ x + U_h @ h + b_h)"),
        ("irnn", "h = relu(W_h @ x + U_h @ h + b_h)"),
        ("indrnn", "h = relu(W_h @ x + u_h * h + b_h)"),
        ("scrn", "s = 0.05 * (W_s @ x) + 0.95 * s\nh = sigmoid(U_s @ s + W_h @ x + U_h @ h)"),
    ],
)
def test_equations(name, text):
    assert cell(name).graph == parse(text)


def test_irnn_starts_as_the_identity_and_indrnn_keeps_some_of_each_unit():
    assert cell("irnn").effective_initial()["U_h"] == "identity"
    assert cell("indrnn").effective_initial()["u_h"] == "uniform(0, 1)"
