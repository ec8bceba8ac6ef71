"""Sequences of numbers answered: learning, answering, keeping, and what does not fit."""

import json

import numpy as np
import pytest
import torch

from recurry.artefact.model_file import load_model
from recurry.data.synthetic import make_records
from recurry.errors import DataError, RecurryError
from recurry.runs.configuration import load_config
from recurry.runs.run import resume, start
from recurry.tasks.class_scores import ClassScores, NumberScores
from recurry.tasks.series import Series

TASK = Series()


@pytest.fixture
def waves(tmp_path):
    """Sequences that rise or fall, of two numbers a step, the second one noise of another size."""
    rng = np.random.default_rng(0)
    with open(tmp_path / "waves.jsonl", "w") as file:
        for number in range(300):
            up = number % 2
            size = int(rng.integers(2, 9))
            first = np.arange(size) * (1 if up else -1) + rng.normal(0, 0.1, size)
            steps = np.stack([first, 1000 + 50 * rng.normal(size=size)], axis=1).tolist()
            file.write(json.dumps({"x": steps, "way": "up" if up else "down"}) + "\n")
    return tmp_path / "waves.jsonl"


def _config(path, **changes):
    settings = {
        "data.paths": [str(path)],
        "data.text_column": "x",
        "data.label_column": "way",
        "data.test": 0.2,
        "network.cell": "gru",
        "network.hidden_size": 8,
        "training.epochs": 4,
        "training.averaging": 0.0,
        "optimiser.learning_rate": 0.02,
    }
    settings |= {name.replace("__", "."): value for name, value in changes.items()}
    return load_config("series", overrides=settings)


def test_classes_are_learnt_kept_and_answered(waves, tmp_path):
    run = start(_config(waves), tmp_path / "run")
    list(run.train())
    model = load_model(run.model_path)
    scores = TASK.score(model, run.prepared.test)
    assert isinstance(scores, ClassScores)
    assert scores.accuracy > 0.95
    texts = ["[[0, 1000], [1, 1010], [2, 990]]", "", "[[0, 1000], [-1, 1010]]"]
    together = TASK.predict(model, texts)
    assert [answer["label"] for answer in (together[0], together[2])] == ["up", "down"]
    assert together[1]["remarks"] == ["empty"]
    assert together == [TASK.predict(model, [text])[0] for text in texts]


def test_resuming_gives_the_same_bits(waves, tmp_path):
    config = _config(waves, training__epochs=2, dropout__output=0.3)
    whole = start(config, tmp_path / "whole")
    list(whole.train())
    for progress in start(config, tmp_path / "parts").train():
        if progress.update == 4:
            break
    again = resume(tmp_path / "parts")
    list(again.train())
    assert "Confusion matrix" in (tmp_path / "whole" / "confusion.svg").read_text()
    expected = whole.model.network.state_dict()
    for name, weight in again.model.network.state_dict().items():
        assert torch.equal(weight, expected[name]), name


def test_numbers_that_are_asked_for(tmp_path):
    """The sum of the two marked numbers of six."""
    rows = make_records("adding", 1500, length=(6, 6))
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {
        "data.paths": [str(tmp_path / "a.jsonl")],
        "network.hidden_size": 24,
        "training.epochs": 15,
        "optimiser.learning_rate": 0.01,
    }
    run = start(load_config("adding", overrides=settings), tmp_path / "run")
    *_, last = run.train()
    assert isinstance(last.validation, NumberScores)
    assert last.validation.root_mean_square_error < 0.1  # always to answer 1 gives 0.41
    (answer,) = TASK.predict(
        run.best_model(), ["[[0.5, 1], [0.9, 0], [0.9, 0], [0.9, 0], [0.25, 1], [0.9, 0]]"]
    )
    assert abs(answer["value"] - 0.75) < 0.2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"x": "a", "way": "up"}', "none of numbers"),
        ('{"x": [[1]], "way": "up"}', "not all of one size"),
        ('{"y": [[1, 2]], "way": "up"}', "no key 'x'"),
        ('{"x": 3, "way": "up"}', "no string"),
    ],
)
def test_rows_that_do_not_fit(waves, tmp_path, line, message):
    with open(waves, "a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=message) as caught:
        start(_config(waves), tmp_path / "run")
    assert "waves.jsonl:301" in str(caught.value)


def test_a_held_out_part_without_a_known_class_is_refused(waves, tmp_path):
    (tmp_path / "v.jsonl").write_text('{"x": [[1, 2]], "way": "left"}\n')
    config = _config(waves, data__validation=str(tmp_path / "v.jsonl"))
    with pytest.raises(DataError, match="labels of the validation part and the training"):
        start(config, tmp_path / "run")


def test_sequences_without_a_step(waves, tmp_path):
    with open(waves, "a") as file:
        file.write('{"x": [], "way": "up"}\n')
    config = _config(waves, data__test=None, data__validation=0)
    notes = TASK.prepare(config.tables, tmp_path / "data").notes
    assert "1 sequences of the train part have no step" in notes
    waves.write_text('{"x": [], "way": "up"}\n{"x": [], "way": "down"}\n')
    with pytest.raises(DataError, match="No sequence has a step"):
        TASK.prepare(config.tables, tmp_path / "data")


def test_what_a_model_file_says(waves, tmp_path):
    run = start(_config(waves), tmp_path / "run")
    run.close()
    model = run.model
    description = TASK.describe(model)
    again = TASK.blueprint(model.cell, description).make({}, {})
    again.network.load_state_dict(model.network.state_dict())
    text = "[[0, 1000], [1, 1010]]"
    assert TASK.predict(again, [text]) == TASK.predict(model, [text])
    with pytest.raises(DataError, match="not all of one size") as caught:
        TASK.predict(model, [text, "[1]"])
    assert "sequence 2" in str(caught.value)
    for change in (
        {"centres": [1.0]},
        {"centres": ["a", "b"]},
        {"spreads": [1.0, 0.0]},
        {"labels": {}},
        {"other": 1},
    ):
        with pytest.raises(RecurryError):
            TASK.read_knowledge(description["knowledge"] | change)
