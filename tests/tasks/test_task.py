"""Every task has what the interface asks for."""

import math
from types import SimpleNamespace

import pytest

from recurry.runs.configuration import load_config
from recurry.tasks.find import find_task
from recurry.tasks.names import TASKS
from recurry.tasks.scoring import Scores
from recurry.tasks.task import AnyModel, AnyScores, Task, criterion_of, numbers_of


@pytest.mark.parametrize("name", TASKS)
def test_tasks(name):
    task = find_task(name)
    assert isinstance(task, Task)
    assert {"data", "network"} <= set(task.tables)
    # Nine: `data` says which files, where in them, what is held out of them, and how much is used.
    assert all(len(kind.model_fields) <= 9 for kind in task.tables.values())


@pytest.mark.parametrize(
    ("name", "overrides", "unit"),
    [
        ("language", {}, "character"),
        ("language", {"data.tokens": "bpe"}, "token"),
        ("classify", {"text.tokens": "words"}, "record"),
        ("tag", {}, "word"),
        ("translate", {"text.tokens": "bytes"}, "byte"),
        ("summarise", {}, "token"),
        ("fill", {}, "word"),
        ("conditional", {"text.tokens": "characters"}, "character"),
    ],
)
def test_what_the_loss_is_a_mean_of(name, overrides, unit):
    config = load_config(overrides=overrides, task=name)
    assert find_task(name).loss_unit(config.tables) == unit


def test_models_and_scores(model):
    assert isinstance(model, AnyModel)
    scores = Scores.from_loss(1.0, num_symbols=3)
    assert isinstance(scores, AnyScores)
    assert numbers_of(scores)["num_symbols"] == 3


def test_weights_are_chosen_by_a_criterion_or_by_the_loss():
    assert criterion_of(SimpleNamespace(loss_nats=0.5, headline="")) == 0.5
    assert criterion_of(SimpleNamespace(loss_nats=0.5, criterion=0.2, headline="")) == 0.2
    assert math.isnan(criterion_of(SimpleNamespace(loss_nats=math.nan, criterion=0.2, headline="")))
