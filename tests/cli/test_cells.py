"""The verb `cells` as a user sees it."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from recurry.cells import cells as names
from recurry.cli.cells import cells
from recurry.errors import EquationError, UsageError


def _run(*arguments, text=None):
    return CliRunner().invoke(cells, arguments, input=text, catch_exceptions=True)


def test_the_list_is_the_default_and_names_every_cell():
    result = _run()
    assert result.exit_code == 0
    assert result.output == _run("list").output
    assert [line.split()[0] for line in result.output.splitlines()[1:-2]] == list(names())


def test_a_terminal_line_is_cut_to_its_width(monkeypatch):
    monkeypatch.setattr("recurry.cli.cells._terminal_width", lambda: 80)
    lines = _run().output.splitlines()
    assert max(map(len, lines)) == 80
    assert sum(line.endswith("…") for line in lines) > 10


def test_the_list_as_json():
    rows = json.loads(_run("list", "--json").output)
    assert [row["name"] for row in rows] == list(names())
    assert rows[names().index("mut1")]["needs_equal_sizes"] is True


def test_show_prints_equations_states_shapes_and_initial_values():
    lines = _run("show", "lstm").output.splitlines()
    assert lines[0] == "lstm"
    assert "  c = f * c + i * g" in lines
    assert "  h, c" in lines
    assert "98,816 weights for input size 64, hidden size 128" in lines
    assert "  b_f        128        1" in lines
    assert "  U_f        128 x 128  orthogonal" in lines
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", names())
def test_show_works_for_every_cell(name):
    result = _run("show", name)
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 90


def test_show_takes_sizes_and_uses_equal_ones_where_the_cell_needs_them():
    assert (
        "for input size 3, hidden size 5"
        in _run("show", "rnn", "--input-size", "3", "--hidden-size", "5").output
    )
    assert (
        "input size 128, hidden size 128 (this cell needs both equal)"
        in _run("show", "mut1").output
    )
    result = _run("show", "mut1", "--input-size", "3")
    assert isinstance(result.exception, EquationError)


def test_show_as_json_latex_and_plan():
    record = json.loads(_run("show", "gru", "--json").output)
    assert record["parameters"]["U_h"] == {"shape": [128, 128], "initial": "orthogonal"}
    assert record["latex"] in _run("show", "gru", "--latex").output
    assert "every step, stage 2" in _run("show", "gru", "--plan").output


def test_show_plan_has_the_kernels_and_their_bound(monkeypatch):
    from recurry.measurement import ceilings

    text = _run("show", "gru", "--plan", "--shape", "50,8,64,64").output
    assert "forward for training, every step" in text
    assert "T,B,I,H = 50,8,64,64 in float32 on a nominal machine" in text
    monkeypatch.setattr(ceilings, "measure_ceilings", lambda threads: replace(ceilings.NOMINAL))
    assert (
        "on this machine"
        in _run("show", "gru", "--plan", "--shape", "5,8,6,6", "--measured").output
    )
    wrong = _run("show", "mut1", "--plan", "--shape", "5,8,6,7")
    assert isinstance(wrong.exception, EquationError)
    assert isinstance(_run("show", "gru", "--plan", "--shape", "5").exception, UsageError)


def test_show_writes_a_drawing(tmp_path):
    path = tmp_path / "gru.svg"
    result = _run("show", "gru", "--svg", str(path))
    assert result.stdout == ""
    assert path.read_text() == _run("show", "gru", "--svg", "-").stdout
    failed = _run("show", "gru", "--svg", str(tmp_path / "no" / "gru.svg"))
    assert isinstance(failed.exception, UsageError)
    assert "cannot be written" in str(failed.exception)


def test_show_of_an_unknown_name_and_a_forgotten_show():
    assert "no cell named 'grru'" in str(_run("show", "grru").exception)
    assert "Try: recurry cells show lstm" in _run("lstm").output


def test_check_of_a_file_and_of_standard_input(tmp_path):
    path = tmp_path / "mine.equations"
    path.write_text("h = tanh(W @ x + U @ h)")
    for result in (_run("check", str(path)), _run("check", "-", text="h = tanh(W @ x)")):
        assert result.exit_code == 0
        assert result.output.startswith("These equations are a valid cell.")
        assert "glorot_uniform" in result.output


def test_check_of_bad_equations_says_where():
    result = _run("check", "-", text="h = tanh(W @ x")
    assert isinstance(result.exception, EquationError)
    assert "^ column 9" in str(result.exception)
    result = _run("check", "-", "--json", text="h = tanh(W @ x")
    record = json.loads(result.output)
    assert (record["is_valid"], record["line"], record["column"]) == (False, 1, 9)
    assert json.loads(_run("check", "-", "--json", text="h = x").output)["is_valid"] is True


@pytest.mark.parametrize("which", ["forward", "saving", "backward"])
def test_show_prints_code(which):
    assert "define void @worker(ptr %frame)" in _run("show", "rnn", "--ir", which).output
    assert "worker:" in _run("show", "rnn", "--asm", which).output
    assert _run("show", "rnn", "--ir", "sideways").exit_code == 2


@pytest.mark.parametrize(("word", "meant"), [("shwo", "show"), ("gru", "show gru")])
def test_a_wrong_word_gets_what_was_meant(word, meant):
    result = _run(word)
    assert result.exit_code == 2
    assert f"Try: recurry cells {meant}\n" in result.output
