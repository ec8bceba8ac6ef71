"""Scores on answers that can be counted by hand."""

import numpy as np
import pytest

from recurry.tasks.class_scores import (
    RatingScores,
    confusion,
    macro_f1,
    score_classes,
    score_numbers,
)

CLASSES = np.array([0, 0, 1, 2])
ANSWERS = np.array([0, 1, 1, 1])
LOGS = np.log(np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.7, 0.1], [0.2, 0.5, 0.3]]))


def test_accuracy_f1_and_loss():
    scores = score_classes(LOGS, ANSWERS, CLASSES, temperature=1.0)
    assert scores.accuracy == 0.5
    assert scores.macro_f1 == pytest.approx((2 / 3 + 2 / 4 + 0) / 3)
    assert scores.loss_nats == pytest.approx(-np.log([0.8, 0.2, 0.7, 0.3]).mean())
    assert scores.headline == "accuracy 50.00 %"


def test_classes_that_training_lacks_are_mistakes_without_a_loss():
    scores = score_classes(LOGS, ANSWERS, np.array([0, -1, 1, -1]), temperature=1.0)
    assert (scores.accuracy, scores.num_unseen, scores.num_records) == (0.5, 2, 4)
    assert scores.loss_nats == pytest.approx(-np.log([0.8, 0.7]).mean())
    none = score_classes(LOGS, ANSWERS, np.full(4, -1), temperature=None)
    assert (none.accuracy, none.loss_nats, none.temperature) == (0.0, 0.0, 1.0)


def test_a_temperature_is_fitted_where_none_is_given():
    fitted = score_classes(5 * LOGS, ANSWERS, CLASSES, temperature=None)
    assert fitted.temperature > 2
    assert fitted.loss_nats < score_classes(5 * LOGS, ANSWERS, CLASSES, temperature=1.0).loss_nats


def test_ratings_have_a_distance():
    scores = score_classes(LOGS, ANSWERS, CLASSES, temperature=1.0, values=np.array([1.0, 2, 5]))
    assert isinstance(scores, RatingScores)
    assert scores.mean_absolute_error == pytest.approx((0 + 1 + 0 + 3) / 4)


def test_numbers():
    scores = score_numbers(np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0]), spread=10.0)
    assert scores.mean_absolute_error == pytest.approx(10.0)
    assert scores.root_mean_square_error == pytest.approx(10 * (5 / 3) ** 0.5)
    assert scores.loss_nats == pytest.approx(5 / 6)
    assert scores.correlation == pytest.approx(1.0)
    assert score_numbers(np.ones(2), np.array([0.0, 1.0]), spread=1.0).correlation == 0.0
    assert "mean absolute error 10" in scores.headline


def test_who_is_taken_for_whom():
    counts = confusion(ANSWERS, np.array([0, 0, 1, -1]), num_classes=3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert macro_f1(np.zeros(0, dtype=int), np.zeros(0, dtype=int), num_classes=2) == 0.0
