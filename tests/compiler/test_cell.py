"""The cell record."""

import json
import pickle

import numpy as np
import pytest

from recurry.cells import cell
from recurry.compiler.cell import Cell
from recurry.errors import EquationError, UsageError

TEXT = "h = tanh(W @ x + U @ h + b)"


def test_a_cell_says_what_follows_from_its_equations():
    made = Cell.parse("h=tanh(W@x + U@h + b)", name="mine", source="a dream")
    assert made.equations == TEXT
    assert (made.name, made.source, made.states) == ("mine", "a dream", ("h",))
    assert list(made.parameters) == ["W", "U", "b"]
    assert made.parameter_shapes(2, 3) == {"W": (3, 2), "U": (3, 3), "b": (3,)}
    assert made.plan is Cell.parse(TEXT).plan


def test_effective_initial_values_have_defaults_by_role():
    made = Cell.parse(
        "y = V @ (W @ x)\nh = tanh(y + U @ h + S @ y + b)", initial={"b": 0.5, "S": "identity"}
    )
    assert made.effective_initial() == {
        "V": "glorot_uniform",
        "W": "glorot_uniform",
        "U": "orthogonal",
        "S": "identity",
        "b": "0.5",
    }


def test_initial_values_have_the_shapes_and_follow_the_generator():
    drawn = [cell("lstm").initial_values(3, 4, np.random.default_rng(7)) for _ in range(2)]
    assert {k: v.shape for k, v in drawn[0].items()} == cell("lstm").parameter_shapes(3, 4)
    assert all((drawn[0][name] == drawn[1][name]).all() for name in drawn[0])
    assert (drawn[0]["b_f"] == 1).all()
    assert (drawn[0]["b_i"] == 0).all()


def test_an_initial_value_for_an_unknown_parameter_offers_the_nearest():
    with pytest.raises(UsageError, match="no parameter 'U_hh'") as caught:
        Cell.parse("h = tanh(W_h @ x + U_h @ h)", initial={"U_hh": 0})
    assert caught.value.hint == "U_h or W_h"


def test_an_initial_value_must_fit_its_parameter():
    with pytest.raises(UsageError, match="for matrices"):
        Cell.parse(TEXT, initial={"b": "orthogonal"})


def test_a_record_goes_through_json():
    made = Cell.parse(TEXT, name="mine", initial={"b": 1, "U": "uniform(-1, 1)"}, source="here")
    assert Cell.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    "change",
    [{"name": 3}, {"extra": 1}, {"initial": None}, {"source": b""}, {"equations": ["h = x"]}],
)
def test_a_record_that_is_none_is_refused(change):
    with pytest.raises(UsageError, match="not the record of a cell"):
        Cell.from_dict({**Cell.parse(TEXT).to_dict(), **change})


def test_a_record_with_bad_equations_is_refused():
    with pytest.raises(EquationError):
        Cell.from_dict({**Cell.parse(TEXT).to_dict(), "equations": "import os"})


def test_cells_are_values():
    made = Cell.parse(TEXT, initial={"b": 1})
    assert pickle.loads(pickle.dumps(made)) == made
    assert hash(made) == hash(Cell.parse(TEXT, initial={"b": 1}))
    assert made != Cell.parse(TEXT)
    with pytest.raises(AttributeError):
        made.name = "other"  # type: ignore[misc]


def test_interpret_latex_and_drawing_are_at_hand():
    made = Cell.parse("h = tanh(W @ x)", name="flat")
    x = np.ones((2, 1, 3))
    run = made.interpret({"W": np.eye(3)}, x)
    np.testing.assert_allclose(run.output, np.tanh(x))
    assert made.latex().startswith(r"\begin{aligned}")
    assert "flat" in made.draw()


@pytest.mark.parametrize("name", ["", "a\x1b[31mb", "two\nlines", "a" * 201, "\udc80"])
def test_names_that_no_terminal_should_see_are_refused(name):
    with pytest.raises(UsageError, match=r"name of a cell[\s\S]*1 to 200 printable"):
        Cell.parse("h = tanh(W @ x)", name=name)


@pytest.mark.parametrize("source", ["\x1b]0;title\x07", "a" * 10_001])
def test_sources_that_no_terminal_should_see_are_refused(source):
    with pytest.raises(UsageError, match=r"source of the cell mine[\s\S]*printable"):
        Cell.parse("h = tanh(W @ x)", name="mine", source=source)
    assert Cell.parse("h = tanh(W @ x)", source="first line\nsecond line").source
