"""Texts as rows."""

import itertools

import pytest

from recurry.serving.layout import lay_out


def rows_of(pieces, columns):
    rows = lay_out(pieces, columns)
    return ["".join(pieces[a:b]) for a, b in zip(rows.starts[:-1], rows.starts[1:], strict=True)]


def test_rows_end_at_line_ends_and_at_the_width():
    assert rows_of("ab\ncdefgh\n\ni", 4) == ["ab\n", "cdef", "gh\n", "\n", "i"]


def test_a_line_end_stays_in_a_full_row():
    assert rows_of("abcd\nef", 4) == ["abcd\n", "ef"]


def test_no_text_has_no_rows():
    rows = lay_out((), 10)
    assert len(rows) == 0
    assert rows.window(0, 5).tolist() == [0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("漢字漢字", ["漢字", "漢字"]),
        ("a\tb", ["a\t", "b"]),
        ("e\u0301e\u0301ab", ["e\u0301e\u0301ab"]),
    ],
)
def test_wide_letters_tabs_and_marks_take_their_own_room(text, expected):
    assert rows_of(text, 4) == expected


def test_words_stay_whole():
    words = ("the ", "long ", "road\n", " so", " far", " home")
    assert rows_of(words, 6) == ["the ", "long ", "road\n", " so", " far", " home"]
    assert rows_of(words, 8) == ["the long ", "road\n", " so far", " home"]


def test_a_piece_that_is_wider_than_a_row_stands_alone():
    words = ("a ", "very", "long-winded", "\n", "thing", "!")
    assert rows_of(words, 6) == ["a very", "long-winded\n", "thing!"]
    assert rows_of(("ab", "long-winded", "", "c"), 4) == ["ab", "long-winded", "c"]


def test_pieces_of_any_kind_fit_into_their_rows(rng):
    kinds = ["a", "of ", " word", "漢字", "e\u0301", "\t", " ", "line\n", "\n", "", "x" * 12]
    pieces = tuple(rng.choice(kinds, size=3000).tolist())
    for columns in (9, 10, 40):
        starts = lay_out(pieces, columns).starts
        for first, last in itertools.pairwise(starts):
            row = pieces[first:last]
            assert "\n" not in "".join(row)[:-1]
            assert len(row) == 1 or width("".join(row).rstrip(" \t\n")) <= columns or row[1] == "\n"
            # The next piece had no room any more.
            ends = "".join(row).endswith("\n") or last == len(pieces)
            assert (
                ends
                or width("".join(row) + pieces[last].rstrip() + "|" * (not pieces[last].strip()))
                > columns
            )


def width(text):
    return sum({"漢": 2, "字": 2, "\u0301": 0, "\t": 4, "\n": 0}.get(sign, 1) for sign in text)


def test_every_symbol_is_in_exactly_one_row(rng):
    text = "".join(rng.choice(list("ab \n漢"), size=3000))
    for columns in (10, 17, 400):
        assert "".join(rows_of(text, columns)) == text


def test_a_line_of_ten_million_symbols_is_cut_into_rows():
    rows = lay_out("x" * 10_000_000, 100)
    assert len(rows) == 100_000
    assert rows.row_of(9_999_999) == 99_999
    assert rows.row_of(10**9) == 99_999


def test_windows_do_not_leave_the_text():
    rows = lay_out("a\nb\nc\n", 10)
    assert rows.window(1, 1).tolist() == [2, 4]
    assert rows.window(2, 50).tolist() == [4, 6]
    assert rows.window(99, 5).tolist() == [6]
    assert rows.row_of(3) == 1
