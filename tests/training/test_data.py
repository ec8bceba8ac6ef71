"""Data to learn from and to choose by."""

from recurry.training.data import TrainingData


def test_an_empty_validation_is_none():
    assert TrainingData(train=[1], validation=[]).validation is None
    assert TrainingData(train=[1], validation=[2]).validation == [2]
    assert TrainingData(train=[1]).validation is None
