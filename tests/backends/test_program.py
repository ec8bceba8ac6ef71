"""Columns join into ranges; sums are taken apart."""

from recurry.backends.program import MOST_SUMMANDS, is_function, runs, stacks, summands
from recurry.cells import cell
from recurry.compiler.nodes import Binary, Input, State


def test_runs_join_neighbours():
    assert runs([2, 3, 7]) == [(2, 4), (7, 8)]
    assert runs([]) == []


def test_stacks_split_a_column_met_twice():
    assert stacks([(0, "a"), (1, "b"), (0, "c")]) == [(0, 2, ("a", "b")), (0, 1, ("c",))]


def test_summands_come_in_the_order_of_the_text():
    x, h, c = Input(), State("h"), State("c")
    total = Binary("add", Binary("add", x, h), Binary("add", c, x))
    assert summands(total) == (x, h, c, x)
    assert summands(x) == (x,)


def test_a_sum_of_too_many_terms_stays_whole():
    node = Input()
    for _ in range(90):  # 2 ** 90 terms
        node = Binary("add", node, node)
    assert summands(node) == (node,)
    few = State("h")
    for _ in range(MOST_SUMMANDS - 1):
        few = Binary("add", few, State("h"))
    assert len(summands(few)) == MOST_SUMMANDS


def test_is_function_asks_for_the_name():
    node = cell("rnn").graph.output
    assert is_function(node, "tanh")
    assert not is_function(node, "relu")
    assert not is_function(Input(), "tanh")
