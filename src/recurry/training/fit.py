"""The training loop. Comes in: a model, data, a state. Goes out: one `Progress` after each update.

Draws nothing, prints nothing, touches no file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from recurry.errors import TrainingError
from recurry.tasks.task import AnyModel, AnyScores
from recurry.training.data import TrainingData
from recurry.training.memory import give_back
from recurry.training.optimise import measure_gradients
from recurry.training.state import TrainingState

# Of so many updates one is measured: for most optimisers it needs a copy of all weights.
_MEASURE_EVERY = 10
# After so many updates free memory is given back, which takes as long as a tenth of an update.
_GIVE_BACK_EVERY = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What one update did.

    Attributes:
        update: Updates made so far, this one included.
        num_updates: Updates of the whole training.
        epoch: The pass over the data that the update belongs to, from 0.
        num_symbols: Symbols, or records, learnt from so far, counted with repetition.
        loss_nats: Training loss of the update, in nats a symbol or record, with dropout.
        gradient_norm: Euclidean norm of all gradients together, before clipping.
        learning_rate: The rate that the update used.
        update_ratio: The norm of the change of all weights divided by that of the weights, at every
            tenth update.
        validation: Scores on the validation data, where they were due.
        is_best: Whether those are the best so far.
    """

    update: int
    num_updates: int
    epoch: int
    num_symbols: int
    loss_nats: float
    gradient_norm: float
    learning_rate: float
    update_ratio: float | None = None
    validation: AnyScores | None = None
    is_best: bool = False


def fit(model: AnyModel, data: TrainingData, state: TrainingState) -> Iterator[Progress]:
    """Train a model from wherever the state stands to the end.

    The state is complete whenever a `Progress` comes out: a snapshot taken there resumes with the
    same bits, and leaving the loop there loses nothing.

    Args:
        model: Trained in place.
        data: The data, the same that the state began with.
        state: Moved on with each update.

    Yields:
        One `Progress` after each update.

    Raises:
        TrainingError: The loss or a gradient is not finite, and the weights are as they were; or
            an evaluation is due, or the end has come, and the weights are not finite.
    """
    network, course = model.network, state.course
    while not state.is_finished:
        place = state.next_place()

        network.train()
        with state.own_randomness():
            lesson = course.learn(place, state.carried)
            state.optimiser.zero_grad()
            lesson.objective.backward()
            state.drop_early_gradients(place)

        loss_nats = float(lesson.loss_nats)
        gradient_norm, factor = measure_gradients(state.weights.values(), state.recipe.optimiser)
        if not math.isfinite(loss_nats + gradient_norm):
            raise _not_finite(state, loss_nats=loss_nats, gradient_norm=gradient_norm)

        learning_rate = state.learning_rate(place) * lesson.rate_factor
        ratio = state.update_weights(
            learning_rate,
            gradient_factor=factor,
            is_measured=not (state.update + 1) % _MEASURE_EVERY,
        )
        state.advance(lesson.num_counted, lesson.carried)
        if not state.update % _GIVE_BACK_EVERY:
            give_back()

        validation, is_best = None, False
        is_due = state.is_evaluation_due(place)
        if is_due and not state.has_finite_weights:
            raise _lost(state)
        if is_due and data.validation is not None:
            with state.averaged_weights():
                validation = course.validate()
            is_best = validation is not None and state.note(validation)

        yield Progress(
            update=state.update,
            num_updates=state.num_updates,
            epoch=place.epoch,
            num_symbols=state.num_symbols,
            loss_nats=loss_nats,
            gradient_norm=gradient_norm,
            learning_rate=learning_rate,
            update_ratio=ratio,
            validation=validation,
            is_best=is_best,
        )


def _lost(state: TrainingState) -> TrainingError:
    return TrainingError(
        f"Training stopped after update {state.update} of {state.num_updates}: "
        "a weight is no longer a finite number.",
        accepted="finite numbers",
        hint=_gentler(state),
    )


def _gentler(state: TrainingState) -> str:
    """What to change where numbers have grown beyond all bounds."""
    config = state.recipe.optimiser
    hints = [f"a smaller optimiser.learning_rate than {config.learning_rate:g}"]
    if config.clip_norm is None and config.clip_value is None:
        hints.append("optimiser.clip_norm = 1.0")
    return ", or ".join(hints)


def _not_finite(state: TrainingState, *, loss_nats: float, gradient_norm: float) -> TrainingError:
    return TrainingError(
        f"Training stopped at update {state.update + 1} of {state.num_updates}: "
        "the loss or its gradient is no longer a finite number.",
        got=f"loss {loss_nats:g} nats, gradient norm {gradient_norm:g}",
        accepted="finite numbers; the weights are those of the update before",
        hint=_gentler(state),
    )
