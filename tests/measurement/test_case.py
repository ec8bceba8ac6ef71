"""Shapes are read as users write them, and a case knows its steps and rows."""

import pytest

from recurry.cells import find_cell
from recurry.errors import UsageError
from recurry.measurement.case import Case, Shape

RNN = find_cell("rnn")


def test_a_shape_reads_and_writes_itself():
    assert str(Shape.parse("10, 2,3,4")) == "10,2,3,4"


@pytest.mark.parametrize("text", ["3,2,4", "3,2,4,0", "a,b,c,d", ""])
def test_a_wrong_shape_says_what_a_shape_is(text):
    with pytest.raises(UsageError, match=r"four whole numbers[\s\S]*T,B,I,H"):
        Shape.parse(text)


def test_steps_and_rows():
    shape = Shape.parse("10,3,2,4")
    assert Case(cell=RNN, shape=shape).num_rows == 30
    assert Case(cell=RNN, shape=shape, kind="step").num_steps == 1
    uneven = Case(cell=RNN, shape=shape, lengths=(5, 2, 0))
    assert uneven.streams == {2: 2, 1: 3}
    assert (uneven.num_steps, uneven.num_rows) == (5, 7)
