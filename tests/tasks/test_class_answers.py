"""Answers, scores and pictures from what networks give, whatever they have read."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from recurry.cells import find_cell
from recurry.data.examples import Examples, Ragged
from recurry.data.labels import UNSEEN, Labels
from recurry.data.records import Row
from recurry.errors import DataError
from recurry.tasks.class_answers import (
    check_labels,
    collect_outputs,
    draw_outputs,
    make_answers,
    score_outputs,
    temperature_of,
    unseen_notes,
)
from recurry.tasks.class_scores import NumberScores, RatingScores
from recurry.tasks.model import Model

CLASSES = Labels.learn("class", ["a", "b", "a"], ["x:1"] * 3)
STARS = Labels.learn("rating", ["1", "5", "1"], ["x:1"] * 3)
NUMBERS = Labels.learn("number", ["1", "3"], ["x:1"] * 2)


def _model(labels: Labels, **scores: float) -> Model:
    return Model(
        task="classify",
        cell=find_cell("gru"),
        network=torch.nn.Identity(),
        settings={},
        knowledge=SimpleNamespace(labels=labels),
        scores=scores,
    )


def test_outputs_stand_in_the_order_of_the_records():
    data = Examples(
        sequences={"x": Ragged.from_sequences(map(np.array, ([3], [1, 1], [2], [5] * 4)))}
    )

    def run(some: Examples) -> torch.Tensor:
        return torch.tensor([float(row[0]) for row in some.sequences["x"]])

    assert collect_outputs(_model(NUMBERS), data, run).tolist() == [3, 1, 2, 5]


def test_answers_of_every_kind():
    logs = np.log([[0.9, 0.1]])
    assert make_answers(_model(CLASSES), logs) == [
        {"label": "a", "probabilities": {"a": 0.9, "b": 0.1}}
    ]
    (warm,) = make_answers(_model(STARS, validation_temperature=2.0), logs)
    assert warm["probabilities"] == {"1": 0.75, "5": 0.25}
    assert (warm["label"], warm["value"]) == ("1", 2.0)
    assert make_answers(_model(NUMBERS), np.array([1.0])) == [{"value": 3.0}]
    assert temperature_of(_model(CLASSES)) == 1


def test_scores_and_pictures_of_every_kind():
    logs, truth = np.log([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1])
    stars = score_outputs(STARS, logs, truth, temperature=1.0)
    assert isinstance(stars, RatingScores)
    assert (stars.accuracy, stars.mean_absolute_error) == (0.5, 2)
    assert "mean_absolute_error" not in vars(score_outputs(CLASSES, logs, truth, temperature=1.0))
    numbers = score_outputs(NUMBERS, np.zeros(2), np.array([1.0, -1.0]), temperature=None)
    assert isinstance(numbers, NumberScores)
    assert draw_outputs(CLASSES, logs, truth)["confusion.svg"].startswith("<svg")
    assert draw_outputs(NUMBERS, np.zeros(2), truth) == {}


def test_labels_that_the_training_part_lacks():
    rows = [Row("t", name, "x:2") for name in ("a", "d", "c", "d")]
    found = CLASSES.encode([row.label or "" for row in rows], ["x:2"] * 4)
    assert found.tolist() == [0, UNSEEN, UNSEEN, UNSEEN]
    (note,) = unseen_notes(rows, found, CLASSES, "test")
    assert note.startswith("3 records of the test part have a class")
    assert note.endswith("mistakes: c, d")
    assert unseen_notes(rows[:1], found[:1], CLASSES, "test") == []
    check_labels(rows, CLASSES, "validation")
    check_labels([], CLASSES, "validation")
    with pytest.raises(DataError, match="labels of the validation part and") as caught:
        check_labels(rows[1:], CLASSES, "validation")
    assert "x:2" in str(caught.value)
    assert "or a larger validation part (--validation)" in str(caught.value)
