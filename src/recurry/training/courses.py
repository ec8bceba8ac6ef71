"""Which course a recipe asks for.

Comes in: a model, data, a recipe. Goes out: the course of one training.
"""

from typing import Any

from recurry.errors import UsageError
from recurry.training.configuration import Recipe, TrainingConfig
from recurry.training.course import Course
from recurry.training.data import TrainingData
from recurry.training.record_course import RecordCourse
from recurry.training.window_course import WindowCourse


def open_course(model: Any, data: TrainingData, *, recipe: Recipe) -> Course:
    """Windows of a text where the recipe has a table `window`, else batches of records.

    Raises:
        DataError: The data are too few.
        UsageError: The recipe has neither of the two tables, or both.
    """
    training = recipe.training
    if (recipe.window is None) == (recipe.batches is None):
        raise UsageError(
            "A training needs one of the tables `window` and `batches`.",
            got="both" if recipe.window else "neither",
            accepted="`window` for a text, `batches` for records",
        )
    if recipe.window is not None:
        assert isinstance(training, TrainingConfig), "a text is read in lanes"
        return WindowCourse(model, data, training=training, window=recipe.window)
    assert recipe.batches is not None
    return RecordCourse(model, data, training=training, batches=recipe.batches)
