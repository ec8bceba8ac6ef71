"""What is true of each symbol, by texts whose answers are written below them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.errors import UsageError
from recurry.inspection.properties import (
    PROPERTIES,
    find_property,
    measure_pieces,
    pattern_property,
)


def _marks(name: str, text: str) -> str:
    return "".join("x" if value else "." for value in find_property(name).measure(text))


@pytest.mark.parametrize(
    ("name", "text", "marks"),
    [
        ("inside quotes", 'he "is" so', "...xxx...."),
        ("inside quotes", 'a "b\n\nc "d" e', "..xxx...xx..."),
        ("inside quotes", "a “b «c» d” e", "..xxxxxxxx..."),
        ("inside quotes", "«a» b »c« d", "xx....xx..."),
        ("inside quotes", "„a“ b “c” ‹d› ›e‹", "xx....xx..xx..xx."),
        ("inside quotes", "a” b› c", "....xxx"),
        ("inside quotes", "“a\n\nb” c", "xxx....."),
        ("inside quotes", "say 'it is' so", "....xxxxxx...."),
        ("inside quotes", "‘a’ ‚b‘ ‚c’ d", "xx..xx..xx..."),
        ("inside quotes", "don't, 'tis o'er, the boys", "." * 26),
        ("inside quotes", "‘don’t’ it’s", "xxxxxx......"),
        ("inside quotes", "'tis said 'yes,' so", "..........xxxxx...."),
        ("inside quotes", "say--'no!'--and 'go", ".....xxxx.........."),
        ("inside quotes", "'a\n\nb' c", "........"),
        ("inside quotes", "\"a 'b' c\" 'd \"e\" f' g", "xxxxxxxx..xxxxxxxx..."),
        ("inside brackets", "a (b[c]) d)", "..xxxxx...."),
        ("nested brackets", "a (b[c]) d)", "....xx....."),
        ("line start", "abcd\nefgh", "xxx..xxx."),
        ("word start", "don't go 4x", "x.....x..x."),
        ("capital", "To Be", "x..x."),
        ("number", "a 12", "..xx"),
        ("space", "a b\n", ".x.x"),
        ("punctuation", "a, b!", ".x..x"),
        ("comment", "a # b\nc", "..xxx.."),
        ("comment", "a#b /*c*/ d", ".....xxx..."),
        ("comment", "x // y\nhttp://z", "...xxx........."),
        ("comment", "a <!-- b --> c /* d", ".....xxxxxx.....xxx"),
    ],
)
def test_properties_are_read_after_the_symbol(name, text, marks):
    assert _marks(name, text) == marks


def test_numbers_count():
    assert find_property("position in line").measure("ab\nc").tolist() == [1, 2, 0, 1]
    assert find_property("indentation").measure("  a b\n\tc").tolist() == [1, 2, 2, 2, 2, 0, 4, 4]


def test_a_pattern_is_a_property():
    found = pattern_property("o.")
    assert found.measure("foo bar of").tolist() == [c == "x" for c in ".xx.....xx"]
    assert found.name == "matches o."


def test_symbols_of_several_characters_have_what_their_last_or_any_one_has():
    assert measure_pieces(find_property("capital"), ["The", " ", "end"]).tolist() == [1, 0, 0]
    assert measure_pieces(find_property("inside quotes"), ['a "', 'b"', "", "c"]).tolist() == [
        True,
        False,
        False,
        False,
    ]
    assert measure_pieces(find_property("position in line"), ["", "ab", "", "c"]).tolist() == [
        0,
        2,
        2,
        3,
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("position in line", [2, 7, 7, 5, 6]),
        ("space", [False, False, False, False, True]),
        ("punctuation", [False, True, True, False, False]),
        ("inside brackets", [False, False, False, True, True]),
        ("line start", [True, False, False, False, False]),
    ],
)
def test_blanks_beside_a_word_do_not_count(name, expected):
    pieces = ["Of", ' "a!" \n', "", "  (so", " "]
    assert measure_pieces(find_property(name), pieces).tolist() == expected


@given(st.lists(st.text(alphabet="a B1\n\"'([)]}#/*<!->“”«»„‘’é\x00\U0001d11e", max_size=3)))
def test_every_property_has_a_value_for_every_piece(pieces):
    for found in PROPERTIES.values():
        values = measure_pieces(found, pieces)
        assert len(values) == len(pieces)
        assert values.dtype in (np.dtype(bool), np.dtype(np.int64))


def test_hostile_texts_take_no_longer_than_others():
    for text in (
        "/*" * 50_000,
        '"' * 100_000,
        "(" * 100_000,
        "'a " * 30_000,
        "«“" * 50_000,
        "<!--" * 25_000,
        "#" * 100_000,
    ):
        for found in PROPERTIES.values():
            assert len(found.measure(text)) == len(text)


def test_an_unknown_property_offers_the_nearest():
    with pytest.raises(UsageError, match="inside quotes"):
        find_property("inside quote")
