"""Cells whose products all leave the time loop."""

import pytest

from recurry.cells import cell
from recurry.compiler.parse import parse


@pytest.mark.parametrize("name", ["mingru", "minlstm", "sru"])
def test_no_product_is_left_in_the_loop(name):
    assert all(not stage.products for stage in cell(name).plan.stages)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mingru", "z = sigmoid(W_z @ x + b_z)\nh = (1 - z) * h + z * (W_h @ x + b_h)"),
        (
            "minlstm",
            "f = sigmoid(W_f @ x + b_f)\ni = sigmoid(W_i @ x + b_i)\n"
            "h = f / (f + i) * h + i / (f + i) * (W_h @ x + b_h)",
        ),
        (
            "sru",
            "f = sigmoid(W_f @ x + v_f * c + b_f)\nr = sigmoid(W_r @ x + v_r * c + b_r)\n"
            "c = f * c + (1 - f) * (W_c @ x)\nh = r * c + (1 - r) * x",
        ),
    ],
)
def test_equations(name, text):
    assert cell(name).graph == parse(text)


def test_forget_biases_start_at_one():
    assert cell("minlstm").effective_initial()["b_f"] == "1"
    assert cell("sru").effective_initial()["b_f"] == "1"
