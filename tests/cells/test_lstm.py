"""The LSTM family: what each variant leaves out, and the forget bias."""

import pytest

from recurry.cells import cell, cells

FAMILY = [name for name in cells() if name.startswith("lstm")]


def test_lstm_as_printed():
    assert cell("lstm").equations.splitlines() == [
        "f = sigmoid(W_f @ x + U_f @ h + b_f)",
        "i = sigmoid(W_i @ x + U_i @ h + b_i)",
        "g = tanh(W_g @ x + U_g @ h + b_g)",
        "o = sigmoid(W_o @ x + U_o @ h + b_o)",
        "c = f * c + i * g",
        "h = o * tanh(c)",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("lstm_coupled", "c = f * c + (1 - f) * g"),
        ("lstm_no_forget", "c = c + i * g"),
        ("lstm_no_input", "c = f * c + g"),
        ("lstm_no_output", "h = tanh(c)"),
        ("lstm_peephole", "o = sigmoid(W_o @ x + U_o @ h + p_o * c + b_o)"),
    ],
)
def test_variants_differ_from_lstm_in_one_thing(name, line):
    assert line in cell(name).equations.splitlines()


def test_the_output_peephole_reads_the_new_cell_and_the_others_the_old_one():
    lines = cell("lstm_peephole").equations.splitlines()
    assert [line.split(" = ")[0] for line in lines] == ["f", "i", "g", "c", "o", "h"]


@pytest.mark.parametrize("name", FAMILY)
def test_every_forget_bias_starts_at_one(name):
    made = cell(name)
    assert made.states == ("h", "c")
    if "b_f" in made.parameters:
        assert made.effective_initial()["b_f"] == "1"
    else:
        assert name == "lstm_no_forget"
