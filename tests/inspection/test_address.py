"""What users type to name a cell."""

from types import SimpleNamespace

import pytest

from recurry.errors import UsageError
from recurry.inspection.address import CellAddress, find_layer, painted_state, parse_address
from recurry.inspection.subject import make_layers, subject_of
from recurry.network.recurrent import Recurrent


@pytest.mark.parametrize(
    ("text", "layer", "state", "unit"),
    [
        ("5", 1, "c", 5),
        ("0:3", 0, "c", 3),
        ("1:0", 1, "c", 0),
        ("h:2", 1, "h", 2),
        ("0:h:2", 0, "h", 2),
        (" 0:c:5 ", 0, "c", 5),
    ],
)
def test_forms(model, text, layer, state, unit):
    assert parse_address(text, subject_of(model)) == CellAddress(
        layer=layer, state=state, unit=unit
    )


@pytest.mark.parametrize(
    "text", ["", ":", "a", "1:", ":1", "1:2:3", "-1", "1.5", "0:h:1:2", "x:y", "9" * 5000, "٣"]
)
def test_other_forms_are_errors(model, text):
    with pytest.raises(UsageError, match="names no cell") as caught:
        parse_address(text, subject_of(model))
    assert "LAYER:UNIT" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("6", "no unit 6"),
        ("0:99", "no unit 99"),
        ("2:0", "no layer 2"),
        ("f:1", "f is not a recurrent state of the cell lstm"),
        ("0:U_f:1", "U_f is not a recurrent state"),
        ("0:q:1", "no recurrent state named 'q'"),
    ],
)
def test_what_the_model_lacks_is_named(model, text, message):
    with pytest.raises(UsageError, match=message):
        parse_address(text, subject_of(model))


def test_the_range_is_told(model):
    with pytest.raises(UsageError, match="a unit from 0 to 5"):
        parse_address("6", subject_of(model))


def test_cells_without_c_show_h_or_what_they_carry(build_model):
    assert painted_state(build_model(cell="gru").cell) == "h"
    assert painted_state(build_model(cell="sru", embedding_size=6).cell) == "c"


def test_a_cell_without_state_cannot_be_painted(build_model):
    with pytest.raises(UsageError, match="carries no state"):
        painted_state(build_model(cell="h = tanh(W @ x + b)").cell)


def test_addresses_print_as_they_are_typed(model):
    address = parse_address("0:h:2", subject_of(model))
    assert str(address) == "0:h:2"
    assert address.title == "layer 0, unit 2 of h"


def test_layers_that_read_backward():
    recurrent = Recurrent("gru", 3, 4, 2, bidirectional=True)
    subject = SimpleNamespace(recurrent=recurrent, layers=make_layers(recurrent))
    address = parse_address("0b:3", subject)
    assert address == CellAddress(layer=0, direction="backward", state="h", unit=3)
    assert parse_address(str(address), subject) == address
    assert address.title == "layer 0 backward, unit 3 of h"
    assert find_layer(subject, 1, "backward").label == "1 backward"


def test_a_direction_that_the_model_lacks(model):
    with pytest.raises(UsageError, match="does not read backward"):
        parse_address("0b:3", subject_of(model))
