"""Tasks from a Python file: what is found in it, and what a file gets that is no task."""

import textwrap

import pytest

from recurry.errors import UsageError
from recurry.tasks import find
from recurry.tasks.find import find_task
from recurry.tasks.task_file import load_task_file

GOOD = """
from dataclasses import dataclass

from recurry.tasks.classify import Classify
from recurry.tasks.language_task import LanguageTask


@dataclass(frozen=True)
class Note:  # dataclasses look for their module
    text: str = ""


class Between(Classify):
    name = kind = "between"


class Rated(Between):
    name = kind = "rated"


class Spoken(LanguageTask):
    name = kind = "spoken"
"""


@pytest.fixture(autouse=True)
def _no_task_stays(monkeypatch):
    monkeypatch.setattr(find, "_REGISTERED", {})


@pytest.fixture
def write(tmp_path):
    """Writes a task file."""

    def to_file(text: str, name: str = "mine.py") -> str:
        (tmp_path / name).write_text(textwrap.dedent(text))
        return str(tmp_path / name)

    return to_file


def test_tasks_need_no_registering(write):
    assert load_task_file(write(GOOD)) == ("rated", "spoken")
    assert find_task("rated").kind == "rated"
    with pytest.raises(UsageError, match="no task named 'between'"):  # others build upon it
        find_task("between")
    assert load_task_file(write(GOOD)) == ("rated", "spoken")  # a second time, for a second verb


def test_one_that_registers_itself_is_the_same(write):
    text = GOOD + "\nfrom recurry.tasks.find import register\nregister(Rated())\n"
    assert load_task_file(write(text)) == ("rated", "spoken")


@pytest.mark.parametrize(
    ("text", "message", "more"),
    [
        ("x = (", "cannot be imported", "mine.py:1"),
        ("x = 1\ny = nothing\n", "cannot be imported", "mine.py:2"),
        ("import json\njson.loads('')\n", "cannot be imported", "mine.py:2"),
        ("import no_such_module\n", "cannot be imported", "no_such_module"),
        ("x = 1\n", "defines no task", "RecordTask"),
        (GOOD.replace('"rated"', '"tag"'), "cannot be called 'tag'", "class Rated"),
        (GOOD.replace('"rated"', '"spoken"'), "cannot be called 'spoken'", "class Spoken"),
        (
            """
            from recurry.tasks.record_task import RecordTask
            class Mine(RecordTask):
                name = "mine"
            """,
            "not complete",
            "loss, make_network, predict, read, read_knowledge, score, kind, tables",
        ),
        (
            """
            from recurry.tasks.classify import Classify
            class Mine(Classify):
                name = "mine"
                def __init__(self, size):
                    pass
            """,
            "cannot be made",
            "size",
        ),
    ],
)
def test_what_is_no_task(write, text, message, more):
    with pytest.raises(UsageError, match=message) as caught:
        load_task_file(write(text))
    assert more in str(caught.value)
    assert not find._REGISTERED


def test_what_is_no_python_file(write, tmp_path):
    with pytest.raises(UsageError, match="no such task file"):
        load_task_file(tmp_path / "none.py")
    with pytest.raises(UsageError, match="no task file"):
        load_task_file(write(GOOD, "mine.txt"))
