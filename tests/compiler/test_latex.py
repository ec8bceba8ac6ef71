"""Equations as LaTeX."""

import pytest

from recurry.cells import cell, cells
from recurry.compiler.latex import latex
from recurry.compiler.parse import parse


def test_a_cell_is_an_aligned_block_with_times():
    assert latex(cell("mingru").graph).splitlines() == [
        r"\begin{aligned}",
        r"z_t &= \sigma\left(W_z x_t + b_z\right) \\",
        r"h_t &= \left(1 - z_t\right) \odot h_{t-1} + z_t \odot \left(W_h x_t + b_h\right)",
        r"\end{aligned}",
    ]


@pytest.mark.parametrize(
    ("right", "written"),
    [
        ("-(W @ x) * h", r"-W x_t \odot h_{t-1}"),
        ("W @ x - (h - b)", r"W x_t - \left(h_{t-1} - b\right)"),
        ("W @ x + (-2) * h", r"W x_t + \left(-2\right) \, h_{t-1}"),
        ("W @ x / (1 + h)", r"\frac{W x_t}{1 + h_{t-1}}"),
        ("0.05 * (W @ x)", r"0.05 \, W x_t"),
        ("W @ x * 2e-20", r"\left(W x_t\right) \cdot 2 \cdot 10^{-20}"),
        ("sqrt(abs(W @ x))", r"\sqrt{\left\lvert W x_t \right\rvert}"),
        ("hard_sigmoid(W @ x)", r"\operatorname{hard\ sigmoid}\left(W x_t\right)"),
        ("minimum(W @ x, b)", r"\min\left(W x_t, b\right)"),
        ("alpha * x + W1 @ x", r"\alpha \odot x_t + W_1 x_t"),
        ("slow_f_in * x", r"\mathit{slow}_{f, \mathit{in}} \odot x_t"),
        ("-(-x) * h", r"-\left(-x_t\right) \odot h_{t-1}"),
        ("2 * 3 * (W @ x)", r"2 \cdot 3 \odot \left(W x_t\right)"),
        ("A @ (B @ x)", r"A \left(B x_t\right)"),
    ],
)
def test_operations(right, written):
    assert latex(parse(f"h = {right}")).splitlines()[1] == f"h_t &= {written}"


@pytest.mark.parametrize("name", cells())
def test_brackets_and_braces_are_balanced(name):
    text = latex(cell(name).graph)
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    assert text.count("&=") == len(cell(name).graph.assignments)
