"""Runs from start to end: files, resuming, signals, failures."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import recurry
from recurry.artefact.checkpoint import sealed
from recurry.artefact.model_file import load_model
from recurry.errors import DataError, Interrupted, RunError, TrainingError
from recurry.runs.configuration import load_config
from recurry.runs.log import read_log
from recurry.runs.run import resume, start, train_language_model

ROOT = Path(__file__).parents[2]
TEXT = "the quick brown fox jumps over the lazy dog and is gone\n" * 30
SMALL = {
    "network.hidden_size": 8,
    "training.epochs": 2,
    "training.lanes": 4,
    "training.evaluate_every": 7,
    "window.k1": 16,
    "report.log_every": 3,
    "report.checkpoint_seconds": 0.2,
}

EVERY = {"report.checkpoint_seconds": 0}  # a checkpoint after every update


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def _config(text, **settings):
    return load_config(overrides=SMALL | {"data.paths": [str(text)]} | settings)


def _train(run) -> list:
    return list(run.train())


def test_a_whole_run(text, tmp_path):
    run = start(_config(text, **{"data.test": 0.1}), tmp_path / "run")
    updates = [progress.update for progress in run.train()]
    assert updates == list(range(1, updates[-1] + 1))
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        ".lock",
        "checkpoints",
        "curves.csv",
        "curves.svg",
        "data",
        "log.jsonl",
        "model.safetensors",
        "run.toml",
        "times.jsonl",
    }
    assert 1 <= len(sealed(tmp_path / "run" / "checkpoints")) <= 2
    log = read_log(tmp_path / "run")
    assert log[-1]["update"] == updates[-1]
    best = min((line for line in log if "is_best" in line), key=lambda x: x["validation_loss_nats"])
    scores = run.best_model().scores
    assert scores["update"] == best["update"]
    assert scores["validation_loss_nats"] == best["validation_loss_nats"]
    assert scores["test_num_symbols"] > 100
    assert run.best_model().provenance["training"]["epochs"] == 2


def test_the_model_file_holds_the_weights_that_were_validated(text, tmp_path):
    config = _config(text, **{"training.averaging": 0.9, "data.validation": 0.2})
    run = start(config, tmp_path / "run")
    _train(run)
    best = run.best_model()
    found = recurry.score(best, run.prepared.validation)
    assert found.loss_nats == pytest.approx(best.scores["validation_loss_nats"], rel=1e-6)


def test_without_validation_the_last_weights_are_the_model(text, tmp_path):
    run = start(_config(text, **{"data.validation": 0.0}), tmp_path / "run")
    _train(run)
    ours = run.model.network.state_dict()
    theirs = run.best_model().network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert "validation_loss_nats" not in run.best_model().scores


@pytest.mark.parametrize("stop", [1, 8, 30])
def test_leaving_the_loop_and_resuming_gives_the_same_bytes(text, tmp_path, stop):
    _train(start(_config(text), tmp_path / "whole"))
    for progress in start(_config(text), tmp_path / "cut").train():
        if progress.update == stop:
            break
    heard: list[str] = []
    run = resume(tmp_path / "cut", notify=heard.append)
    assert run.state.update == stop
    _train(run)
    assert any(f"going on after update {stop}" in line for line in heard)
    for name in ("log.jsonl", "model.safetensors", "curves.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_stops_by_signals_in_real_processes():
    """The benchmark in small: see bench/resume_bits.py."""
    command = [sys.executable, str(ROOT / "bench" / "resume_bits.py")]
    done = subprocess.run(
        [*command, "--stops", "3", "--characters", "3000"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 stops, 0 runs that differ" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(text, tmp_path, number):
    run = start(_config(text, **{"report.checkpoint_seconds": 1000}), tmp_path / "run")
    with pytest.raises(Interrupted) as caught:  # noqa: PT012
        for progress in run.train():
            if progress.update == 5:
                os.kill(os.getpid(), number)
    assert caught.value.exit_code == 130
    assert f"recurry resume {tmp_path / 'run'}" in str(caught.value)
    assert [update for update, _ in sealed(tmp_path / "run" / "checkpoints")] == [5]
    assert load_model(tmp_path / "run").scores == {"update": 5}
    again = resume(tmp_path / "run")
    assert again.state.update == 5
    again.close()


def test_a_finished_run_has_nothing_left_to_do(text, tmp_path):
    _train(start(_config(text), tmp_path / "run"))
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    assert _train(resume(tmp_path / "run")) == []
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before


def test_more_epochs(text, tmp_path):
    _train(start(_config(text), tmp_path / "run"))
    progress = _train(resume(tmp_path / "run", epochs=3))
    assert {step.epoch for step in progress} == {2}


def test_own_equations_are_resumed_without_their_file(text, tmp_path):
    path = tmp_path / "mine.cell"
    path.write_text("h = tanh(W @ x + U @ h + b)\n")
    for _ in start(_config(text, **{"network.cell": str(path)}), tmp_path / "run").train():
        break
    path.unlink()
    text.unlink()
    run = resume(tmp_path / "run")
    _train(run)
    assert "tanh(" in run.best_model().cell.equations


def test_a_damaged_checkpoint_is_passed_over_aloud(text, tmp_path):
    for progress in start(_config(text, **EVERY), tmp_path / "run").train():
        if progress.update == 3:
            break
    folder = tmp_path / "run" / "checkpoints"
    newest_update, newest_folder = sealed(folder)[0]
    (newest_folder / "record.json").write_text("{}")
    heard: list[str] = []
    run = resume(tmp_path / "run", notify=heard.append)
    assert run.state.update < newest_update
    assert any("is damaged (record.json is not what the manifest says)" in line for line in heard)
    _train(run)
    names = {path.name for path in folder.iterdir()}
    assert f"damaged-{newest_folder.name}" in names


def test_left_overs_are_swept_at_the_start(text, tmp_path):
    for _ in start(_config(text), tmp_path / "run").train():
        break
    (tmp_path / "run" / ".writing-model").touch()
    (tmp_path / "run" / "checkpoints" / ".writing-update-9").mkdir()
    heard: list[str] = []
    run = resume(tmp_path / "run", notify=heard.append)
    run.close()
    assert any(".writing-model" in line for line in heard)
    left = [path.name for path in (tmp_path / "run").rglob(".*")]
    assert left == [".lock"]


def test_checkpoints_that_are_gone_are_said_aloud(text, tmp_path):
    for _ in start(_config(text), tmp_path / "run").train():
        break
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    heard: list[str] = []
    run = resume(tmp_path / "run", notify=heard.append)
    run.close()
    assert run.state.update == 0
    assert any("there is no checkpoint: beginning again" in line for line in heard)


def test_a_log_that_is_gone_is_said_aloud(text, tmp_path):
    for progress in start(_config(text), tmp_path / "run").train():
        if progress.update == 8:
            break
    (tmp_path / "run" / "log.jsonl").unlink()
    heard: list[str] = []
    _train(resume(tmp_path / "run", notify=heard.append))
    assert any("the learning curves will have a gap" in line for line in heard)
    assert read_log(tmp_path / "run")[0]["update"] == 9


@pytest.mark.parametrize("stop", [20, None])
@pytest.mark.parametrize("damage", [b"", None])
def test_a_model_file_that_is_lost_is_made_again(text, tmp_path, stop, damage):
    for progress in start(_config(text), tmp_path / "run").train():
        if progress.update == stop:
            break
    (tmp_path / "run" / "model.safetensors").unlink()
    if damage is not None:
        (tmp_path / "run" / "model.safetensors").write_bytes(damage)
    heard: list[str] = []
    run = resume(tmp_path / "run", notify=heard.append)
    _train(run)
    assert any("model.safetensors is gone or damaged" in line for line in heard)
    assert run.best_model().scores["validation_loss_nats"] > 0


def test_a_killed_preparation_is_done_again(text, tmp_path):
    start(_config(text), tmp_path / "run").close()
    for path in (tmp_path / "run" / "data").iterdir():
        path.unlink()
    assert _train(resume(tmp_path / "run"))


def test_a_loss_that_is_no_number(text, tmp_path):
    settings = {
        "optimiser.name": "sgd",
        "optimiser.learning_rate": 1e38,
        "report.checkpoint_seconds": 1000,
    }
    run = start(_config(text, **settings), tmp_path / "run")
    with pytest.raises(TrainingError) as caught:
        _train(run)
    message = str(caught.value)
    assert "Training stopped at update 2" in message
    assert "a new run with a smaller optimiser.learning_rate than 1e+38" in message
    assert "kept: the checkpoint of update 1" in message
    assert [update for update, _ in sealed(tmp_path / "run" / "checkpoints")] == [1]


@pytest.mark.parametrize("seconds", [0, 1000])
def test_weights_that_are_no_numbers_are_not_kept(text, tmp_path, seconds):
    settings = {"optimiser.learning_rate": 1e39, "report.checkpoint_seconds": seconds}
    run = start(_config(text, **settings), tmp_path / "run")
    with pytest.raises(TrainingError, match="kept: nothing"):
        _train(run)
    assert sealed(tmp_path / "run" / "checkpoints") == []
    assert not run.model_path.exists()


def test_a_disk_that_is_full_names_the_path_and_the_way_on(text, tmp_path):
    run = start(_config(text, **EVERY), tmp_path / "run")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(RunError, match="larger than allowed") as caught:  # noqa: PT012
            for progress in run.train():
                if progress.update == 3:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(tmp_path / "run" / "checkpoints" / "update-00000004") in str(caught.value)
    assert f"then recurry resume {tmp_path / 'run'}" in str(caught.value)
    again = resume(tmp_path / "run")
    assert again.state.update == 3
    again.close()


def test_a_disk_that_is_full_while_logging_frees_the_folder(text, tmp_path):
    settings = {"report.log_every": 1, "report.checkpoint_seconds": 1000}
    run = start(_config(text, **settings), tmp_path / "run")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(RunError, match="larger than allowed") as caught:  # noqa: PT012
            for progress in run.train():
                if progress.update == 3:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert f"then recurry resume {tmp_path / 'run'}" in str(caught.value)
    assert _train(resume(tmp_path / "run"))


def test_two_processes_cannot_train_one_run(text, tmp_path):
    run = start(_config(text), tmp_path / "run")
    with pytest.raises(RunError, match="being trained right now"):
        resume(tmp_path / "run")
    run.close()
    resume(tmp_path / "run").close()


def test_a_text_that_cannot_be_used_frees_the_folder(tmp_path):
    (tmp_path / "empty.txt").touch()
    with pytest.raises(DataError):
        start(_config(tmp_path / "empty.txt"), tmp_path / "run")
    with pytest.raises(DataError):
        resume(tmp_path / "run")


def test_a_start_that_failed_can_be_tried_again_with_other_settings(text, tmp_path):
    with pytest.raises(DataError):
        start(_config(text, **{"training.lanes": 4000}), tmp_path / "run")
    run = start(_config(text, **{"data.tokens": "bytes"}), tmp_path / "run")
    assert run.prepared.codec.num_symbols == 256
    assert _train(run)


def test_another_number_of_threads_is_said_aloud(text, tmp_path):
    for _ in start(_config(text), tmp_path / "run").train():
        break
    folder = sealed(tmp_path / "run" / "checkpoints")[0][1]
    record = json.loads((folder / "record.json").read_text())
    assert record["environment"] == {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    heard: list[str] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        resume(tmp_path / "run", notify=heard.append).close()
    finally:
        torch.set_num_threads(threads)
    assert any("number of threads has changed" in line for line in heard)


def test_the_python_front_door(tmp_path):
    updates = []
    model = train_language_model(
        TEXT,
        preset="lecture",
        overrides=SMALL,
        on_progress=lambda step: updates.append(step.update),
    )
    assert model.codec.decode(model.codec.encode("fox")) == "fox"
    assert updates[0] == 1
    assert model.scores["validation_loss_nats"] > 0


RECORDS = {
    "network.hidden_size": 6,
    "network.embedding_size": 6,
    "training.epochs": 4,
    "training.evaluate_every": 3,
    "dropout.input": 0.1,
    "data.test": 0.2,
    "batches.records": 8,
}


@pytest.mark.parametrize("stop", [1, 9])
def test_records_are_trained_and_resumed_as_texts_are(tmp_path, stop):
    rows = [f"a {'cat ' * (n % 5)}{word},{word}" for n in range(25) for word in ("good", "bad")]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows, "lost,"]) + "\n")
    settings = RECORDS | {"data.paths": [str(tmp_path / "a.csv")]}
    config = load_config("classify", overrides=settings)
    assert config.task == "classify"
    heard: list[str] = []
    whole = start(config, tmp_path / "whole", notify=heard.append)
    _train(whole)
    assert any("1 rows without a label" in line for line in heard)
    for progress in start(config, tmp_path / "cut").train():
        if progress.update == stop:
            break
    (tmp_path / "a.csv").unlink()  # what is needed lies in the run
    _train(resume(tmp_path / "cut"))
    for name in ("log.jsonl", "model.safetensors", "curves.csv", "confusion.svg"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    best = load_model(tmp_path / "cut")
    assert best.scores["test_num_records"] == 10
    assert best.scores["test_temperature"] == best.scores["validation_temperature"]
    assert "nats per record" in (tmp_path / "cut" / "curves.svg").read_text()
    _train(resume(tmp_path / "cut"))  # what has ended is left as it is
    assert load_model(tmp_path / "cut").scores == best.scores
