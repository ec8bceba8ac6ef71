"""The tables of a recipe say which course it is."""

import pytest

from recurry.errors import UsageError
from recurry.training.configuration import (
    BatchConfig,
    OptimiserConfig,
    Recipe,
    ScheduleConfig,
    TrainingConfig,
    WindowConfig,
)
from recurry.training.courses import open_course
from recurry.training.window_course import WindowCourse


def _recipe(**tables) -> Recipe:
    settings = {"training": TrainingConfig(lanes=4)} | tables
    return Recipe(optimiser=OptimiserConfig(), schedule=ScheduleConfig(), **settings)


def test_a_text_is_read_in_windows(make_model, data):
    course = open_course(make_model(), data, recipe=_recipe(window=WindowConfig(k1=8)))
    assert isinstance(course, WindowCourse)
    assert course.description == "600 symbols to train on, 120 to validate"


def test_one_of_the_two_tables_is_needed(make_model, data):
    for tables in ({}, {"window": WindowConfig(k1=8), "batches": BatchConfig()}):
        with pytest.raises(UsageError, match="one of the tables `window` and `batches`"):
            open_course(make_model(), data, recipe=_recipe(**tables))
