"""The verbs train and resume: options into settings, talk and data kept apart, exit codes."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from recurry.cli.main import recurry
from recurry.errors import Interrupted, RecurryError, UsageError
from recurry.runs.configuration import load_config

TEXT = "the quick brown fox jumps over the lazy dog and is gone\n" * 30
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
SMALL = ["--hidden-size", "8", "--epochs", "1", "--lanes", "4", "--k1", "16"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path


def _run(*arguments: str):
    """What a command prints; an error of ours is raised as main() would get it."""
    result = CliRunner().invoke(recurry, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


def test_print_config_is_a_file_that_train_reads(folder):
    printed = _run("train", "text.txt", *SMALL, "--set", "training.patience=3", "--print-config")
    (folder / "settings.toml").write_text(printed.stdout)
    config = load_config(path=folder / "settings.toml")
    assert config.network.hidden_size == 8
    assert config.training.patience == 3
    assert config.data.paths == ("text.txt",)
    assert config == load_config(
        "laptop",
        overrides={
            "data.paths": ["text.txt"],
            "network.hidden_size": 8,
            "training.epochs": 1,
            "training.lanes": 4,
            "training.patience": 3,
            "window.k1": 16,
        },
    )


@pytest.mark.parametrize(
    ("option", "value", "table", "key"),
    [
        ("--cell", "gru", "network", "cell"),
        ("--num-layers", "3", "network", "num_layers"),
        ("--k2", "500", "window", "k2"),
        ("--learning-rate", "0.5", "optimiser", "learning_rate"),
        ("--tokens", "bytes", "data", "tokens"),
        ("--seed", "7", "training", "seed"),
    ],
)
def test_each_short_option_sets_its_setting(folder, option, value, table, key):
    printed = _run("train", option, value, "--print-config").stdout
    (folder / "s.toml").write_text(printed)
    assert str(getattr(getattr(load_config(path=folder / "s.toml"), table), key)) == value


def test_a_config_file_stands_on_the_defaults_unless_a_preset_is_named(folder):
    (folder / "s.toml").write_text("[training]\nseed = 5\n")
    alone = _run("train", "--config", "s.toml", "--print-config").stdout
    assert "seed = 5" in alone
    assert f"hidden_size = {load_config().network.hidden_size}" in alone
    both = _run("train", "--config", "s.toml", "--preset", "lecture", "--print-config").stdout
    assert f"hidden_size = {load_config('lecture').network.hidden_size}" in both


def test_train_then_resume(folder):
    result = _run("train", "text.txt", *SMALL, "--run", "mine")
    assert "model   mine/model.safetensors" in result.stdout
    assert "curves  mine/curves.svg" in result.stdout
    assert "validation" in result.stdout
    assert "perplexity" in result.stdout
    assert "symbols to train on" in result.stderr
    assert "recurry generate mine" in result.stderr
    assert (folder / "mine" / "model.safetensors").exists()
    again = _run("resume", "mine")
    assert again.stdout == result.stdout
    assert "going on after update" in again.stderr


def test_json_is_all_that_standard_output_holds(folder):
    result = _run("train", "text.txt", *SMALL, "--run", "mine", "--json")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[-1]["event"] == "done"
    assert events[-1]["model"] == "mine/model.safetensors"
    assert events[-1]["scores"]["validation_loss_nats"] > 0
    assert {event["event"] for event in events[:-1]} == {"update"}
    assert {event["loss_unit"] for event in events} == {"character"}


def test_a_hopeless_model_is_reported_all_the_same(folder):
    settings = ["optimiser.weight_decay=", "network.precision=float32"]
    arguments = ["--learning-rate", "1e30", "--run", "mine"]
    arguments += [part for setting in settings for part in ("--set", setting)]
    assert "perplexity inf" in _run("train", "text.txt", *SMALL, *arguments).stdout
    last = _run("resume", "mine", "--json").stdout.splitlines()[-1]
    scores = json.loads(last, parse_constant=pytest.fail)["scores"]
    assert scores["validation_loss_nats"] > 700
    found = json.loads(_run("evaluate", "mine", "--json").stdout, parse_constant=pytest.fail)
    assert found["perplexity"] is None


def test_runs_without_a_name_get_one(folder):
    for _ in range(2):
        _run("train", "text.txt", *SMALL)
    assert sorted(path.name for path in (folder / "runs").iterdir()) == [
        "text-laptop",
        "text-laptop-2",
    ]


def test_text_from_standard_input_can_be_resumed(folder):
    command = [sys.executable, "-c", "from recurry.cli.main import main; main()"]
    subprocess.run(
        [*command, "train", "-", *SMALL, "--run", "piped"],
        input=TEXT,
        text=True,
        check=True,
        env=ENVIRONMENT,
    )
    assert "model   piped" in _run("resume", "piped").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "lanes"], "--set lanes has no value"),
        (["--set", "lanes=3"], "did you mean training.lanes?"),
        (["--preset", "laptob"], "laptop"),
        (["--tokens", "letters"], "data.tokens"),
        (["--cell", "lstn", "--run", "mine"], "lstm"),
        (["--config", "no-such.toml"], "No such file"),
        (["--epochs", "3", "--set", "training.epochs=4"], "training.epochs is given twice"),
        (["--set", 'data.paths=["b.txt"]'], "data.paths is given twice"),
    ],
)
def test_wrong_use(folder, arguments, words):
    with pytest.raises(UsageError) as caught:
        _run("train", "text.txt", *arguments)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["classfy", "a b.csv"], "try: recurry train classify 'a b.csv'"),
        (["label-each", "text.txt"], "or a task: language, classify"),
    ],
)
def test_a_first_word_that_is_neither_a_file_nor_a_task(folder, words, told):
    with pytest.raises(UsageError, match="neither a file nor a task named") as caught:
        _run("train", *words)
    assert told in str(caught.value)


def test_there_is_nothing_to_resume(folder):
    with pytest.raises(RecurryError, match="There is no run in"):
        _run("resume", "nowhere")


def test_ctrl_c_before_the_first_update_says_how_to_go_on(folder, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("recurry.runs.run.new_data", interrupt)
    with pytest.raises(Interrupted, match="recurry resume mine"):
        _run("train", "text.txt", *SMALL, "--run", "mine")
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert "model   mine" in _run("resume", "mine").stdout


def test_ctrl_c_before_there_is_a_run_promises_nothing(folder, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("recurry.runs.run.open_new", interrupt)
    with pytest.raises(Interrupted) as caught:
        _run("train", "text.txt", *SMALL, "--run", "mine")
    assert str(caught.value) == "Stopped before anything was written."


def test_nothing_behind_a_setting_takes_it_back_to_its_default(folder):
    command = ["train", "--set", "optimiser.clip_norm=", "--set", "network.cell=", "--print-config"]
    printed = _run(*command).stdout
    assert "# clip_norm is not set" in printed
    assert 'cell = "lstm"' in printed


def test_a_reader_that_goes_away_stops_training_which_saves(folder):
    code = "from recurry.cli.main import main; main()"
    arguments = [*SMALL, "--epochs", "100000", "--run", "mine", "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", code, "train", "text.txt", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(timeout=60) == 1
        assert "Traceback" not in child.stderr.read()
    assert list((folder / "mine" / "checkpoints").glob("update-*"))


def test_a_terminal_that_goes_away_stops_training_which_saves(folder):
    """As when a window is closed: the terminal is gone, and SIGHUP comes."""
    parent, terminal = pty.openpty()
    code = "from recurry.cli.main import main; main()"
    arguments = [
        *SMALL,
        "--epochs",
        "100000",
        "--run",
        "mine",
        "--set=report.checkpoint_seconds=999",
    ]
    with subprocess.Popen(
        [sys.executable, "-c", code, "train", "text.txt", *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env=ENVIRONMENT | {"TERM": "xterm"},
    ) as child:
        os.close(terminal)
        shown = b""
        while b"loss" not in shown:
            shown += os.read(parent, 1000)
        os.close(parent)
        os.kill(child.pid, signal.SIGHUP)
        assert child.wait(timeout=60) == 130
    assert list((folder / "mine" / "checkpoints").glob("update-*"))


def test_a_signal_ends_the_process_with_130(folder):
    code = "from recurry.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "train", "text.txt", *SMALL, "--epochs", "100000",
         "--run", "mine", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        child.stdout.readline()  # the first update is done
        os.kill(child.pid, signal.SIGINT)
        _, talk = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "recurry resume mine" in talk
    assert "Traceback" not in talk


def test_a_task_and_its_settings(folder):
    (folder / "a.csv").write_text("review,stars\n" + "good,5\nbad,1\n" * 20)
    columns = ["--text-column", "review", "--label-column", "stars", "--tokens", "characters"]
    small = ["--hidden-size", "4", "--epochs", "1", "--test", "0.2"]
    printed = _run("train", "classify", "a.csv", *columns, *small, "--print-config").stdout
    (folder / "s.toml").write_text(printed)
    config = load_config(path=folder / "s.toml")
    assert (config.task, config.text.tokens, config.data.test) == ("classify", "characters", 0.2)
    result = _run("train", "classify", "a.csv", *columns, *small, "--run", "mine")
    assert "accuracy" in result.stdout
    assert "recurry predict mine" in result.stderr
    assert _run("resume", "mine").stdout == result.stdout
    _run("train", "classify", "a.csv", *columns, *small)
    assert (folder / "runs" / "a-classify" / "confusion.svg").exists()


def test_a_task_begins_with_vectors_and_with_a_model(folder):
    (folder / "a.csv").write_text("text,label\n" + "a good dog,5\na bad cat,1\n" * 20)
    (folder / "words.vec").write_text("3 4\ngood 1 2 3 4\ndog 4 3 2 1\nmouse 1 1 1 1\n")
    few = ["train", "classify", "a.csv", "--hidden-size", "4", "--epochs", "1", "--limit", "9"]
    begun = _run(*few, "--embeddings", "words.vec", "--run", "first")
    assert "words.vec has 2 of the 5 symbols of the training part" in begun.stderr
    assert "9 records to train on" in begun.stderr
    config = load_config(path=folder / "first" / "run.toml")
    assert (config.network.embedding_size, config.data.limit) == (4, 9)
    again = _run(*few, "--start-from", "first", "--run", "second")
    assert "first has 5 of the 5 symbols" in again.stderr
    assert "the head is taken as well" in again.stderr
    with pytest.raises(UsageError, match="another size"):
        _run(*few, "--embeddings", "words.vec", "--set", "network.embedding_size=7")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clasify", "a.csv"], "recurry train classify a.csv"),
        (["classify", "a.csv", "--preset", "laptop"], "different tasks"),
        (["classify", "a.csv", "--k1", "3"], "no such table or setting for classify"),
        (["classify"], "no records to learn from"),
        (["text.txt", "--text-column", "x"], "data.text_column"),
    ],
)
def test_a_task_that_does_not_fit(folder, arguments, words):
    (folder / "a.csv").write_text("text,label\ngood,5\n")
    with pytest.raises(RecurryError) as caught:
        _run("train", *arguments)
    assert words in str(caught.value)
