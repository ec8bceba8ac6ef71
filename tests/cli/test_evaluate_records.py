"""The verb evaluate on labelled records."""

import json
import re

import pytest
from click.testing import CliRunner

from recurry.cli.evaluate_records import split_pairs
from recurry.cli.main import recurry
from recurry.data.record_configuration import HeldOutConfig
from recurry.errors import DataError, RunError, UsageError
from recurry.tasks.filling import FillingConfig

SMALL = ["--set", "network.hidden_size=8", "--set", "network.embedding_size=8", "--epochs", "6"]
SMALL += ["--set", "dropout.recurrent_weights=0", "--set", "schedule.name=constant"]
SMALL += ["--set", "dropout.input=0", "--set", "dropout.output=0", "--learning-rate", "0.03"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A model that knows good from bad, its run and its table."""
    folder = tmp_path_factory.mktemp("evaluate")
    rows = [f"a {word} {thing},{word}" for thing in ("cat", "dog") for word in ("good", "bad")]
    (folder / "a.csv").write_text("\n".join(["text,label", *rows * 15]) + "\n")
    _run("train", "classify", str(folder / "a.csv"), *SMALL, "--run", str(folder / "run"))
    return folder / "run"


def _run(*arguments: str):
    result = CliRunner().invoke(recurry, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


def test_files_and_the_run_s_own_parts(run_folder, tmp_path):
    (tmp_path / "b.csv").write_text("text,stars\na good cat,good\na bad cat,good\nred,bad\n,bad\n")
    arguments = [str(run_folder), str(tmp_path / "b.csv"), "--set", "label_column=stars", "--json"]
    result = _run("evaluate", *arguments)
    scores = json.loads(result.stdout)
    assert scores["num_records"] == 4
    assert scores["accuracy"] < 1
    assert "1 texts are empty" in result.stderr
    columns = [*arguments[:2], "--label-column", "stars"]
    shown = _run("evaluate", *columns).stdout
    assert "\n           4 num records" in shown
    with pytest.raises(UsageError, match="label_column is given twice"):
        _run("evaluate", *columns, "--set", "label_column=stars")
    with pytest.raises(UsageError, match="for FILES, and there are none"):
        _run("evaluate", str(run_folder), "--label-column", "stars")
    own = _run("evaluate", str(run_folder), "--part", "train").stdout
    assert "of the train part" in own
    assert "1.0000 accuracy" in own
    assert " nats a record\n" in own
    with pytest.raises(UsageError, match="no test part"):
        _run("evaluate", str(run_folder), "--part", "test")


def test_a_picture_of_who_is_taken_for_whom(run_folder, tmp_path):
    _run("evaluate", str(run_folder), "--picture", str(tmp_path / "c.svg"))
    assert "Confusion matrix" in (tmp_path / "c.svg").read_text()
    with pytest.raises(RunError, match="cannot be written"):
        _run("evaluate", str(run_folder), "--picture", str(tmp_path / "no" / "c.svg"))


def test_an_answer_of_which_there_is_no_picture(tmp_path):
    rows = [f"a {word},{number}" for number, word in enumerate("bcdefghi")]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows * 2]) + "\n")
    run = str(tmp_path / "run")
    small = [*SMALL[:4], "--epochs", "1", "--set", "answer.kind=number", "--run", run]
    _run("train", "classify", str(tmp_path / "a.csv"), *small)
    with pytest.raises(UsageError, match="no picture"):
        _run("evaluate", run, "--picture", str(tmp_path / "a.svg"))
    assert not (tmp_path / "a.svg").exists()


def test_what_does_not_fit(run_folder, tmp_path):
    (tmp_path / "b.csv").write_text("text,stars\nx,good\n")
    with pytest.raises(DataError, match="no column 'label'"):
        _run("evaluate", str(run_folder), str(tmp_path / "b.csv"))
    with pytest.raises(UsageError, match="label_column"):
        _run("evaluate", str(run_folder), str(tmp_path / "b.csv"), "--set", "lable_column=stars")
    with pytest.raises(DataError, match="no symbol in common"):
        _run("evaluate", str(run_folder), str(tmp_path / "b.csv"), "--set", "label_column=stars")
    (tmp_path / "alone.safetensors").write_bytes((run_folder / "model.safetensors").read_bytes())
    with pytest.raises(UsageError, match="no records to evaluate on"):
        _run("evaluate", str(tmp_path / "alone.safetensors"))
    with pytest.raises(UsageError, match="painted"):
        _run("evaluate", str(run_folder), "--colour", "varying")
    (tmp_path / "c.csv").write_text("text,label\na good cat,5\na bad cat,1\n")
    with pytest.raises(DataError, match="labels and the training part have none in common"):
        _run("evaluate", str(run_folder), str(tmp_path / "c.csv"))
    with pytest.raises(UsageError, match="reads no such column") as caught:
        _run("evaluate", str(run_folder), str(tmp_path / "c.csv"), "--source-column", "x")
    assert "--label-column" in str(caught.value)
    with pytest.raises(UsageError, match="has no value"):
        _run("evaluate", str(run_folder), str(tmp_path / "c.csv"), "--set", "label_column")


def test_sentences(tmp_path):
    (tmp_path / "a.conll").write_text("Mr B-PER\nCat I-PER\nsat O\n\n" * 40)
    (tmp_path / "b.conll").write_text("sat O x\nMr B-PER x\n\nCat B-LOC x\n")
    small = ["--hidden-size", "8", "--set", "network.embedding_size=8", "--epochs", "1"]
    small += ["--preset", "entities", "--run", str(tmp_path / "run")]
    trained = _run("train", "tag", str(tmp_path / "a.conll"), *small)
    assert " nats/word, " in trained.stderr
    assert re.search(r"^validation +nats a word \d", trained.stdout, re.M)
    assert "nats per word" in (tmp_path / "run" / "curves.svg").read_text()
    arguments = [str(tmp_path / "run"), str(tmp_path / "b.conll"), "--set", "label_column=2"]
    result = _run("evaluate", *arguments, "--json")
    scores = json.loads(result.stdout)
    assert (scores["num_words"], scores["num_records"], scores["num_entities"]) == (3, 2, 2)
    assert {"precision", "recall", "f1", "accuracy"} < set(scores)
    assert scores["loss_unit"] == "word"
    assert "count as mistakes: B-LOC" in result.stderr
    own = _run("evaluate", str(tmp_path / "run")).stdout
    assert " f1\n" in own
    assert " nats a word\n" in own
    with pytest.raises(DataError, match="line is broken") as caught:
        _run("evaluate", str(tmp_path / "run"), str(tmp_path / "b.conll"), *_columns(4))
    assert "b.conll:1" in str(caught.value)


def _columns(label: int) -> list[str]:
    return ["--set", f"label_column={label}"]


def test_settings_of_the_data_and_of_answers():
    class Filling:
        task = "fill"
        settings = {"decoding": FillingConfig(), "data": HeldOutConfig()}  # noqa: RUF012

    pairs = ("candidates=3", "encoding=latin-1", "decoding.bean=2", "data.paths=x", "beam = 4")
    of_data, of_answers = split_pairs(Filling(), pairs)
    assert of_data == ("encoding=latin-1", "data.paths=x")
    assert of_answers == ("candidates=3", "decoding.bean=2", "beam = 4")
    Filling.settings = {}
    assert split_pairs(Filling(), pairs[:2]) == (pairs[:2], ())
