"""Values, errors and options on the wire."""

import json

import numpy as np
import pytest
from pydantic import Field

from recurry.errors import EquationError, RunError, UsageError
from recurry.inspection.view import ViewOptions
from recurry.serving.answers import Json, error_answer, read_options, to_csv, to_json


class Options(ViewOptions):
    """Options of a made-up view."""

    layer: int = Field(default=0, ge=0, le=3)
    names: str = ""


def test_what_is_no_number_becomes_null():
    value = {"a": float("nan"), "b": [1.5, float("inf")], "c": np.array([1.0, np.nan]), 3: (1,)}
    assert json.loads(to_json(value)) == {"a": None, "b": [1.5, None], "c": [1.0, None], "3": [1]}


def test_arrays_and_numbers_of_numpy_are_plain():
    value = {"a": np.arange(3), "b": np.float32(0.5), "c": np.int64(4)}
    assert json.loads(to_json(value)) == {"a": [0, 1, 2], "b": 0.5, "c": 4}
    assert Json(value).headers["content-type"] == "application/json"


def test_an_error_says_what_was_found_and_what_to_do():
    answer = error_answer(UsageError("No.", where="w", got="g", accepted="a", hint="h"))
    assert answer.status_code == 400
    assert json.loads(answer.body) == {
        "what": "No.", "where": "w", "got": "g", "accepted": "a", "next": "h",
    }  # fmt: skip
    assert error_answer(RunError("No.")).status_code == 500


def test_an_error_of_equations_says_where_they_are_wrong():
    answer = error_answer(EquationError("No.", source="h = q", line=1, column=5))
    assert {"line": 1, "column": 5}.items() <= json.loads(answer.body).items()


def test_options_are_read_from_text_and_empty_ones_are_defaults():
    assert read_options(Options, {"layer": "2", "names": ""}) == Options(layer=2)
    assert read_options(Options, {"names": ""}, is_typed=True) == Options(names="")


def test_all_mistakes_are_named_at_once_with_the_nearest_option():
    with pytest.raises(UsageError) as error:
        read_options(Options, {"layre": "1", "layer": "9"})
    assert "there is no option layre; did you mean layer?" in (error.value.got or "")
    assert 'layer is "9"; it should be less than or equal to 3' in (error.value.got or "")
    assert error.value.accepted == "layer, names"


def test_a_table_has_every_column_and_runs_no_formula():
    rows = [{"a": 1, "b": "=HYPERLINK(1)"}, {"a": -2.5, "c": "x,y"}]
    assert to_csv(rows) == 'a,b,c\n1,\'=HYPERLINK(1),\n-2.5,,"x,y"\n'
    assert to_csv([{"symbol": "-"}, {"symbol": "="}]) == "symbol\n-\n=\n"
