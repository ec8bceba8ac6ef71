"""Text into tokens: places, comments, line ends, characters that are not in the language."""

import pytest

from recurry.compiler.tokens import MAX_CHARACTERS, split_equations
from recurry.errors import EquationError


def _words(text):
    return [[token.text for token in tokens[:-1]] for tokens in split_equations(text)[1]]


def test_words_numbers_and_marks():
    assert _words("h=W_f@x+1.5e-3*(b)") == [
        ["h", "=", "W_f", "@", "x", "+", "1.5e-3", "*", "(", "b", ")"]
    ]


def test_every_line_is_an_equation_and_comments_and_blanks_are_skipped():
    assert _words("# gates\n\na = b  # sum\n\t\nh = a\n") == [["a", "=", "b"], ["h", "=", "a"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_count_alike(end):
    _, equations = split_equations(f"a = b{end}h = a")
    assert [tokens[0].line for tokens in equations] == [1, 2]


def test_a_line_goes_on_inside_brackets():
    _, equations = split_equations("h = tanh(\n  W @ x\n)\nc = h")
    assert [len(tokens) for tokens in equations] == [9, 4]
    assert (equations[0][4].line, equations[0][4].column) == (2, 3)
    assert equations[1][0].line == 4


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("h = σ(x)", 5, "greek small letter sigma"),
        ("h = a ⊙ b", 7, "write *"),
        ("h = a − b", 7, "write -"),
        ("h = a[0]", 6, "round brackets"),
        ("a = b; h = a", 6, "one equation a line"),
        ("h = _b", 5, "begin with a letter"),
        ("h = h' + x", 6, "old value"),
        ("h = x ^ 2", 7, "powers"),
        ("h = \x00", 5, "U\\+0000"),
        ("h = \ud800", 5, "U\\+D800"),
        ("h =\u2028 x", 4, "U\\+0000"),
    ],
)
def test_other_characters_are_refused_with_what_to_write(text, column, words):
    with pytest.raises(EquationError, match=words) as caught:
        split_equations(text)
    assert (caught.value.line, caught.value.column) == (1, column)


def test_a_long_text_is_refused_at_once():
    with pytest.raises(EquationError, match=f"a cell may have {MAX_CHARACTERS}"):
        split_equations("h = x\n" * 10_000_000)
