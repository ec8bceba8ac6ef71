"""Columns join into ranges; nodes come children first."""

from recurry.backends.program import is_function, ordered, runs, stacks
from recurry.cells import cell
from recurry.compiler.nodes import Input


def test_runs_join_neighbours():
    assert runs([2, 3, 7]) == [(2, 4), (7, 8)]
    assert runs([]) == []


def test_stacks_split_a_column_met_twice():
    assert stacks([(0, "a"), (1, "b"), (0, "c")]) == [(0, 2, ("a", "b")), (0, 1, ("c",))]


def test_ordered_stops_at_known_nodes():
    node = cell("rnn").graph.output
    assert ordered([node], {node}) == [node]
    assert ordered([node], set())[-1] is node
    assert Input() in ordered([node], set())


def test_is_function_asks_for_the_name():
    node = cell("rnn").graph.output
    assert is_function(node, "tanh")
    assert not is_function(node, "relu")
    assert not is_function(Input(), "tanh")
