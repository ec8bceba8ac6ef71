"""The verb generate for texts of a class: what is printed, and what is asked for in vain."""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from recurry.cli.generate_by_class import refuse_class, writes_by_class
from recurry.cli.main import recurry
from recurry.cli.model_argument import open_any_model
from recurry.errors import UsageError

SMALL = ["--hidden-size", "8", "--set", "network.embedding_size=8", "--epochs", "1"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    """A model that writes words of two alphabets."""
    folder, chance = tmp_path_factory.mktemp("generate"), random.Random(0)
    for name, letters in (("low", "abc"), ("high", "xyz")):
        words = ["".join(chance.choices(letters, k=4)) for _ in range(60)]
        (folder / f"{name}.txt").write_text("\n".join(words) + "\n")
    files = [str(folder / "low.txt"), str(folder / "high.txt")]
    command = ["train", "conditional", *files, *SMALL, "--run", str(folder / "run")]
    result = CliRunner().invoke(recurry, command, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return folder / "run"


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(recurry, ["generate", *arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_a_text_a_line(run_folder):
    printed = _run(str(run_folder), "--class", "low", "--number", "5").splitlines()
    assert len(printed) == 5
    assert printed == _run(str(run_folder), "--class", "low", "--num-samples", "5").splitlines()
    assert _run(str(run_folder), "--class", "low").splitlines() == printed[:1]
    short = _run(str(run_folder), "--class", "high", "--number", "9", "--length", "2")
    assert max(map(len, short.splitlines())) <= 2


def test_one_object(run_folder):
    found = json.loads(
        _run(str(run_folder), "--class", "low", "--number", "3", "--seed", "7", "--json")
    )
    assert (found["class"], found["seed"], len(found["samples"])) == ("low", 7, 3)
    assert {"text", "is_new"} == set(found["samples"][0])
    printed = _run(str(run_folder), "--class", "low", "--number", "3", "--seed", "7")
    assert [sample["text"] for sample in found["samples"]] == printed.split("\n")[:3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--class high"),
        (["--class", "lwo"], "no class named 'lwo'"),
        (["--class", "low", "--number", "0"], "1 or more"),
        (["--class", "low", "--prime", "a", "--colour", "3"], "--prime, --colour"),
        (["--class", "low", "--beam", "3"], "recurry predict"),
        (["--class", "low", "--temperature", "-1"], "temperature"),
    ],
)
def test_what_cannot_be_had(run_folder, arguments, message):
    with pytest.raises(UsageError) as caught:
        _run(str(run_folder), *arguments)
    assert message in str(caught.value)


def test_models_that_know_no_classes(run_folder):
    class Other:
        task = "language"

    assert writes_by_class(open_any_model(str(run_folder)))
    assert not writes_by_class(Other())
    refuse_class(Other(), None)
    with pytest.raises(UsageError, match="recurry train conditional"):
        refuse_class(Other(), "low")


def test_the_most_probable_text_is_an_answer(run_folder):
    command = ["predict", str(run_folder), "--set", "beam=3"]
    result = CliRunner().invoke(recurry, command, standalone_mode=False, input="low\nhigh\n")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [set(answer) for answer in answers] == [{"text", "log_probability", "is_new"}] * 2
