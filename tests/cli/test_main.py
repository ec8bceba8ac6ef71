"""The verb table: help without imports, unknown verbs, errors as messages with exit codes."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from recurry.cli import main as entry
from recurry.cli.main import VERBS, main, recurry
from recurry.errors import Interrupted, RecurryError, UsageError


def test_help_lists_every_verb():
    text = CliRunner().invoke(recurry, ["--help"]).output
    for verb, (_, line) in VERBS.items():
        assert f"  {verb} " in text
        assert line in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_a_sentence_for_each_option(verb):
    result = CliRunner().invoke(recurry, [verb, "--help"])
    assert result.exit_code == 0
    command = recurry.get_command(None, verb)
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, f"{verb} {parameter.opts} has no help"


def _exit(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code


def test_an_unknown_verb_offers_the_nearest(capsys):
    assert _exit(["trian"]) == 2
    assert "Try: train" in capsys.readouterr().err


def test_no_verb_prints_the_help(capsys):
    assert _exit([]) == 2
    assert "Verbs:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RecurryError("A broke."), 1),
        (UsageError("A is wrong."), 2),
        (Interrupted("Stopped."), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_one_message_and_an_exit_code(error, code, monkeypatch, capsys):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(entry.recurry, "main", fail)
    assert _exit(["doctor"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert (str(error) or "Interrupted.") in shown.err
    assert "Traceback" not in shown.err


def test_a_reader_that_goes_away_gets_no_traceback():
    command = f"{sys.executable} -c 'from recurry.cli.main import main; main()' cells | true"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.stderr == ""
