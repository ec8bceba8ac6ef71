"""Records are trained as texts are: the same bits after a stop, patience, averages."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from recurry.cells import find_cell
from recurry.data.examples import Examples, Ragged
from recurry.errors import DataError
from recurry.network.recurrent import Recurrent
from recurry.network.state import State
from recurry.tasks import find
from recurry.tasks.class_scores import score_numbers
from recurry.tasks.language_task import LanguageTask
from recurry.tasks.model import Model
from recurry.training.configuration import (
    BatchConfig,
    OptimiserConfig,
    RecordTraining,
    ScheduleConfig,
)
from recurry.training.data import TrainingData
from recurry.training.fit import fit
from recurry.training.state import TrainingState


class Summing(nn.Module):
    """A number from a sequence of numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent = Recurrent(find_cell("gru"), 1, 6, dropout=0.0)
        self.head, self.drop = nn.Linear(6, 1), nn.Dropout(0.2)

    def forward(self, x: torch.Tensor, lengths: list[int]) -> torch.Tensor:
        """The state after the last step, as a number."""
        _, state = self.recurrent(x, lengths=lengths)
        assert isinstance(state, State)
        return self.head(self.drop(state["h"][-1]))[:, 0]


class SummingTask(LanguageTask):
    """What a course asks of a task over records."""

    name, kind, pace = "summing", "summing", "batches"

    def loss(self, model, examples):
        found = self._answers(model, examples)
        truth = torch.from_numpy(examples.values["sum"])
        return ((found - truth) ** 2).sum(), float(len(examples))

    def counted(self, examples):
        return len(examples)

    def validate(self, model, data):
        model.network.eval()
        with torch.no_grad():
            found = self._answers(model, data)
        return score_numbers(found.numpy(), data.values["sum"], spread=1.0)

    def _answers(self, model, examples):
        steps = examples.sequences["steps"]
        x = torch.from_numpy(steps.padded()).float()[..., None]
        return model.network(x, steps.lengths.tolist())


@pytest.fixture(autouse=True)
def task(monkeypatch):
    monkeypatch.setattr(find, "_REGISTERED", {"summing": SummingTask()})


@pytest.fixture
def model():
    def make(seed: int = 0) -> Model:
        torch.manual_seed(seed)
        return Model(
            task="summing", cell=find_cell("gru"), network=Summing(), settings={}, knowledge=""
        )

    return make


def _examples(rng, count: int) -> Examples:
    rows = [rng.integers(-1, 2, size=rng.integers(1, 7)) for _ in range(count)]
    sums = np.array([row.sum() for row in rows], dtype=np.float32)
    return Examples(sequences={"steps": Ragged.from_sequences(rows)}, values={"sum": sums})


@pytest.fixture
def data(rng) -> TrainingData:
    return TrainingData(train=_examples(rng, 90), validation=_examples(rng, 20))


def _begin(model, data, **training) -> TrainingState:
    return TrainingState.begin(
        model,
        data,
        training=RecordTraining(**{"epochs": 3} | training),
        batches=BatchConfig(records=8, steps=40),
        optimiser=OptimiserConfig(learning_rate=0.02),
        schedule=ScheduleConfig(name="cosine"),
    )


def test_it_learns(model, data):
    trained = model()
    progress = list(fit(trained, data, _begin(trained, data, epochs=15)))
    losses = [p.validation.loss_nats for p in progress if p.validation]
    assert len(losses) == 15
    assert losses[-1] < 0.3 * losses[0]
    assert progress[-1].num_symbols == 15 * 90


@pytest.mark.parametrize("stop", [1, 13, 30])
def test_resuming_gives_the_same_bits(model, data, stop):
    whole, half, resumed = model(), model(), model(seed=5)
    expected = list(fit(whole, data, _begin(whole, data, averaging=0.9, evaluate_every=4)))
    state = _begin(half, data, averaging=0.9, evaluate_every=4)
    found = []
    for progress in fit(half, data, state):
        found.append(progress)
        if progress.update == stop:
            break
    tensors, record = state.snapshot()
    again = _begin(resumed, data, averaging=0.9, evaluate_every=4)
    again.restore(tensors, json.loads(json.dumps(record)))
    assert found + list(fit(resumed, data, again)) == expected
    pairs = zip(whole.network.parameters(), resumed.network.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert not any(name.startswith("carried") for name in tensors)


def test_what_it_says_of_the_records(model, data):
    course = _begin(model(), data).course
    assert "90 records to train on, 20 to validate" in course.description
    assert "% padding" in course.description


def test_no_record_and_no_validation(model, data):
    with pytest.raises(DataError, match="no record"):
        _begin(model(), TrainingData(train=data.train.take([])))
    trained = model()
    only = TrainingData(train=data.train)
    assert _begin(trained, only).course.validate() is None
    assert not any(p.validation for p in fit(trained, only, _begin(trained, only)))
