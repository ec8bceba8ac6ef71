"""Texts of a class: learnt, written, scored, resumed, and what is asked for in vain."""

import random
from pathlib import Path

import pytest
import torch

import recurry
from recurry.errors import DataError, UsageError
from recurry.network.sampling import Sampling
from recurry.runs.configuration import load_config
from recurry.runs.run import resume, start
from recurry.tasks.conditional import Conditional, WritingScores, class_numbers

TASK = Conditional()
LETTERS = {"low": "abc", "high": "xyz"}
SMALL = {
    "data.layout": "files",
    "network.embedding_size": 8,
    "network.hidden_size": 16,
    "dropout.input": 0.0,
    "dropout.output": 0.0,
    "batches.records": 32,
    "training.epochs": 10,
    "training.averaging": 0.0,
    "training.patience": 0,
    "optimiser.learning_rate": 0.03,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    """A file of words for each class, which share no letter."""
    chance, folder = random.Random(0), tmp_path_factory.mktemp("conditional")
    for name, letters in LETTERS.items():
        words = ["".join(chance.choices(letters, k=chance.randint(2, 6))) for _ in range(150)]
        (folder / f"{name}.txt").write_text("\n".join(words) + "\n")
    return [str(folder / f"{name}.txt") for name in LETTERS]


def _start(files: list[str], folder: Path, **values):
    settings = SMALL | {"data.paths": files} | values
    return start(load_config("conditional", overrides=settings), folder)


@pytest.fixture(scope="module", params=["first", "every"])
def run(request, files, tmp_path_factory):
    """A run to its end, for each way in which the class is read."""
    made = _start(files, tmp_path_factory.mktemp("run") / "run", **{"network.feed": request.param})
    list(made.train())
    return made


@pytest.fixture(scope="module")
def model(run):
    """What it learnt, read back from its file."""
    return recurry.load(run.model_path)


def test_what_is_written_is_of_its_class(model):
    model.network.train()
    for name, letters in LETTERS.items():
        texts = TASK.write_of(model, [name] * 40, seed=1)
        written = "".join(texts)
        assert sum(letter in letters for letter in written) > 0.9 * len(written)
        assert len(set(texts)) > 10
    assert model.network.training  # as it was


def test_a_text_depends_on_its_class_seed_and_place_alone(model):
    some = TASK.write_of(model, ["low", "high", "low"], seed=3)
    assert TASK.write_of(model, ["low", "high", "low", "high"], seed=3)[:3] == some
    assert TASK.write_of(model, ["low", "high", "low"], seed=4) != some
    greedy = Sampling(temperature=0)
    assert len(set(TASK.write_of(model, ["low"] * 3, sampling=greedy))) == 1
    assert [len(text) for text in TASK.write_of(model, ["low", "high"], length=1)] == [1, 1]
    assert TASK.write_of(model, []) == []


def test_the_most_probable_text_of_a_class(model):
    low, high, again = TASK.predict(model, ["low", "high ", "low"])
    assert low == again
    assert set(low["text"]) <= set("abc")
    assert set(high["text"]) <= set("xyz")
    assert low["log_probability"] < 0
    assert low["is_new"] is (low["text"] not in model.knowledge.texts)
    assert TASK.predict(model, []) == []


def test_scores_say_how_new_it_is(run, model):
    scores = TASK.score(model, run.prepared.test)
    assert isinstance(scores, WritingScores)
    assert scores.num_records == scores.num_written == 60
    classes = [model.knowledge.labels.names[n] for n in run.prepared.test.values["label"]]
    written = TASK.write_of(model, classes)
    copied = sum(text in model.knowledge.texts for text in written)
    assert scores.copied == pytest.approx(copied / 60)
    assert 0 < scores.distinct == pytest.approx(len(set(written)) / 60)
    assert 0 < scores.held_out_copied < 1
    assert "% copied" in scores.headline
    assert TASK.validate(model, run.prepared.test).loss_nats == scores.loss_nats
    assert scores.loss_nats < 1.7  # six letters and the end, not knowing the class: 1.95
    assert scores.num_symbols == len(run.prepared.test.sequences["text"].values)
    assert TASK.units(model.settings) == "characters"


def test_a_class_that_is_none(model):
    with pytest.raises(UsageError, match="no class named 'hihg'") as caught:
        TASK.write_of(model, ["low", "hihg"])
    assert caught.value.hint == "high"
    with pytest.raises(UsageError, match="no class named ''"):
        TASK.predict(model, [""])
    assert class_numbers(model, ["low", "high"]) == [1, 0]


def test_the_unknown_symbol_is_never_written(model):
    unknown = model.knowledge.codec.vocabulary.unknown
    with torch.no_grad():
        before = model.network.head.bias.clone()
        model.network.head.bias[unknown] = 100.0
        texts = TASK.write_of(model, ["low"] * 20)
        model.network.head.bias.copy_(before)
    assert not any("\N{REPLACEMENT CHARACTER}" in text for text in texts)


def test_resuming_gives_the_same_bits(files, tmp_path):
    values = {"training.epochs": 2, "dropout.output": 0.3}
    whole = _start(files, tmp_path / "whole", **values)
    list(whole.train())
    parts = _start(files, tmp_path / "parts", **values)
    for progress in parts.train():
        if progress.update == 5:
            break
    again = resume(tmp_path / "parts")
    list(again.train())
    for name, weight in whole.model.network.state_dict().items():
        assert torch.equal(weight, again.model.network.state_dict()[name]), name
    assert whole.best_model().scores == again.best_model().scores


def test_what_a_model_file_says_is_not_trusted(model):
    good = model.knowledge.to_dict()
    assert TASK.read_knowledge(good).to_dict() == good
    with pytest.raises(DataError, match="codec, labels and texts"):
        TASK.read_knowledge({"codec": good["codec"]})
    numbers = {"kind": "number", "names": [], "counts": [], "centre": 0.0, "spread": 1.0}
    with pytest.raises(DataError, match="no classes"):
        TASK.read_knowledge(good | {"labels": numbers})
