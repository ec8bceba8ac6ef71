"""What follows from the assignments of a cell, and what makes them legal."""

import pytest

from recurry.cells import cell
from recurry.compiler.graph import Graph, check, parameter_shapes
from recurry.compiler.nodes import (
    Adjoint,
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    Parameter,
    State,
    Unary,
)
from recurry.compiler.parse import parse
from recurry.errors import EquationError

W = Parameter("W", "matrix", "I")


def _graph(**assignments: Node) -> Graph:
    return Graph(assignments=tuple(assignments.items()))


def test_states_put_h_first_then_follow_the_text():
    graph = parse("c = a + c\na = tanh(W @ x) + a\nh = tanh(c + h)")
    assert graph.states == ("h", "c", "a")
    assert graph.next_state == {name: graph.named[name] for name in ("h", "c", "a")}


def test_a_cell_that_never_reads_h_has_no_state_h():
    assert cell("sru").graph.states == ("c",)


def test_parameters_come_in_the_order_of_the_text():
    assert list(cell("gru_after").parameters)[-4:] == ["W_h", "b_h", "U_h", "c_h"]


def test_shapes_of_parameters():
    shapes = cell("lstm_peephole").parameter_shapes(3, 5)
    assert shapes["W_f"] == (5, 3)
    assert shapes["U_f"] == (5, 5)
    assert shapes["p_f"] == shapes["b_f"] == (5,)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("z = sigmoid(W @ x)\nh = z * h + x", 2, 11),
        ("h = tanh(x)", 1, 1),
        ("h = tanh(W @ x + W @ h)", 1, 20),
        ("h = tanh(x + b)", 1, 12),
    ],
)
def test_sizes_that_meet_must_be_equal(text, line, column):
    graph = parse(text)
    assert graph.needs_square
    parameter_shapes(graph, 4, 4)
    with pytest.raises(EquationError) as caught:
        parameter_shapes(graph, 3, 5)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert "size 3" in str(caught.value)
    assert "size 5" in str(caught.value)
    assert text.splitlines()[line - 1] in str(caught.value)


def test_sizes_that_never_meet_may_differ():
    graph = parse("y = tanh(x) * x\nh = tanh(W @ y + U @ h)")
    assert not graph.needs_square
    assert parameter_shapes(graph, 3, 5) == {"W": (5, 3), "U": (5, 5)}


def test_equality_is_of_the_assignments_and_not_of_the_text():
    graph = parse("h = tanh( W@x )  # comment")
    assert graph == parse("h = tanh(W @ x)")
    assert hash(graph) == hash(parse("h = tanh(W @ x)"))
    assert graph != parse("h = tanh(V @ x)")


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (Graph(assignments=()), "There are no equations"),
        (_graph(h=Unary("tanh", State("c"))), "never assigned"),
        (_graph(h=Binary("add", Matmul(W, Input()), Adjoint("h"))), "backward graphs"),
        (_graph(h=Matmul(W, Matmul(W, Input()), True)), "backward graphs"),
        (_graph(h=Binary("add", Matmul(W, Input()), Constant(float("inf")))), "too large"),
        (_graph(h=Matmul(W, Constant(1.0))), "multiplied by a number"),
        (_graph(tanh=Matmul(W, Input()), h=Matmul(W, Input())), "is a function"),
        (_graph(**{"h;": Matmul(W, Input()), "h": Matmul(W, Input())}), "not a legal name"),
        (
            _graph(c=Matmul(W, Input()), h=Binary("add", Matmul(W, Input()), State("c"))),
            "old value",
        ),
    ],
)
def test_graphs_made_by_hand_are_checked_too(graph, words):
    with pytest.raises(EquationError, match=words):
        check(graph)


def test_too_many_or_too_deep_operations_are_refused():
    node: Node = Matmul(W, Input())
    for _ in range(101):
        node = Unary("tanh", node)
    with pytest.raises(EquationError, match="more than 100 operations deep"):
        check(_graph(h=node))
    wide: list[Node] = [Binary("add", Matmul(W, Input()), Constant(k)) for k in range(2048)]
    while len(wide) > 1:
        wide = [Binary("add", a, b) for a, b in zip(wide[::2], wide[1::2], strict=True)]
    with pytest.raises(EquationError, match="at most 2000"):
        check(_graph(h=wide[0]))


def test_an_old_value_may_be_kept_under_another_name():
    graph = parse("before = c\nc = tanh(W @ x + c)\nh = c - before")
    assert graph.named["before"] is State("c")
