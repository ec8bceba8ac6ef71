"""The messages of errors: complete, ordered, and with a caret under the right column."""

import pickle

import pytest

from recurry.errors import (
    EquationError,
    MissingExtra,
    RecurryError,
    UsageError,
    nearest,
    unknown_name,
)


def test_a_message_has_all_its_parts_in_order():
    error = RecurryError("A broke.", where="file", got="1", accepted="2", hint="write 2")
    assert str(error).splitlines() == [
        "A broke.",
        "  where: file",
        "  got: 1",
        "  accepted: 2",
        "  try: write 2",
    ]


def test_a_short_message_is_one_line():
    assert str(RecurryError("A broke.")) == "A broke."


def test_the_caret_stands_under_the_column():
    error = EquationError("Bad.", source="h = 1\nc = foo(h)", line=2, column=5, hint="tanh")
    lines = str(error).splitlines()
    assert lines[0] == "Bad."
    assert lines[1][lines[2].index("^")] == "f"
    assert lines[3] == "  try: tanh"


def test_the_caret_follows_into_a_long_line():
    error = EquationError("Bad.", source="a" * 500 + "!" + "b" * 500, line=1, column=501)
    shown, caret = str(error).splitlines()[1:3]
    assert len(shown) < 100
    assert shown[caret.index("^")] == "!"


def test_a_line_out_of_range_shows_no_excerpt():
    assert str(EquationError("Bad.", source="h = 1", line=9, column=1)) == "Bad."


def test_control_characters_do_not_reach_the_terminal():
    assert "\x1b" not in str(EquationError("Bad.", source="h = \x1b[31m", line=1, column=1))


def test_errors_survive_a_process_border():
    error = EquationError("Bad.", source="h = 1", line=1, column=1)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is EquationError
    assert str(copy) == str(error)


def test_nearest_ignores_case_and_gives_up_on_nonsense():
    assert nearest("LSTN", ["lstm", "gru"]) == ["lstm"]
    assert nearest("zzzz", ["lstm", "gru"]) == []


def test_an_unknown_name_lists_and_offers():
    error = unknown_name("cell", "lstn", known=["lstm", "gru"])
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert "lstm, gru" in str(error)
    assert "try: lstm" in str(error)


def test_a_missing_extra_tells_the_install_command():
    with pytest.raises(MissingExtra, match=r"pip install 'recurry\[text\]'"):
        raise MissingExtra("BPE", package="tokenizers", extra="text")
