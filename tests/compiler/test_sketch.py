"""What a drawing of a cell shows."""

import pytest

from recurry.cells import cell, cells
from recurry.compiler.nodes import Input, State
from recurry.compiler.parse import parse
from recurry.compiler.sketch import ABOVE, BELOW, MINUS, sketch_graph


def _titles(text, kind):
    return [b.title for b in sketch_graph(parse(text)).blocks.values() if b.kind == kind]


def test_lstm_has_four_gates_with_their_sums():
    blocks = sketch_graph(cell("lstm").graph).blocks.values()
    gates = {block.title: block.formula for block in blocks if block.kind == "gate"}
    assert gates["f = σ(·)"] == ("W_f x + U_f h + b_f",)
    assert set(gates) == {"f = σ(·)", "i = σ(·)", "g = tanh(·)", "o = σ(·)"}
    assert sorted(b.title for b in blocks if b.kind == "sign") == ["+", "tanh", "×", "×", "×"]
    assert [block.title for block in blocks if block.kind == "output"] == ["h_t"]


@pytest.mark.parametrize("name", cells())
def test_every_arrow_joins_two_blocks_and_every_block_has_one(name):
    sketch = sketch_graph(cell(name).graph)
    ends = {end for arrow in sketch.arrows for end in arrow}
    assert ends == set(sketch.blocks)
    assert {Input(), *map(State, cell(name).states)} <= set(sketch.blocks)


def test_a_subtracted_operand_and_the_sides_of_a_fraction_are_marked():
    arrows = sketch_graph(parse("a = tanh(x)\nc = tanh(W @ x)\nh = a * h - c / a")).arrows
    assert sorted(sign for sign in arrows.values() if sign) == sorted([MINUS, ABOVE, BELOW])


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("h = 1 - tanh(h * 0.5 + x)", ["× 0.5", "+", "tanh", "1 − ·"]),
        ("h = x * x + b / h", ["square", "b ÷ ·", "+"]),
        ("h = -x / 2 * h", ["−", "· ÷ 2", "×"]),
        ("h = minimum(x, h) * maximum(x, 0)", ["min", "max 0", "×"]),
    ],
)
def test_signs_name_what_they_do(text, titles):
    assert sorted(_titles(text, "sign")) == sorted(titles)


def test_a_named_sign_shows_its_name_and_long_sums_are_wrapped():
    sketch = sketch_graph(
        parse("m = tanh(x) * h\nh = tanh(W @ m + U @ h + S @ x + Q @ m + b + p * h)")
    )
    assert "m" in {block.name for block in sketch.blocks.values()}
    (gate,) = [block for block in sketch.blocks.values() if block.kind == "gate"]
    assert gate.formula == ("W m + U h + S x + Q m + b", "+ p ⊙ h")
