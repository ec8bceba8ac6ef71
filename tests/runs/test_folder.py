"""The files of a run folder: what is written at the start, and what is refused."""

import pytest

from recurry.errors import RunError, UsageError
from recurry.runs.configuration import load_config
from recurry.runs.folder import (
    CELL_NAME,
    CONFIG_NAME,
    draw_curves,
    is_free,
    model_scores,
    old_data,
    open_new,
    open_old,
    resume_command,
)
from recurry.runs.lock import RunLock
from recurry.tasks.scoring import Scores

SCORES = Scores(loss_nats=1.5, bits=2.2, perplexity=4.5, num_symbols=9)


def _begin(folder, **settings):
    config, lock = open_new(folder, load_config(overrides=settings))
    lock.release()
    return config


def test_paths_become_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = _begin(tmp_path / "run", **{"data.paths": ["a.txt", "-"], "data.test": "t.txt"})
    assert config.data.paths == (str(tmp_path / "a.txt"), "-")
    assert config.data.test == str(tmp_path / "t.txt")
    again, lock = open_old(tmp_path / "run", epochs=None)
    lock.release()
    assert again == config
    assert _begin(tmp_path / "other", **{"data.validation": "-"}).data.validation == "-"


def test_several_held_out_files_become_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = load_config("translate", overrides={"data.test": "t.en,t.de"})
    config, lock = open_new(tmp_path / "run", asked)
    lock.release()
    assert config.data.test == (str(tmp_path / "t.en"), str(tmp_path / "t.de"))
    again, lock = open_old(tmp_path / "run", epochs=None)
    lock.release()
    assert again == config


def test_a_built_in_cell_needs_no_file(tmp_path):
    _begin(tmp_path / "run", **{"network.cell": "gru"})
    assert not (tmp_path / "run" / CELL_NAME).exists()


def test_own_equations_are_kept_in_the_run(tmp_path):
    config = _begin(tmp_path / "run", **{"network.cell": "h = tanh(W @ x + U @ h)"})
    assert config.network.cell == CELL_NAME
    assert "tanh(W @ x + U @ h)" in (tmp_path / "run" / CELL_NAME).read_text()


def test_a_folder_that_is_not_empty(tmp_path):
    (tmp_path / "letter.txt").touch()
    with pytest.raises(RunError, match="not empty") as caught:
        _begin(tmp_path)
    assert "letter.txt" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_that_holds_a_run_offers_to_resume_it(tmp_path):
    _begin(tmp_path / "run")
    (tmp_path / "run" / "log.jsonl").touch()
    assert not is_free(tmp_path / "run")
    with pytest.raises(RunError, match="holds a run already") as caught:
        _begin(tmp_path / "run")
    assert "recurry resume" in str(caught.value)


def test_a_run_that_never_began_gives_way_to_another(tmp_path):
    _begin(tmp_path / "run", **{"network.cell": "h = tanh(W @ x + U @ h)"})
    (tmp_path / "run" / "data").mkdir()
    assert is_free(tmp_path / "run")
    _begin(tmp_path / "run", **{"network.cell": "gru"})
    assert load_config(path=tmp_path / "run" / CONFIG_NAME).network.cell == "gru"
    assert not (tmp_path / "run" / CELL_NAME).exists()


def test_a_folder_in_which_a_run_is_beginning_is_not_free(tmp_path):
    _, lock = open_new(tmp_path / "run", load_config())
    assert not is_free(tmp_path / "run")
    with pytest.raises(RunError, match="being trained right now"):
        _begin(tmp_path / "run")
    lock.release()
    assert is_free(tmp_path / "run")


def test_what_is_no_folder_of_ours_is_not_free(tmp_path):
    (tmp_path / "file").touch()
    assert is_free(tmp_path / "no-such")
    assert not is_free(tmp_path / "file")
    assert not is_free(tmp_path)


def test_left_overs_of_a_killed_start_are_no_hindrance(tmp_path):
    (tmp_path / ".writing-abc").touch()
    (tmp_path / ".lock").touch()
    _begin(tmp_path)
    assert (tmp_path / CONFIG_NAME).exists()


def test_an_unknown_cell_makes_no_folder(tmp_path):
    with pytest.raises(UsageError):
        _begin(tmp_path / "run", **{"network.cell": "lstmm"})
    assert not (tmp_path / "run").exists()


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(RunError, match="no such folder"):
        open_old(tmp_path / "no-such", epochs=None)
    with pytest.raises(RunError, match=r"without run\.toml"):
        open_old(tmp_path, epochs=None)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="got: a file"):
        open_old(tmp_path / "file", epochs=None)
    with pytest.raises(RunError, match="There is no run"):
        open_old(tmp_path / ("a" * 300), epochs=None)


def test_a_run_in_use(tmp_path):
    _begin(tmp_path / "run")
    lock = RunLock(tmp_path / "run")
    with pytest.raises(RunError, match="being trained right now"):
        open_old(tmp_path / "run", epochs=None)
    lock.release()


def test_epochs_can_be_raised(tmp_path):
    _begin(tmp_path / "run", **{"training.epochs": 3})
    _, lock = open_old(tmp_path / "run", epochs=5)
    lock.release()
    assert load_config(path=tmp_path / "run" / CONFIG_NAME).training.epochs == 5


@pytest.mark.parametrize(
    ("epochs", "settings", "words"),
    [
        (2, {}, "only be raised"),
        (10**400, {}, "less than or equal to 100000"),
        (5, {"schedule.name": "cosine"}, "schedule 'cosine' is laid out"),
        (5, {"schedule.warmup": 0.1}, "schedule 'constant' is laid out"),
        (5, {"optimiser.name": "asgd"}, "optimiser 'asgd' is laid out"),
    ],
)
def test_epochs_that_cannot_be_changed(tmp_path, epochs, settings, words):
    _begin(tmp_path / "run", **{"training.epochs": 3}, **settings)
    with pytest.raises(UsageError, match=words):
        open_old(tmp_path / "run", epochs=epochs)
    _, lock = open_old(tmp_path / "run", epochs=3)
    lock.release()


@pytest.mark.parametrize("settings", [{"data.paths": ["-"]}, {"data.validation": "-"}])
def test_a_text_from_standard_input_cannot_be_read_twice(tmp_path, settings):
    config = _begin(tmp_path / "run", **settings)
    for _ in range(2):
        with pytest.raises(RunError, match="came from standard input"):
            old_data(tmp_path / "run", config, notify=print)
        (tmp_path / "run" / "data").mkdir(exist_ok=True)


def test_curves_are_written_as_table_and_picture(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"update": 1, "num_symbols": 9, "loss_nats": 2.0}\n')
    draw_curves(tmp_path, load_config(overrides={"data.tokens": "words"}))
    assert (tmp_path / "curves.csv").read_text().splitlines()[1].startswith("1,")
    assert "nats per word" in (tmp_path / "curves.svg").read_text()


def test_scores_carry_the_name_of_their_part():
    found = model_scores(SCORES, SCORES, update=7)
    assert found["update"] == 7
    assert found["validation_loss_nats"] == found["test_loss_nats"] == 1.5
    assert model_scores(None, None, update=None) == {}


def test_the_command_can_be_pasted(tmp_path):
    assert resume_command(tmp_path / "my run").endswith("my run'")
