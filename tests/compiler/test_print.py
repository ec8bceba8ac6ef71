"""Graphs back into text that parses to the same graph."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.cells import cell, cells
from recurry.compiler.nodes import Binary, Input, Matmul, Parameter, State
from recurry.compiler.parse import parse
from recurry.compiler.print import definition, equations, expression, factor, number

LEAVES = st.sampled_from(["x", "h", "c", "a", "b", "0.5", "2", "1e-20", "W @ x", "U @ h", "A @ c"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({}) {} ({})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("-({})".format, inner),
        st.builds("tanh({})".format, inner),
        st.builds("minimum({}, {})".format, inner, inner),
        st.builds("U @ (h + {})".format, inner),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", cells())
def test_every_built_in_cell_prints_and_parses_back(name):
    graph = cell(name).graph
    assert parse(equations(graph)) == graph
    assert equations(parse(equations(graph))) == equations(graph)


@given(first=EXPRESSIONS, second=EXPRESSIONS)
def test_any_expression_prints_and_parses_back(first, second):
    text = f"a = {first} + W @ x\nc = ({second}) * a - c\nh = tanh(c + a - a * h)"
    graph = parse(text)
    assert parse(equations(graph)) == graph


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("h=((W@x))+(U@h)", "h = W @ x + U @ h"),
        ("h = (W @ x - (h - b)) * 1.0", "h = (W @ x - (h - b)) * 1"),
        ("h = -(W @ x) / (2 * h)", "h = -(W @ x) / (2 * h)"),
        ("h = W @ x + -0.5", "h = W @ x + (-0.5)"),
        ("h = W @ x * (h * b)", "h = (W @ x) * (h * b)"),
        ("h = W @ -x", "h = W @ (-x)"),
        ("h = A @ (B @ x)", "h = A @ (B @ x)"),
        ("a = W @ x\nh = tanh(W @ x) * a", "a = W @ x\nh = tanh(a) * a"),
        ("a = W @ x\nb = a\nh = b", "a = W @ x\nb = a\nh = a"),
    ],
)
def test_canonical_text(text, canonical):
    assert equations(parse(text)) == canonical


def test_numbers_are_as_short_as_they_can_be():
    assert [number(v) for v in (1.0, -2.0, 0.05, 1e-20)] == ["1", "-2", "0.05", "1e-20"]


def test_names_cut_an_expression_short():
    product = Matmul(Parameter("U", "matrix", "H"), State("h"))
    total = Binary("add", product, Input())
    assert expression(total, {product: "p"}) == "p + x"
    assert expression(product, {product: "p"}) == "p"
    assert definition(product, {product: "p"}) == "U @ h"
    assert factor(total, {}) == "(U @ h + x)"
