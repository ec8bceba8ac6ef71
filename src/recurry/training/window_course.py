"""A course over one long text: windows over lanes, with the state carried from one to the next.

Comes in: a language model, symbol numbers, a recipe. Goes out: the loss of each window.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from recurry.data.lanes import Lanes
from recurry.network.state import State
from recurry.network.symbols import SymbolNetwork
from recurry.tasks.find import find_task
from recurry.tasks.language import LanguageModel
from recurry.tasks.task import AnyScores
from recurry.training.configuration import TrainingConfig, WindowConfig
from recurry.training.course import Lesson
from recurry.training.data import TrainingData
from recurry.training.windows import Window, Windows


class WindowCourse:
    """Truncated back-propagation along the lanes of a text.

    Args:
        model: Trained in place.
        data: The text, as symbol numbers.
        training: How many lanes, and what is minimised.
        window: Steps of an update and of its gradients.

    Raises:
        DataError: The text is too short for the lanes and windows.
    """

    def __init__(
        self,
        model: LanguageModel,
        data: TrainingData,
        *,
        training: TrainingConfig,
        window: WindowConfig,
    ) -> None:
        self._model, self._network, self._data = model, model.network, data
        self._window, self._is_sum = window, training.loss == "sum"
        self._device = next(model.network.parameters()).device
        self.lanes = Lanes(data.train, training.lanes, window=window.k1)
        self.windows = Windows(
            self.lanes.length - 1, window, epochs=training.epochs, seed=training.seed
        )
        model.network.recurrent.memory = window.memory

    @property
    def num_updates(self) -> int:
        """Updates of the whole training."""
        return self.windows.num_updates

    @property
    def description(self) -> str:
        """How much text there is."""
        held_out = len(self._data.validation) if self._data.validation is not None else 0
        return f"{len(self._data.train):,} symbols to train on, {held_out:,} to validate"

    def at(self, update: int) -> Window:
        """The window of one update."""
        return self.windows.at(update)

    def learn(self, place: Window, carried: State | None) -> Lesson:
        """The loss of a window; at the start of an epoch the carried state is zeroed."""
        block = torch.from_numpy(self.lanes.read(place.begin, place.end - place.begin + 1))
        before = None if place.index == 0 else carried
        loss, after = summed_loss(self._network, block.to(self._device), place, before)
        num_predicted = place.length * self.lanes.num_lanes
        mean = loss / num_predicted
        return Lesson(
            objective=loss / self.lanes.num_lanes if self._is_sum else mean,
            loss_nats=mean.detach(),
            num_counted=num_predicted,
            carried=after,
            rate_factor=place.length / self._window.k1 if self._window.jitter > 0 else 1.0,
        )

    def validate(self) -> AnyScores | None:
        """Scores on the validation text."""
        if self._data.validation is None:
            return None
        return find_task(self._model.task).validate(self._model, self._data.validation)


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
