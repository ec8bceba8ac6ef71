"""JSON from a stranger: what is read, and what is refused before it can hurt."""

import pytest

from recurry.artefact.bounded_json import MAX_DEPTH, MAX_VALUES, parse_bounded


@pytest.mark.parametrize(
    ("text", "value"),
    [("{}", {}), ('{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}), ('"\\u00e9"', "é")],
)
def test_plain_json_is_read(text, value):
    assert parse_bounded(text) == value


def test_a_whole_surrogate_pair_is_a_character():
    assert parse_bounded('"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Expecting value"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[NaN]", "NaN is no JSON number"),
        ("-Infinity", "no JSON number"),
        ('"\\ud800"', "surrogate"),
        ('{"\\udfff": 1}', "surrogate"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "deeply"),
        ("[" * 200_000, "deeply"),
        ('{"a":' * 200_000, "deeply"),
        ("[" + "0," * MAX_VALUES + "0]", "more than"),
        ("1" * 10_000, "too large"),
        ("[1" + "0" * 400 + "]", "too large"),
        ('{"x": 1e400}', "too large"),
        ("-1e999", "too large"),
    ],
)
def test_hostile_json_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parse_bounded(text)


def test_the_deepest_that_is_allowed():
    parse_bounded("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
