"""The table of cells, and what else a cell may be given as."""

import pytest

from recurry.cells import cell, cells, find_cell
from recurry.cells.find import decode_cell, read_cell
from recurry.errors import EquationError, UsageError

SIMPLE = {"rnn", "rnn_relu", "irnn", "indrnn", "scrn"}
LSTMS = {f"lstm{v}" for v in ("", "_peephole", "_coupled", "_no_forget", "_no_input", "_no_output")}
GRUS = {"gru", "gru_after", "mgu", "ugrnn", "ligru"}
OTHERS = {"mut1", "mut2", "mut3", "mingru", "minlstm", "sru"}


def test_what_is_no_cell_at_all_is_refused():
    for other in (3, None, b"lstm", ["lstm"]):
        with pytest.raises(UsageError, match=rf"no cell[\s\S]*{type(other).__name__}"):
            find_cell(other)


def test_the_built_in_cells():
    assert set(cells()) == SIMPLE | LSTMS | GRUS | OTHERS
    assert all(cell(name).name == name for name in cells())
    assert all(len(cell(name).source) > 30 for name in cells())


def test_an_unknown_cell_offers_the_nearest():
    with pytest.raises(UsageError, match="no cell named 'ltsm'") as caught:
        cell("ltsm")
    assert "lstm" in str(caught.value.hint)
    with pytest.raises(UsageError, match="try: recurry cells"):
        cell("???")


def test_a_cell_a_name_and_equations_are_found():
    assert find_cell(cell("gru")) is cell("gru")
    assert find_cell("gru") is cell("gru")
    assert find_cell("h = tanh(W @ x)").equations == "h = tanh(W @ x)"
    with pytest.raises(UsageError, match="no cell named 'grru'"):
        find_cell("grru")
    with pytest.raises(EquationError):
        find_cell("h = tnah(x)")


@pytest.mark.parametrize("suffix", [".cell", ".txt"])
def test_a_file_of_equations(tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    path.write_bytes("\ufeff# my cell\r\nh = tanh(W @ x)  # done\r\n".encode())
    found = find_cell(path)
    assert (found.name, found.equations) == ("mine", "h = tanh(W @ x)")
    assert find_cell(str(path)) == found


def test_a_toml_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "decay"\nequations = """\nh = a * h + W @ x\n"""\n[initial]\na = 0.9\n')
    found = find_cell(path)
    assert (found.name, found.initial, found.source) == ("decay", {"a": 0.9}, "mine.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("equations = 3", "not the record of a cell"),
        ("name = 'x'", "has no equations"),
        ("h = tanh(W @ x)", "is not TOML"),
        ("a = " + "[" * 2000, "is not TOML"),
        ("equations = 'h = W @ x'\ninitials = 3", "not the record of a cell"),
    ],
)
def test_a_toml_file_that_is_no_cell_is_refused(tmp_path, text, words):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        find_cell(path)


@pytest.mark.parametrize("name", ["missing.cell", "\0.cell", "n" * 300 + ".cell"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="cannot be read"):
        find_cell(str(tmp_path / name))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "mine.cell"
    path.write_bytes(b"h = \xff")
    with pytest.raises(UsageError, match="byte 4 is not UTF-8"):
        read_cell(path)
    with pytest.raises(UsageError, match="byte 0 is not UTF-8"):
        decode_cell(b"\x80", "-")


def test_a_huge_file_is_refused_without_reading_it_all(tmp_path):
    path = tmp_path / "huge.cell"
    with path.open("wb") as file:
        file.truncate(10**10)
    with pytest.raises(EquationError, match="a cell may have 10000"):
        read_cell(path)


def test_the_public_function_and_the_package_have_one_name():
    import recurry

    assert recurry.cell("lstm") is cell("lstm")
    assert recurry.cells() == cells()
