"""Tasks by name and by what model files call them."""

import pytest

from recurry.errors import UsageError
from recurry.tasks import find
from recurry.tasks.find import find_kind, find_task, register, task_names
from recurry.tasks.language_task import LanguageTask


def test_by_name():
    assert find_task().name == "language"
    with pytest.raises(UsageError, match="no task named 'clasify'") as caught:
        find_task("clasify")
    assert "try: classify" in str(caught.value)


def test_by_kind():
    task = find_kind("language model")
    assert task is not None
    assert task.name == "language"
    assert find_kind("speech model") is None
    assert find_kind(["no", "text"]) is None


def test_a_task_of_one_s_own(monkeypatch):
    monkeypatch.setattr(find, "_REGISTERED", {})

    class Own(LanguageTask):
        name, kind = "own", "own kind"

    register(Own())
    assert "own" in task_names()
    assert isinstance(find_task("own"), Own)
    assert isinstance(find_kind("own kind"), Own)
