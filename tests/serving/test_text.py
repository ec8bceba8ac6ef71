"""The parts of a painted text."""

import base64

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.colour import levels
from recurry.serving.text import (
    NamedOptions,
    PlaceOptions,
    RowsOptions,
    StepsOptions,
    StripsOptions,
    first_selection,
    named_values,
    place,
    step_facts,
    strips,
    text_rows,
)


@pytest.fixture
def shown(viewing):
    return viewing.shown


def test_rows_hold_symbols_with_the_levels_of_the_cell(shown):
    found = text_rows(shown, RowsOptions(layer=1, unit=2, row=1, rows=2, columns=20))
    assert found["starts"].tolist() == [4, 15, 19]
    assert "".join(found["pieces"]) == "head a bed\nabc\n"
    values = np.tanh(shown.recording.values("c", layer=1, start=4, stop=19)[:, 2])
    assert np.abs(found["levels"] - levels(values)).max() <= 1  # painted values have 8 bits
    assert found["num_rows"] == 60


def test_gates_are_painted_from_shut_to_open(shown):
    found = text_rows(shown, RowsOptions(name="f", unit=1, rows=1))
    gates = shown.recording.values("f", layer=0, start=0, stop=4)[:, 1]
    assert found["levels"].tolist() == levels(2 * gates - 1).tolist()


def test_unknown_symbols_are_told(open_viewing, model_file):
    viewing = open_viewing(model_file, text="ab\x1bc<script>\n")
    viewing.open()
    viewing.shown.recording.wait()
    found = text_rows(viewing.shown, RowsOptions())
    assert "".join(found["pieces"]) == "ab\x1bc<script>\n"
    assert 2 in found["unknown"].tolist()
    assert 0 not in found["unknown"].tolist()


def test_rows_behind_the_end_are_empty(shown):
    found = text_rows(shown, RowsOptions(row=10_000))
    assert list(found["pieces"]) == []


def test_the_row_of_a_symbol(shown):
    assert place(shown, PlaceOptions(step=5, columns=20)) == {"row": 1}


def test_steps_tell_expectations_losses_and_values(shown):
    facts = step_facts(shown, StepsOptions(layer=1, unit=3, start=4, stop=7))
    assert facts["start"] == 4
    assert set(facts["values"]) == {"f", "i", "g", "o", "c", "h"}
    expected = shown.recording.values("o", layer=1, start=4, stop=7)[:, 3]
    np.testing.assert_allclose(facts["values"]["o"], expected, atol=1e-5)  # digits that are shown
    assert [len(top) for top in facts["top"]] == [5, 5, 5]
    shares = [share for _, share in facts["top"][0]]
    assert shares == sorted(shares, reverse=True)
    np.testing.assert_allclose(facts["loss"], shown.recording.loss[4:7], atol=1e-5)


def test_steps_of_rows_are_whole_parts(shown):
    length = shown.recording.length
    facts = step_facts(shown, StepsOptions(unit=1, row=0, rows=1, columns=20))
    assert (facts["start"], len(facts["values"]["c"])) == (0, min(64, length))
    behind = step_facts(shown, StepsOptions(row=10_000, rows=2))
    assert len(behind["values"].get("c", [])) == length - behind["start"] < 64


def test_steps_behind_the_end_are_none(shown):
    assert step_facts(shown, StepsOptions(start=10_000, stop=10_010))["values"] == {}


def test_strips_come_by_interest_and_by_number(shown):
    by_number = strips(shown, StripsOptions(stop=10, order="number", offset=2, count=3))
    assert by_number["units"].tolist() == [2, 3, 4]
    rows = np.frombuffer(base64.b64decode(by_number["levels"]), np.uint8).reshape(3, 10)
    painted = text_rows(shown, RowsOptions(unit=3, rows=2, columns=20))["levels"][:10]
    assert rows[1].tolist() == painted.tolist()
    by_interest = strips(shown, StripsOptions(stop=10))
    assert sorted(by_interest["units"].tolist()) == list(range(6))
    first = first_selection(shown)
    top = strips(shown, StripsOptions(layer=first["layer"], stop=10, count=1))
    assert top["units"].tolist() == [first["unit"]]


def test_named_values_of_the_first_units(shown):
    found = named_values(shown, NamedOptions(name="h", start=2, count=3, units=2))
    values = shown.recording.values("h", layer=0, start=2, stop=5)[:, :2].T
    assert found["levels"].tolist() == levels(np.clip(values, -1, 1)).tolist()
    assert list(found["pieces"]) == ["c", "\n", "h"]


def test_what_lies_between_minus_1_and_1_is_painted_as_it_is(shown):
    found = named_values(shown, NamedOptions(name="g", start=2, count=3, units=2))
    values = shown.recording.values("g", layer=0, start=2, stop=5)[:, :2].T
    assert found["levels"].tolist() == levels(values).tolist()


def test_a_unit_that_is_not_there_is_named(shown):
    with pytest.raises(UsageError, match="Layer 1 has no unit 6"):
        text_rows(shown, RowsOptions(layer=1, unit=6))


def test_a_value_of_the_input_alone_has_no_units(open_viewing, build_model, tmp_path):
    from recurry.artefact.model_file import save_model

    cell = "a = tanh(x)\nh = tanh(W @ a + U @ h)"
    path = tmp_path / "own.safetensors"
    save_model(build_model(cell=cell, num_layers=1), path)
    viewing = open_viewing(path)
    viewing.open()
    viewing.shown.recording.wait()
    with pytest.raises(UsageError, match="depends on the input alone"):
        text_rows(viewing.shown, RowsOptions(name="a"))
    assert "a" in step_facts(viewing.shown, StepsOptions(stop=2, unit=1))["values"]
