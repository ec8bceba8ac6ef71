"""The training loop. Comes in: a model, data, a state. Goes out: one `Progress` after each update.

Draws nothing, prints nothing, touches no file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from recurry.errors import TrainingError
from recurry.network.state import State
from recurry.network.symbols import SymbolNetwork
from recurry.tasks.language import LanguageModel
from recurry.tasks.scoring import Scores, score
from recurry.training.optimise import clip_gradients, make_update
from recurry.training.state import TrainingData, TrainingState
from recurry.training.windows import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What one update did.

    Attributes:
        update: Updates made so far, this one included.
        num_updates: Updates of the whole training.
        epoch: The pass over the text that the update belongs to, from 0.
        num_symbols: Symbols learnt from so far, counted with repetition.
        loss_nats: Training loss of the update's window, in nats a symbol, with dropout.
        gradient_norm: Euclidean norm of all gradients together, before clipping.
        learning_rate: The rate that the update used.
        validation: Scores on the validation text, where they were due.
        is_best: Whether those are the best so far.
    """

    update: int
    num_updates: int
    epoch: int
    num_symbols: int
    loss_nats: float
    gradient_norm: float
    learning_rate: float
    validation: Scores | None = None
    is_best: bool = False


def fit(model: LanguageModel, data: TrainingData, state: TrainingState) -> Iterator[Progress]:
    """Train a model from wherever the state stands to the end.

    The state is complete whenever a `Progress` comes out: a snapshot taken there resumes with the
    same bits, and leaving the loop there loses nothing.

    Args:
        model: Trained in place.
        data: The text, the same that the state began with.
        state: Moved on with each update.

    Yields:
        One `Progress` after each update.

    Raises:
        TrainingError: The loss or a gradient is not finite, and the weights are as they were; or
            an evaluation is due, or the end has come, and the weights are not finite.
    """
    network, lanes = model.network, state.lanes
    network.recurrent.memory = state.recipe.window.memory
    while not state.is_finished:
        window = state.next_window()
        block = torch.from_numpy(lanes.read(window.begin, window.end - window.begin + 1))

        network.train()
        with state.own_randomness():
            loss, carried = summed_loss(network, block.to(state.device), window, state.carried)
            num_predicted = window.length * lanes.num_lanes
            is_sum = state.recipe.training.loss == "sum"
            state.optimiser.zero_grad()
            (loss / (lanes.num_lanes if is_sum else num_predicted)).backward()

        loss_nats = float(loss.detach()) / num_predicted
        gradient_norm = clip_gradients(state.weights.values(), state.recipe.optimiser)
        if not math.isfinite(loss_nats + gradient_norm):
            raise _not_finite(state, loss_nats=loss_nats, gradient_norm=gradient_norm)

        learning_rate = state.learning_rate(window)
        make_update(state.optimiser, learning_rate=learning_rate)
        state.advance(window, carried)

        validation, is_best = None, False
        is_due = state.is_evaluation_due(window)
        if is_due and not state.has_finite_weights:
            raise _lost(state)
        if is_due and data.validation is not None:
            with state.averaged_weights():
                validation = score(model, data.validation)
            is_best = state.note(validation)

        yield Progress(
            update=state.update,
            num_updates=state.num_updates,
            epoch=window.epoch,
            num_symbols=state.num_symbols,
            loss_nats=loss_nats,
            gradient_norm=gradient_norm,
            learning_rate=learning_rate,
            validation=validation,
            is_best=is_best,
        )


def summed_loss(
    network: SymbolNetwork, block: Int[Tensor, "T1 B"], window: Window, carried: State | None
) -> tuple[Float[Tensor, ""], State]:
    """The loss of a window's counted steps, and the state to carry to the next window.

    Args:
        network: What is trained.
        block: The symbols from `window.begin` to `window.end`, and the one after.
        window: Which of these steps count, and where the next window begins.
        carried: The state at `window.begin`; None is zeros.

    Returns:
        The loss in nats, summed over steps and lanes, and the state at `window.keep`.

    Shapes:
        block: (window.end - window.begin + 1, B)
    """
    inputs, targets = block[:-1], block[window.start - window.begin + 1 :]
    keep = window.keep - window.begin
    if keep == len(inputs):
        scores, kept = network(inputs, carried)
    else:  # k2 > k1: the next window begins before the end of this one
        scores, kept = network.forward_past(inputs, carried, at=keep)
    counted = scores[-window.length :]
    loss = functional.cross_entropy(counted.flatten(0, 1), targets.flatten(), reduction="sum")
    return loss, kept.detach()


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
        got=f"loss {loss_nats:g} nats a symbol, gradient norm {gradient_norm:g}",
        accepted="finite numbers; the weights are those of the update before",
        hint=_gentler(state),
    )
