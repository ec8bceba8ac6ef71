"""The option --task-file: the example of the docs from the command line."""

import json
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from recurry.cli.main import recurry
from recurry.errors import ModelFileError, UsageError
from recurry.tasks import find

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
OPTION = ["--task-file", "parity.py"]
TRAIN = ["parity", "bits.txt", "--cell", "gru", "--hidden-size", "16", "--learning-rate", "0.02"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the task of the docs and its data; a new process knows no task."""
    monkeypatch.chdir(tmp_path)
    section = PAGE.read_text().split("## A task of your own")[1]
    found = re.search(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert found is not None
    Path("parity.py").write_text("from pathlib import Path\n" + found.group(1))
    chance = random.Random(0)
    rows = [" ".join(chance.choices("01", k=chance.randint(1, 4))) for _ in range(500)]
    Path("bits.txt").write_text("\n".join(rows) + "\n")
    return tmp_path


def _run(*arguments: str, monkeypatch, text: str | None = None):
    """What a process of its own would say."""
    monkeypatch.setattr(find, "_REGISTERED", {})
    result = CliRunner().invoke(recurry, list(arguments), standalone_mode=False, input=text)
    if result.exception is not None:
        raise result.exception
    return result


def test_a_task_of_one_s_own_through_all_verbs(folder, monkeypatch):
    def run(*arguments: str, text: str | None = None):
        return _run(*arguments, monkeypatch=monkeypatch, text=text)

    first = run("train", *OPTION, *TRAIN, "--epochs", "2")
    assert "recurry predict runs/bits-parity" in first.stderr
    again = run("resume", "runs/bits-parity", *OPTION, "--epochs", "20")
    assert "validation nats a record" in again.stdout
    scores = json.loads(run("evaluate", "runs/bits-parity", *OPTION, "--json").stdout)
    assert scores["accuracy"] > 0.9
    answers = run("predict", "runs/bits-parity", *OPTION, text="1 0 1\n1 0\n").stdout
    assert [json.loads(line)["odd"] for line in answers.splitlines()] == [False, True]

    for arguments in (["predict", "runs/bits-parity"], ["evaluate", "runs/bits-parity"]):
        with pytest.raises(ModelFileError, match="task that is not known") as caught:
            run(*arguments, text="1\n")
        assert "the kind 'parity'" in str(caught.value)
        assert "--task-file FILE.py" in str(caught.value)
    with pytest.raises(UsageError, match="no task named 'parity'") as unknown:
        run("resume", "runs/bits-parity")
    assert "--task-file FILE.py" in str(unknown.value)


def test_what_does_not_fit(folder, monkeypatch):
    with pytest.raises(UsageError, match="first word names none") as caught:
        _run("train", *OPTION, "bits.txt", monkeypatch=monkeypatch)
    assert "recurry train parity bits.txt" in str(caught.value)
    with pytest.raises(UsageError, match="no such task file"):
        _run("train", "--task-file", "pairty.py", *TRAIN, monkeypatch=monkeypatch)
