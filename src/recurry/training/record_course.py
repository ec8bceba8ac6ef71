"""A course over records: batches of about equal lengths, in an order that the seed decides.

Comes in: a model of a task over records, its examples, a recipe. Goes out: the loss of each batch.
"""

from typing import Any

from recurry.data.batches import Batch, Batches, padding_share
from recurry.network.state import State
from recurry.tasks.find import find_task
from recurry.tasks.task import AnyScores
from recurry.training.configuration import BatchConfig, RecordTraining
from recurry.training.course import Lesson
from recurry.training.data import TrainingData


class RecordCourse:
    """Every record once an epoch.

    Args:
        model: Trained in place; its task has a `loss`.
        data: Examples, which have `lengths`.
        training: Epochs and seed.
        batches: Sizes of a batch.

    Raises:
        DataError: There is no record to learn from.
    """

    def __init__(
        self,
        model: Any,
        data: TrainingData,
        *,
        training: RecordTraining,
        batches: BatchConfig,
    ) -> None:
        self._model, self._data = model, data
        self._task: Any = find_task(model.task)
        self.batches = Batches(
            data.train.lengths,
            records=batches.records,
            steps=batches.steps,
            epochs=training.epochs,
            seed=training.seed,
        )

    @property
    def num_updates(self) -> int:
        """Updates of the whole training."""
        return self.batches.num_updates

    @property
    def description(self) -> str:
        """How many records there are, and how much of their batches is padding."""
        held_out = len(self._data.validation) if self._data.validation is not None else 0
        share = padding_share(self._data.train.lengths, self.batches.epoch(0))
        return (
            f"{len(self._data.train):,} records to train on, {held_out:,} to validate; "
            f"{self.batches.num_batches:,} batches, {100 * share:.1f} % padding"
        )

    def at(self, update: int) -> Batch:
        """The records of one update."""
        return self.batches.at(update)

    def learn(self, place: Batch, carried: State | None) -> Lesson:
        """The mean loss of a batch."""
        examples = self._data.train.take(place.members)
        loss, divisor = self._task.loss(self._model, examples)
        mean = loss / divisor
        count = self._task.counted(examples)
        return Lesson(objective=mean, loss_nats=mean.detach(), num_counted=count)

    def validate(self) -> AnyScores | None:
        """Scores on the validation records."""
        if self._data.validation is None:
            return None
        return self._task.validate(self._model, self._data.validation)
