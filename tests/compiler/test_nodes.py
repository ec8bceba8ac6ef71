"""Nodes are made once: equality is identity."""

import copy
import pickle

import pytest

from recurry.compiler.nodes import (
    Binary,
    Constant,
    Input,
    Matmul,
    Parameter,
    State,
    Unary,
    dependents,
    topological,
)

W, U, B = Parameter("W", "matrix", "I"), Parameter("U", "matrix", "H"), Parameter("b", "vector")


def test_equal_nodes_are_one_object():
    assert Input() is Input(name="x")
    assert Matmul(W, Input()) is Matmul(W, Input())
    assert Unary("tanh", State("h")) is Unary(function="tanh", operand=State("h"))
    assert Constant(1) is Constant(1.0)
    assert Constant(-0.0) is Constant(0.0)


def test_different_nodes_differ():
    assert State("h") is not Parameter("h", "vector")
    assert Matmul(U, State("h")) is not Matmul(U, State("h"), True)
    assert Binary("add", Input(), B) is not Binary("add", B, Input())


def test_nodes_cannot_be_changed():
    with pytest.raises(AttributeError):
        State("h").name = "c"  # type: ignore[misc]


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))]
)
def test_copies_are_the_same_node(copied):
    node = Binary("multiply", Unary("tanh", Matmul(W, Input())), Constant(0.5))
    assert copied(node) is node


def test_sizes_follow_from_the_operands():
    assert Input().size == "I"
    assert Constant(2).size == "1"
    assert Matmul(W, Input()).size == "H"
    assert Matmul(W, State("h"), True).size == "I"
    assert Binary("add", Constant(1), Input()).size == "I"
    assert Binary("add", Input(), B).size == "H"


def test_topological_order_has_children_first_and_leaves_in_text_order():
    root = Binary("add", Matmul(W, Input()), Matmul(U, State("h")))
    order = topological([root])
    assert order[-1] is root
    assert [n.name for n in order if isinstance(n, Parameter)] == ["W", "U"]
    for node in order:
        assert all(order.index(child) < order.index(node) for child in node.children)


def test_topological_order_of_a_deep_and_shared_graph_is_quick():
    node = Input()
    for _ in range(5000):
        node = Binary("add", node, node)
    assert len(topological([node])) == 5001


def test_topological_order_looks_at_nothing_below_known_nodes():
    product = Matmul(W, Input())
    root = Binary("add", product, B)
    assert topological([root], {root}) == [root]
    assert topological([root], {product}) == [product, B, root]


def test_dependents_include_sources_and_all_readers():
    read, other = Unary("tanh", State("h")), Unary("tanh", Input())
    order = topological([Binary("add", read, other)])
    assert dependents(order, [State("h")]) == {State("h"), read, order[-1]}


def test_text_of_a_node_is_short():
    node = Unary("tanh", Binary("add", Input(), B))
    assert repr(node) == "Unary('tanh', Binary)"
