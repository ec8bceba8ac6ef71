"""A cell that is trained beside the LSTM."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from recurry.errors import EquationError, UsageError
from recurry.serving import trial as module
from recurry.serving.trial import Trial

CELL = "h = tanh(W @ x + U @ h)"
WRITES = """
import json, pathlib, time
folder = pathlib.Path({folder!r})
folder.mkdir()
(folder / "log.jsonl").write_text(json.dumps(dict(update=5, num_symbols=1, loss_nats=2.5)) + "\\n")
time.sleep(60)
"""


@pytest.fixture
def trial(monkeypatch):
    """A trial whose trainings only pretend."""

    def pretend(cell: str, folder: Path, hidden_size: int):
        code = "raise SystemExit('error: broken')" if hidden_size == 13 else WRITES
        with open(folder.with_suffix(".txt"), "wb") as log:
            command = [sys.executable, "-c", code.format(folder=str(folder))]
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)

    monkeypatch.setattr(module, "_train", pretend)
    trial = Trial()
    yield trial
    trial.close()


def wait_for(condition, seconds=60.0):
    """Until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_both_are_followed_until_they_are_stopped(trial):
    trial.start(CELL, hidden_size=8)
    wait_for(lambda: all(run["last"] for run in trial.curves()["runs"]))
    found = trial.curves()
    assert [run["name"] for run in found["runs"]] == ["mine", "lstm"]
    assert found["runs"][0]["loss_nats"] == [2.5]
    assert 0 < found["seconds_left"] <= 60
    trial.stop()
    wait_for(lambda: trial.curves()["seconds_left"] == 0)
    assert trial.curves()["runs"][0]["loss_nats"] == [2.5]


def test_the_time_ends_them(monkeypatch, trial):
    trial._seconds = 0.5
    trial.start(CELL, hidden_size=8)
    wait_for(lambda: all(one.poll() is not None for one in trial._processes.values()))


def test_a_new_trial_ends_the_old_one_and_closing_removes_everything(trial):
    trial.start(CELL, hidden_size=8)
    old = list(trial._processes.values())
    trial.start(CELL, hidden_size=8)
    assert all(one.poll() is not None and one.stdin.closed for one in old)
    folder = Path(trial._folder.name)
    trial.close()
    assert not folder.exists()
    assert trial.curves()["runs"] == []


def test_a_training_that_fails_says_why(trial):
    trial.start(CELL, hidden_size=13)
    wait_for(lambda: len(trial.curves()["notes"]) == 2)
    assert trial.curves()["notes"]["mine"].strip() == "error: broken"


def test_wrong_equations_and_sizes_start_nothing(trial):
    with pytest.raises(EquationError):
        trial.start("h = ", hidden_size=8)
    with pytest.raises(UsageError, match="number of units is out of range"):
        trial.start(CELL, hidden_size=0)
    assert trial.curves()["runs"] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cell_is_really_trained():
    trial = Trial(seconds=240)
    try:
        trial.start(CELL, hidden_size=8)
        wait_for(lambda: all(run["last"] for run in trial.curves()["runs"]), 230)
        assert trial.curves()["notes"] == {}
    finally:
        trial.close()
