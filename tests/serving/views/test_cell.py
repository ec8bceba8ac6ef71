"""Equations of one's own."""

import pytest

from recurry.cells import cells, find_cell
from recurry.errors import EquationError
from recurry.serving.views.cell import CellOptions, CellView

MINE = "z = sigmoid(W_z @ x + U_z @ h)\nh = h + z * (tanh(W @ x) - h)"


def find(session=None, **options):
    return CellView().compute(session, CellOptions(**options))


def test_everything_follows_from_the_equations():
    shown = find(equations=MINE, input_size=3, hidden_size=5).to_json()
    assert shown["num_weights"] == 5 * 3 + 5 * 5 + 5 * 3
    assert shown["states"] == ["h"]
    assert shown["drawing"].startswith("<svg")
    assert shown["math"].startswith("<math")
    assert {"for all steps at once", "compiled, float32"} <= set(shown["plan"])
    assert shown["bound"]
    assert [row["name"] for row in shown["rows"]] == ["W_z", "U_z", "W"]


@pytest.mark.parametrize("name", cells())
def test_every_built_in_cell_can_be_changed(name):
    assert find(equations=find_cell(name).equations).to_json()["plan"]


def test_without_equations_those_of_the_model(viewing):
    finding = find(viewing.shown.session)
    assert finding.cell.name == "lstm"
    assert finding.to_svg() == finding.cell.draw()


def test_a_mistake_says_where_it_is():
    with pytest.raises(EquationError) as error:
        find(equations="h = tanh(W @ x)\nq = sigmoyd(x)")
    assert (error.value.line, error.value.column) == (2, 5)


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(EquationError, match="needs both sizes equal"):
        find(equations="h = x + U @ h", input_size=3, hidden_size=5)
