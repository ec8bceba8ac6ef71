"""Filling blanks from a text to an answer: learning, scoring, resuming, and lines of all kinds."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

import recurry
from recurry.artefact.model_file import save_model
from recurry.data.examples import Examples, Ragged
from recurry.errors import DataError, ModelFileError, TrainingError
from recurry.runs.configuration import load_config
from recurry.runs.run import Run, resume, start
from recurry.tasks.fill import Fill, FillLoss, FillScores, Learnt, draw_blanks
from recurry.training.fit import Progress

TASK = Fill()
PAIRS = {"cat": "meows", "dog": "barks", "cow": "moos", "hen": "clucks"}
SMALL = {
    "text.min_count": 1,
    "network.embedding_size": 16,
    "network.hidden_size": 16,
    "network.precision": "float32",
    "dropout.input": 0.0,
    "dropout.output": 0.0,
    "batches.records": 16,
    "training.epochs": 12,
    "training.averaging": 0.0,
    "optimiser.learning_rate": 0.02,
}


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """Lines whose last word says what the second one was, and the other way round."""
    chance = random.Random(0)
    lines = []
    for _ in range(300):
        animal = chance.choice(list(PAIRS))
        size = chance.choice(["big", "small", "red"])
        lines.append(f"the {size} {animal} of ours {PAIRS[animal]} .")
    path = tmp_path_factory.mktemp("fill") / "a.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def _start(text: Path, folder: Path, **values):
    settings = SMALL | {"data.paths": [str(text)], "data.test": 0.2} | values
    return start(load_config("fill", overrides=settings), folder)


@pytest.fixture(scope="module")
def trained(text, tmp_path_factory) -> tuple[Run, list[Progress]]:
    """A run to its end, and what it told on the way."""
    made = _start(text, tmp_path_factory.mktemp("whole") / "run")
    return made, list(made.train())


@pytest.fixture(scope="module")
def run(trained) -> Run:
    """The run."""
    return trained[0]


@pytest.fixture(scope="module")
def model(run):
    """What it learnt, read back from its file."""
    return recurry.load(run.model_path)


def test_both_sides_know_more_than_one(run, model):
    scores = TASK.score(model, run.prepared.test)
    assert isinstance(scores, FillScores)
    assert scores.num_blanks == scores.num_records == 60
    assert scores.accuracy > max(scores.forward_accuracy, scores.backward_accuracy)
    assert scores.accuracy_of_five >= scores.accuracy > 0.6
    assert scores == TASK.score(model, run.prepared.test)
    assert f"{100 * scores.accuracy:.1f} % of blanks right" in scores.headline
    assert model.scores["test_accuracy"] == pytest.approx(scores.accuracy)


def test_the_loss_is_counted_in_nats_a_word(trained, model):
    run, told = trained
    data = run.prepared.validation
    found = TASK.validate(model, data)
    assert isinstance(found, FillLoss)
    model.network.eval()
    with torch.no_grad():
        total, count = TASK.loss(model, data)
    model.network.train()
    assert count == 2 * (found.num_words + found.num_records)
    assert found.loss_nats == pytest.approx(float(total) / count, rel=1e-5)
    both = np.log([found.forward_perplexity, found.backward_perplexity])
    assert both.mean() == pytest.approx(found.loss_nats)
    assert TASK.units(model.settings) == "words"
    assert told[-1].num_symbols == 12 * len(run.prepared.train.sequences["words"].values)


def test_what_comes_later_decides(model):
    for animal, sound in PAIRS.items():
        (answer,) = TASK.predict(model, [f"the big ___ of ours {sound} ."])
        assert answer["filled"] == f"the big {animal} of ours {sound} ."
        (blank,) = answer["blanks"]
        assert blank[0]["words"] == animal
        assert blank[0]["probability"] > 1.5 * blank[1]["probability"]
        assert sum(one["probability"] for one in blank) <= 1 + 1e-3
        assert set(answer) == {"filled", "blanks"}


def test_several_blanks_and_several_words(model):
    (answer,) = TASK.predict(model, ["the red ___ of ours ___ ."])
    first, second = (blank[0]["words"] for blank in answer["blanks"])
    assert PAIRS[first] == second
    assert answer["filled"] == f"the red {first} of ours {second} ."
    settings = {**model.settings}
    settings["decoding"] = settings["decoding"].model_copy(update={"longest": 3, "shown": 1})
    long = type(model)(**(vars(model) | {"settings": settings}))
    (answer,) = TASK.predict(long, ["the big ___ ours moos ."])
    assert answer["filled"] == "the big cow of ours moos ."
    assert [len(blank) for blank in answer["blanks"]] == [1]


def test_lines_of_all_kinds(model):
    lines = ["", "   ", "the big cat", "___", "______ ___", "zzz ___ qqq", "a " * 300 + "___"]
    answers = TASK.predict(model, lines)
    told = [answer.get("remarks") for answer in answers]
    assert told == [["empty"], ["empty"], ["no blank"], None, None, None, ["cut"]]
    assert answers[2] == {"filled": "the big cat", "blanks": [], "remarks": ["no blank"]}
    assert "_" not in answers[4]["filled"]
    assert "<unk>" not in "".join(answer["filled"] for answer in answers)
    for line, answer in zip(lines, answers, strict=True):
        (alone,) = TASK.predict(model, [line])
        assert alone["filled"] == answer["filled"]
    assert TASK.predict(model, []) == []


def test_any_line_is_answered(model):
    chance = random.Random(1)
    pieces = ["___", "the", "cat", "zzz", ".", "ééé", "<unk>", "____", "\t", "'", "_", "\u0000"]
    lines = [" ".join(chance.choices(pieces, k=chance.randint(0, 7))) for _ in range(60)]
    for line, answer in zip(lines, TASK.predict(model, lines), strict=True):
        assert len(answer["blanks"]) == line.count("___")
        assert all(blank for blank in answer["blanks"])


def test_resuming_gives_the_same_bits(text, tmp_path):
    values = {"training.epochs": 2, "dropout.output": 0.3, "training.averaging": 0.9}
    whole = _start(text, tmp_path / "whole", **values)
    list(whole.train())
    parts = _start(text, tmp_path / "parts", **values)
    for progress in parts.train():
        if progress.update == 7:
            break
    again = resume(tmp_path / "parts")
    list(again.train())
    assert whole.state.update == again.state.update
    for name, weight in whole.model.network.state_dict().items():
        assert torch.equal(weight, again.model.network.state_dict()[name]), name
    assert whole.best_model().scores == again.best_model().scores


def test_other_files_are_scored(model, tmp_path):
    (tmp_path / "b.txt").write_text("the big cat of ours meows .\nthe ___ cat\nzzz\n")
    records = TASK.read_labelled(model, [str(tmp_path / "b.txt")], {})
    assert records.notes[0].startswith("1 lines with a blank")
    scores = TASK.score(model, records.train)
    assert (scores.num_records, scores.num_blanks) == (2, 1)  # no blank for a strange word
    (tmp_path / "c.txt").write_text("zzz qqq\n")
    with pytest.raises(DataError, match="no word in common"):
        TASK.read_labelled(model, [str(tmp_path / "c.txt")], {})


def test_blanks_are_drawn_among_known_words():
    words = Ragged.from_sequences([np.array([1, 9, 9]), np.array([9]), np.array([2])])
    blanked, truth = draw_blanks(Examples(sequences={"words": words}), unknown=9)
    assert sorted(truth) == [1, 2]
    assert sorted(len(before) + len(behind) for before, behind in blanked) == [0, 2]


def test_no_text_at_all(tmp_path):
    with pytest.raises(DataError, match="recurry train fill FILE"):
        start(load_config("fill"), tmp_path / "run")
    (tmp_path / "one.txt").write_text("one line\n")
    with pytest.raises((DataError, TrainingError)):
        _start(tmp_path / "one.txt", tmp_path / "other", **{"data.test": None})


def test_what_a_model_file_says_is_not_trusted(model, tmp_path, monkeypatch):
    assert repr(model.knowledge) == f"{model.knowledge.codec.num_symbols:,} words"
    with pytest.raises(DataError, match="no table of a codec"):
        TASK.read_knowledge({"codec": {}, "more": 1})
    codec = model.knowledge.codec.to_dict()
    with pytest.raises(DataError, match="no words"):
        TASK.read_knowledge({"codec": _characters(codec)})
    monkeypatch.setattr(Learnt, "to_dict", lambda self: {"codec": _characters(codec)})
    save_model(model, tmp_path / "bad.safetensors")
    with pytest.raises(ModelFileError):
        recurry.load(tmp_path / "bad.safetensors")


def _characters(codec: dict) -> dict:
    """A codec of characters."""
    vocabulary = {"symbols": ["a", "b"], "counts": [1, 1], "unknown": None}
    return codec | {"data": codec["data"] | {"tokens": "characters"}, "vocabulary": vocabulary}
