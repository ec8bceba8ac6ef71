"""What must be as it was when a run goes on: its settings, its equations, its texts."""

import shutil

import pytest

from recurry.errors import RunError
from recurry.runs.configuration import load_config
from recurry.runs.run import resume, start

TEXT = "the quick brown fox jumps over the lazy dog and is gone\n" * 30
SMALL = {
    "network.hidden_size": 8,
    "training.epochs": 2,
    "training.lanes": 4,
    "window.k1": 16,
    "optimiser.learning_rate": 0.125,
}


@pytest.fixture
def folder(tmp_path):
    """Where texts and a run lie side by side."""
    (tmp_path / "text.txt").write_text(TEXT)
    (tmp_path / "valid.txt").write_text(TEXT[:300])
    return tmp_path


def _begin(folder, **settings) -> None:
    given = SMALL | {"data.paths": [str(folder / "text.txt")]} | settings
    for _ in start(load_config(overrides=given), folder / "run").train():
        break


def _edit(folder, old: str, new: str, *, name: str = "run.toml") -> None:
    path = folder / "run" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("learning_rate = 0.125", "learning_rate = 0.5"),
        ("hidden_size = 8", "hidden_size = 9"),
        ("lanes = 4", "lanes = 3"),
        ('name = "adamw"', 'name = "sgd"'),
        ('cell = "lstm"', 'cell = "gru"'),
    ],
)
def test_settings_changed_by_hand_are_refused(folder, old, new):
    _begin(folder)
    _edit(folder, old, new)
    for _ in range(2):  # and the lock is free again
        with pytest.raises(RunError, match="no longer those that it began with") as caught:
            resume(folder / "run")
    assert f"where: {folder / 'run' / 'run.toml'}" in str(caught.value)
    assert new in str(caught.value).partition("accepted")[0]
    assert old in str(caught.value).partition("accepted")[2]
    _edit(folder, new, old)
    resume(folder / "run").close()


def test_equations_changed_by_hand_are_refused(folder):
    _begin(folder, **{"network.cell": "h = tanh(W @ x + U @ h + b)"})
    _edit(folder, "tanh", "relu", name="cell.toml")
    with pytest.raises(RunError, match="no longer those") as caught:
        resume(folder / "run")
    assert f"where: {folder / 'run' / 'cell.toml'}" in str(caught.value)
    assert "relu(" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [("log_every = 10", "log_every = 3"), ("epochs = 2", "epochs = 3"), ("text.txt", "moved.txt")],
)
def test_what_changes_no_past_update_may_change(folder, old, new):
    _begin(folder)
    _edit(folder, old, new)
    resume(folder / "run").close()


def test_epochs_that_the_schedule_depends_on_may_not_change(folder):
    _begin(folder, **{"schedule.name": "cosine"})
    _edit(folder, "epochs = 2", "epochs = 3")
    with pytest.raises(RunError, match=r"training\.epochs = 3"):
        resume(folder / "run")


@pytest.mark.parametrize("name", ["text.txt", "valid.txt"])
def test_another_text_of_any_part_is_refused(folder, name):
    _begin(folder, **{"data.validation": str(folder / "valid.txt")})
    shutil.rmtree(folder / "run" / "data")
    resume(folder / "run").close()
    shutil.rmtree(folder / "run" / "data")
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("fox jumps", "jumps fox"))
    with pytest.raises(RunError, match="text is no longer the one"):
        resume(folder / "run")
