"""Every rewrite rule gives the same values, and none loses a parameter."""

import numpy as np
import pytest

from recurry.cells import cell, cells
from recurry.compiler.interpret import evaluate
from recurry.compiler.nodes import Binary, Constant, Node, State, Unary, topological
from recurry.compiler.parse import parse
from recurry.compiler.print import equations
from recurry.compiler.simplify import BINARY_RULES, UNARY_RULES, simplify, simplify_nodes

A, B = State("a"), State("b")
FORMS: tuple[Node, ...] = (
    A,
    B,
    Constant(0),
    Constant(1),
    Constant(-1),
    Constant(2.5),
    Unary("negate", A),
    Unary("negate", B),
    Unary("relu", A),
    Unary("abs", A),
    Binary("subtract", A, B),
)


def _value(node: Node) -> np.ndarray:
    values = {A: np.array([-1.5, 0.25, 3.0]), B: np.array([2.0, -0.125, 0.5])}
    evaluate(topological([node]), values)
    return np.broadcast_to(values[node], 3)


def _applications() -> dict[str, list[tuple[Node, Node]]]:
    """Every rule with the forms that it applies to, before and after."""
    binary = {
        name: [(Binary(f, a, b), new) for a in FORMS for b in FORMS if (new := rule(a, b))]
        for f, rules in BINARY_RULES.items()
        for name, rule in rules
    }
    unary = {
        name: [(Unary(f, a), new) for a in FORMS if (new := rule(a))]
        for f, rules in UNARY_RULES.items()
        for name, rule in rules
    }
    return binary | unary


APPLICATIONS = _applications()


@pytest.mark.parametrize("name", APPLICATIONS)
def test_each_rule_keeps_the_value_to_the_bit_and_makes_no_graph_larger(name):
    assert APPLICATIONS[name], f"no form tries the rule {name}"
    for before, after in APPLICATIONS[name]:
        np.testing.assert_array_equal(_value(before), _value(after))
        assert len(topological([after])) <= len(topological([before]))


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("h = W @ x * (3 - 2) + 0", "h = W @ x"),
        ("h = 0 - -(W @ x)", "h = W @ x"),
        ("h = -(h - W @ x) / 1", "h = W @ x - h"),
        ("h = relu(relu(W @ x)) + -b", "h = relu(W @ x) - b"),
        ("h = minimum(b, b) * (2 * 4) + W @ x", "h = b * 8 + W @ x"),
        ("h = 0 * b + W @ x", "h = 0 * b + W @ x"),
    ],
)
def test_rules_apply_until_none_does(text, simple):
    assert equations(simplify(parse(text))) == simple


@pytest.mark.parametrize("name", cells())
def test_built_in_cells_are_simple_already(name):
    assert simplify(cell(name).graph) == cell(name).graph


def test_numbers_too_large_are_not_folded():
    product = Binary("multiply", Constant(1e200), Constant(1e200))
    assert simplify_nodes([product]) == [product]
