"""Values as TOML text, and the lines of keys."""

import tomllib

import pytest

from recurry.runs.toml_text import line_of, toml_value


@pytest.mark.parametrize(
    "value", ["plain", 'a "b" \\ c', "one\ntwo\n", "\x7f\t", 3, 0.25, True, ["a", "b"], [], [1, 2]]
)
def test_values_read_back(value):
    assert tomllib.loads(f"value = {toml_value(value)}") == {"value": value}


def test_the_line_of_a_key():
    text = "[a]\nx = 1\n\n[b]\n'x' = 2\nxy = 3\n"
    assert line_of(text, "a", "x") == 2
    assert line_of(text, "b", "x") == 5
    assert line_of(text, "b", "xy") == 6


def test_a_key_that_is_written_otherwise_has_the_line_of_its_table():
    assert line_of("\n[a]\nb.c = 1\n", "a", "b") == 2
