"""The verb table: help without imports, unknown verbs, errors as messages with exit codes."""

import contextlib
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator

import click
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


def _below(verb: str) -> list[tuple[str, click.Command]]:
    """A verb, and the commands below it, by what is typed."""
    command = recurry.get_command(None, verb)
    below = command.commands if isinstance(command, click.Group) else {}
    return [(verb, command), *((f"{verb} {name}", found) for name, found in below.items())]


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_help_with_a_sentence_for_each_option(verb):
    for typed, command in _below(verb):
        assert CliRunner().invoke(recurry, [*typed.split(), "--help"]).exit_code == 0
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.help, f"{typed} {parameter.opts} has no help"


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
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert _exit(["doctor"]) == code
    finally:
        after = signal.signal(signal.SIGINT, before)
    assert (after == signal.SIG_IGN) == isinstance(error, Interrupted)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert (str(error) or "Interrupted.") in shown.err
    assert "Traceback" not in shown.err


def test_a_reader_that_goes_away_gets_no_traceback():
    command = f"{sys.executable} -c 'from recurry.cli.main import main; main()' cells | true"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.stderr == ""


def _on_a_terminal(arguments: list[str], **environment: str) -> str:
    """What the command prints when both its outputs are a terminal."""
    ours, theirs = os.openpty()
    code = f"from recurry.cli.main import main; main({arguments!r})"
    command = [sys.executable, "-c", code]
    whole = {**os.environ, "TERM": "xterm", **environment}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=whole):
        os.close(theirs)
        shown = b"".join(_read_all(ours))
    os.close(ours)
    return shown.decode()


def _read_all(terminal: int) -> Iterator[bytes]:
    """What comes out of a terminal until nobody writes to it any more, which is an error."""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 1 << 12):
            yield chunk


@pytest.mark.parametrize("arguments", [["cells", "list"], ["cells", "show", "nothing"]])
def test_colours_only_where_they_are_wanted(arguments):
    plain = {"NO_COLOR": ""}
    assert "\x1b[" in _on_a_terminal(arguments, **plain)
    assert "\x1b[" not in _on_a_terminal(arguments, NO_COLOR="1")
    assert "\x1b[" not in _on_a_terminal(arguments, **plain, TERM="dumb")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_a_full_disk_behind_the_output_is_one_message():
    code = "from recurry.cli.main import main; main(['cells', 'list', '--json'])"
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert result.stderr.startswith("error: The system refused to read or to write.")
    assert "standard output" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


@pytest.mark.parametrize(("verb", "policy"), [("cells", "PASSIVE"), ("bench", None)])
def test_threads_wait_asleep_except_where_speed_is_measured(verb, policy, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "")  # so that it is put back, whatever main does
    monkeypatch.delenv("OMP_WAIT_POLICY")
    main([verb, "--help"])
    assert os.environ.get("OMP_WAIT_POLICY") == policy


@pytest.mark.parametrize("has_mallopt", [True, False])
def test_freed_memory_stays_where_the_system_can_be_told_so(has_mallopt, monkeypatch):
    told = []
    library = types.SimpleNamespace(mallopt=lambda *option: told.append(option))
    found = library if has_mallopt else types.SimpleNamespace()
    monkeypatch.setattr("recurry.cli.main.ctypes.CDLL", lambda name: found)
    main(["cells", "--help"])
    assert [option for option, _ in told] == ([-3, -1] if has_mallopt else [])


def test_no_message_can_steer_the_terminal(capsys):
    assert _exit(["evaluate", "no\x1b[2Jmodel"]) == 2
    assert "no␛[2Jmodel" in capsys.readouterr().err
