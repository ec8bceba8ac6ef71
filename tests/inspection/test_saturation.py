"""Gates are found from the equations, and their time is counted."""

import numpy as np
import pytest

from recurry.cells import cell, cells
from recurry.compiler.cell import Cell
from recurry.compiler.random_cell import random_cell
from recurry.inspection.saturation import NUM_BINS, edges, gates_of, measure_saturation, signed_of


@pytest.mark.parametrize(
    ("name", "gates"),
    [
        ("lstm", ("f", "i", "o")),
        ("lstm_peephole", ("f", "i", "o")),
        ("lstm_no_forget", ("i", "o")),
        ("gru", ("z", "r")),
        ("rnn", ()),
        ("irnn", ()),
        ("indrnn", ()),
    ],
)
def test_the_gates_of_known_cells_are_found(name, gates):
    assert sorted(gates_of(cell(name).graph)) == sorted(gates)


def test_values_between_minus_1_and_1_are_found_and_are_no_gates():
    assert sorted(signed_of(cell("lstm").graph)) == ["g", "h"]
    assert signed_of(cell("irnn").graph) == ()
    assert "z" not in signed_of(cell("gru").graph)


@pytest.mark.parametrize(
    ("line", "is_gate"),
    [
        ("hard_sigmoid(W @ x)", True),
        ("1 - sigmoid(W @ x)", True),
        ("sigmoid(W @ x) * sigmoid(V @ x)", True),
        ("minimum(sigmoid(W @ x), 1)", True),
        ("0.5 * (tanh(W @ x) + 1)", True),
        ("abs(tanh(W @ x))", True),
        ("minimum(relu(W @ x), 1)", True),
        ("2 * sigmoid(W @ x)", False),
        ("tanh(W @ x)", False),
        ("sigmoid(W @ x) + sigmoid(V @ x)", False),
        ("exp(W @ x)", False),
        ("0.5 * sigmoid(W @ x)", False),
        ("sigmoid(W @ x) / sigmoid(V @ x)", False),
    ],
)
def test_a_gate_is_what_its_equation_keeps_between_0_and_1(line, is_gate):
    graph = Cell.parse(f"a = {line}\nh = a * tanh(U @ h)").graph
    assert ("a" in gates_of(graph)) == is_gate


@pytest.mark.parametrize("seed", range(20))
def test_gates_of_random_cells_stay_between_0_and_1(seed):
    rng = np.random.default_rng(seed)
    found = Cell.parse(random_cell(rng))
    values = found.initial_values(4, 4, rng)
    run = found.interpret(values, rng.normal(size=(9, 2, 4)) * 3)
    for name in gates_of(found.graph):
        assert np.nanmin(run.values[name]) >= 0
        assert np.nanmax(run.values[name]) <= 1


def test_every_builtin_cell_has_an_answer():
    assert all(isinstance(gates_of(cell(name).graph), tuple) for name in cells())


def test_shares_and_histograms_are_counted_over_blocks():
    values = np.array([[0.05, 0.95], [0.2, 0.99], [0.01, 0.5], [0.0, 1.0]], dtype=np.float32)
    whole = measure_saturation([values], name="f", layer=1)
    parts = measure_saturation([values[:1], values[1:]], name="f", layer=1)
    assert whole.shut.tolist() == [0.75, 0.0]
    assert whole.open.tolist() == [0.0, 0.75]
    assert whole.counts.sum() == 8
    assert whole.counts[NUM_BINS - 1] == 2  # 0.99 and 1.0
    assert whole.label == "f, layer 1"
    for name in ("shut", "open", "counts"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
    assert len(edges()) == NUM_BINS + 1


def test_no_text_has_no_shares():
    found = measure_saturation([], name="f", layer=0, direction="backward")
    assert found.shut.size == 0
    assert found.label == "f, layer 0, backward"
