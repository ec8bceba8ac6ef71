"""The tables fit the terminal, whatever the text holds."""

import pytest
from rich.cells import cell_len

from recurry.cli.text_tables import shorten, show, visible
from recurry.data.configuration import DataConfig
from recurry.data.survey import count_table, survey

TEXTS = {
    "wide": "日本語のテキスト、とても長い行。" * 40 + "\n世界\n",
    "long words": "Donaudampfschifffahrtsgesellschaftskapitän " * 30 + "\n" + "x" * 300 + "\n",
    "signals": "\x1b[31mred\x07\tand\x00 [bold]markup[/bold] :smile:\r\n",
    "one": "a",
    "blank": "\n\n \n",
    "treebank": " the <unk> 's \n no it was n't \n",
}


@pytest.mark.parametrize("tokens", ["bytes", "characters", "words"])
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(capsys, monkeypatch, tmp_path, tokens, name, width):
    monkeypatch.setenv("COLUMNS", str(width))
    path = tmp_path / "t"
    path.write_bytes(TEXTS[name].encode())
    found = survey(DataConfig(paths=(str(path),), tokens=tokens))
    show(found, count_table(found, rows=5), top=10)
    out = capsys.readouterr().out
    # The name of the test's folder may be long; rows of the tables are what counts.
    assert max(map(cell_len, out.splitlines())) <= width
    assert not [c for c in out if c != "\n" and not c.isprintable()]
    if name == "signals" and tokens == "words" and width > 40:
        assert "[│bold│]│markup│" in out
    if name == "treebank" and tokens == "words":
        assert "cut at white space alone" in out


def test_colours_are_for_terminals(capsys, monkeypatch, tmp_path):
    path = tmp_path / "t"
    path.write_text("a b")
    found = survey(DataConfig(paths=(str(path),), tokens="words"))
    show(found, None, top=3)
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    show(found, None, top=3)
    assert "\x1b[" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("symbol", "tokens", "expected"),
    [
        (" ", "characters", "␣"),
        ("\n", "characters", "↵"),
        ("\x1b", "characters", "\\u001b"),
        ("<eos>", "words", "↵"),
        ("<0x0A>", "bytes", "↵"),
        ("Ġthe", "bpe", "␣the"),
        ("é", "characters", "é"),
    ],
)
def test_white_space_can_be_seen(symbol, tokens, expected):
    assert visible(symbol, tokens) == expected


def test_long_texts_are_cut_by_cells():
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    assert cell_len(shorten("日本語日本語", 6)) <= 6


def test_the_name_of_a_file_cannot_steer_the_terminal(capsys, tmp_path):
    path = tmp_path / "a\x1b[2J"
    path.write_text("one two\n")
    show(survey(DataConfig(paths=(str(path),), tokens="words")), None, top=3)
    assert "\x1b[2J" not in capsys.readouterr().out
