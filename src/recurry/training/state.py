"""Everything that the next update of a training depends on, and how it is kept.

Comes in: a model, data and the tables of a recipe. Goes out: a state that `fit` moves on, and that
can be taken as tensors and a JSON record at any time between two updates and put back to the bit.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from recurry.errors import TrainingError, UsageError
from recurry.network.state import State
from recurry.tasks.task import AnyModel, AnyScores, criterion_of
from recurry.training.adam import update_adam
from recurry.training.averaging import WeightAverage, copy_into, swapped
from recurry.training.configuration import (
    BatchConfig,
    OptimiserConfig,
    Recipe,
    RecordTraining,
    ScheduleConfig,
    WindowConfig,
)
from recurry.training.course import Course, Place
from recurry.training.courses import open_course
from recurry.training.data import TrainingData
from recurry.training.groups import Group
from recurry.training.initial import draw_matrices
from recurry.training.optimise import (
    make_measured_update,
    make_optimiser,
    make_update,
    pack_optimiser,
    scale_gradients,
    set_rate,
    unpack_optimiser,
)
from recurry.training.schedule import learning_rate_factor

_FORMAT = 1


class TrainingState:
    """Owner of the optimiser, the random generators, the position, the carried state, the
    average of the weights, early stopping and the counters. Make one with `begin`.

    Attributes:
        update: Updates that were made, and so the number of the next one.
        num_symbols: Symbols, or records, that were learnt from, counted with repetition.
        best: Lowest criterion so far, by default of the validation loss; infinite before the first
            evaluation.
        evaluations_without_gain: Evaluations since the lowest.
        carried: State of the network where the next window begins; None is zeros.
    """

    def __init__(
        self, model: AnyModel, course: Course, *, recipe: Recipe, groups: Sequence[Group] = ()
    ) -> None:
        training = recipe.training
        self.recipe, self.course, self.groups = recipe, course, groups
        self.weights: dict[str, Tensor] = dict(model.network.named_parameters())
        self.device = next(iter(self.weights.values())).device
        self.optimiser = make_optimiser(
            self._rated_weights(), recipe.optimiser, num_updates=self.num_updates
        )
        self.average = (
            WeightAverage(self.weights, training.averaging) if training.averaging > 0 else None
        )
        self.update, self.num_symbols = 0, 0
        self.best, self.evaluations_without_gain = math.inf, 0
        self.carried: State | None = None
        self._random = _seeded_generators(training.seed, self.device)

    @classmethod
    def begin(
        cls,
        model: AnyModel,
        data: TrainingData,
        *,
        training: RecordTraining,
        optimiser: OptimiserConfig,
        schedule: ScheduleConfig,
        window: WindowConfig | None = None,
        batches: BatchConfig | None = None,
        groups: Sequence[Group] = (),
    ) -> "TrainingState":
        """The state before the first update. Nothing changes in torch's own generators.

        Args:
            model: Trained in place; fresh, or to be trained further.
            data: A text as symbol numbers, or records.
            training: How long, and what is minimised.
            optimiser: How gradients become updates.
            schedule: How the learning rate moves.
            window: Truncated back-propagation, for a text.
            batches: Which records make an update, for records.
            groups: Weights with rates and beginnings of their own; none trains all alike.

        Raises:
            UsageError: Settings of different tables contradict each other.
            DataError: The text is too short for the lanes and windows.
        """
        recipe = Recipe(
            training=training,
            optimiser=optimiser,
            schedule=schedule,
            window=window,
            batches=batches,
        )
        problems = recipe.contradictions()
        if training.patience and data.validation is None:
            problems.append(
                f"training.patience = {training.patience} needs a validation text; "
                "set data.validation or remove patience"
            )
        if problems:
            raise UsageError("The settings contradict each other.", got="; ".join(problems))
        if training.initial:
            draw_matrices(model.network, training.initial, seed=training.seed)
        return cls(model, open_course(model, data, recipe=recipe), recipe=recipe, groups=groups)

    @property
    def num_updates(self) -> int:
        """Updates of the whole training."""
        return self.course.num_updates

    @property
    def is_finished(self) -> bool:
        """Whether all updates were made, or patience has run out."""
        return self.is_ended_early or self.update >= self.num_updates

    @property
    def is_ended_early(self) -> bool:
        """Whether patience has run out before all updates were made."""
        patience = self.recipe.training.patience
        is_used_up = 0 < patience <= self.evaluations_without_gain
        return is_used_up and self.update < self.num_updates

    def next_place(self) -> Any:
        """Where the next update stands."""
        return self.course.at(self.update)

    def learning_rate(self, place: Place) -> float:
        """The rate of the next update."""
        factor = learning_rate_factor(
            self.recipe.schedule,
            update=self.update,
            num_updates=self.num_updates,
            epochs=place.epochs_before,
        )
        return self.recipe.optimiser.learning_rate * factor

    def drop_early_gradients(self, place: Place) -> None:
        """Leave without a gradient what is not trained yet, so that the next update passes it."""
        for group in self.groups:
            if place.epochs_before < group.first_epoch:
                for name in group.names:
                    self.weights[name].grad = None

    def _rated_weights(self) -> list[Any]:
        """The weights, in groups where there are some."""
        if not self.groups:
            return list(self.weights.values())
        return [
            {"params": [self.weights[n] for n in group.names], "rate_factor": group.rate_factor}
            for group in self.groups
        ]

    def advance(self, num_counted: int, carried: State | None) -> None:
        """Count one update."""
        self.update += 1
        self.num_symbols += num_counted
        self.carried = carried

    def update_weights(
        self, learning_rate: float, *, gradient_factor: float, is_measured: bool
    ) -> float | None:
        """One update of the weights, and of their average after it.

        Args:
            learning_rate: Of this update.
            gradient_factor: What gradients are multiplied by before.
            is_measured: Whether it is asked how far the weights move.

        Returns:
            The norm of the change of all weights divided by that of the weights, where asked for.
        """
        number, average = self.update + 1, self.average
        averages = {} if average is None else average.tensors
        set_rate(self.optimiser, learning_rate)
        ratio = update_adam(
            self.optimiser,
            gradient_factor=gradient_factor,
            averages={self.weights[name]: tensor for name, tensor in averages.items()},
            following=0.0 if average is None else average.following(number),
        )
        if ratio is None:
            scale_gradients(self.weights.values(), gradient_factor)
            make = make_measured_update if is_measured else make_update
            ratio = make(self.optimiser, learning_rate=learning_rate)
            if average is not None:
                average.follow(self.weights, num_updates=number)
        return ratio if is_measured else None

    @property
    def has_finite_weights(self) -> bool:
        """Whether all weights are finite; a finite gradient can still be too large a step."""
        return all(bool(weight.isfinite().all()) for weight in self.weights.values())

    def is_evaluation_due(self, place: Place) -> bool:
        """Whether the update just made asks for an evaluation; the last of all always does."""
        every = self.recipe.training.evaluate_every
        is_due = self.update % every == 0 if every else place.is_last
        return is_due or self.update == self.num_updates

    def note(self, validation: AnyScores) -> bool:
        """Take in an evaluation, and say whether it is the best so far."""
        criterion = criterion_of(validation)
        is_best = criterion < self.best
        self.best = criterion if is_best else self.best
        self.evaluations_without_gain = 0 if is_best else self.evaluations_without_gain + 1
        return is_best

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Within the context the model holds the weights to validate and to keep in a file: the
        average where one is asked for. Afterwards it holds its own again, to the bit."""
        with swapped(self.weights, self._averages()):
            yield

    def _averages(self) -> Mapping[str, Tensor]:
        if self.average is not None:
            return self.average.tensors
        states = {name: self.optimiser.state.get(w, {}) for name, w in self.weights.items()}
        return {name: state["ax"] for name, state in states.items() if "ax" in state}

    @contextmanager
    def own_randomness(self) -> Iterator[None]:
        """Within the context torch's generators are those of this training; what others draw
        between two updates changes nothing here, nor the other way round."""
        outside = _generator_states(self.device)
        _set_generators(self._random, self.device)
        try:
            yield
        finally:
            self._random = _generator_states(self.device)
            _set_generators(outside, self.device)

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Copies of all tensors by name and a record that JSON can hold.

        Take it between two updates, not within `averaged_weights`.
        """
        groups = {
            "weights": self.weights,
            "average": self.average.tensors if self.average else {},
            "optimiser": pack_optimiser(self.optimiser, self.weights),
            "carried": self.carried.to_dict() if self.carried else {},
            "random": self._random,
        }
        tensors = {
            f"{group}.{name}": value.detach().clone().cpu().contiguous()
            for group, values in groups.items()
            for name, value in values.items()
        }
        return tensors, {
            "format": _FORMAT,
            "update": self.update,
            "num_symbols": self.num_symbols,
            "best_loss_nats": self.best if math.isfinite(self.best) else None,
            "evaluations_without_gain": self.evaluations_without_gain,
        }

    def restore(self, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
        """Put a snapshot back; from here training goes on with the same bits.

        Raises:
            TrainingError: The snapshot belongs to another network, or to another version.
        """
        if record.get("format") != _FORMAT:
            raise TrainingError(
                "This snapshot of a training has a format that this version does not know.",
                got=str(record.get("format")),
                accepted=str(_FORMAT),
                hint="resume it with the version of Recurry that wrote it",
            )
        groups = _split_groups(tensors)
        _check_same_shapes(self.weights, groups["weights"])
        copy_into(self.weights, groups["weights"])
        if self.average is not None:
            copy_into(self.average.tensors, groups["average"])
        unpack_optimiser(self.optimiser, self.weights, packed=groups["optimiser"])
        carried = {name: value.clone().to(self.device) for name, value in groups["carried"].items()}
        self.carried = State.from_dict(carried) if carried else None
        self._random = {name: value.clone() for name, value in groups["random"].items()}
        self.update, self.num_symbols = int(record["update"]), int(record["num_symbols"])
        best = record["best_loss_nats"]
        self.best = math.inf if best is None else float(best)
        self.evaluations_without_gain = int(record["evaluations_without_gain"])


def _split_groups(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {
        name: {} for name in ("weights", "average", "optimiser", "carried", "random")
    }
    for full_name, value in tensors.items():
        group, name = full_name.split(".", 1)
        groups[group][name] = value
    return groups


def _check_same_shapes(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    ours = {name: tuple(value.shape) for name, value in expected.items()}
    theirs = {name: tuple(value.shape) for name, value in found.items()}
    different = [name for name in ours | theirs if ours.get(name) != theirs.get(name)]
    if different:
        name = different[0]
        raise TrainingError(
            "This snapshot belongs to another network.",
            where=name,
            got=str(theirs.get(name, "no such weight")),
            accepted=str(ours.get(name, "no such weight")),
            hint="resume with the cell, sizes and vocabulary that the training began with",
        )


def _seeded_generators(seed: int, device: torch.device) -> dict[str, Tensor]:
    outside = _generator_states(device)
    torch.manual_seed(seed)
    seeded = _generator_states(device)
    _set_generators(outside, device)
    return seeded


def _generator_states(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's generators that dropout on a device draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _set_generators(states: Mapping[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
