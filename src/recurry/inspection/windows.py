"""Places in a text whose loss is followed back: what is read before each of them, side by side.

Comes in: a subject and symbols. Goes out: inputs, a loss. Imports flow and subjects.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recurry.errors import UsageError
from recurry.inspection.flow import LayerFlow, Loss, measure_flow
from recurry.inspection.language_subject import LanguageSubject
from recurry.inspection.subject import Subject, Symbols
from recurry.network.recurrent import Recurrent

_WARM = 64  # steps from which on states are about what they are in the middle of a text


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Stretches of a text, side by side, whose loss at one step is asked for.

    Attributes:
        x: What the first layer reads, (S, B, I).
        loss: From the output of the last layer to a loss for each stretch.
        about: What that loss is, in words.
        reach: How many steps are looked back.
        num_warm: How many of the steps are only read to come to the states before.
    """

    x: Tensor
    loss: Loss
    about: str
    reach: int
    num_warm: int

    def measure(self, recurrent: Recurrent) -> list[LayerFlow]:
        """What is felt in these layers."""
        return measure_flow(recurrent, self.x, self.loss, reach=self.reach, num_warm=self.num_warm)


def choose_windows(subject: Subject, symbols: Symbols, *, reach: int, places: int) -> Windows:
    """Stretches evenly over a text.

    Args:
        subject: What reads it.
        symbols: The text.
        reach: How many steps are looked back; fewer where the text is shorter.
        places: How many stretches; fewer where the text has fewer different ones.

    Raises:
        UsageError: The text has fewer than three symbols.
    """
    if len(symbols) < 3:
        raise UsageError(
            "The text is too short for a gradient through time.",
            got=f"{len(symbols)} symbols",
            accepted="at least 3",
        )
    room = len(symbols) - 2  # a step for the loss, and the symbol that it is the loss of
    is_both = subject.recurrent.bidirectional
    reach = min(reach, room // 2 if is_both else room)
    num_warm = 0 if is_both else min(_WARM, room - reach)
    behind = reach if is_both else 0
    first, last = num_warm + reach, len(symbols) - 2 - behind
    at = np.unique(np.linspace(first, max(first, last), places).astype(np.int64))
    if not symbols.is_known[at + 1].all() and symbols.is_known[at + 1].any():
        at = at[symbols.is_known[at + 1]]
    steps = np.arange(-num_warm - reach, behind + 1)
    rows = at[None, :] + steps[:, None]
    loss, about = _loss_of(subject, symbols.ids[at + 1])
    x = _vectors(subject, symbols, rows)
    return Windows(x=x, loss=loss, about=about, reach=reach, num_warm=num_warm)


def _vectors(subject: Subject, symbols: Symbols, rows: np.ndarray) -> Tensor:
    if symbols.vectors is not None:
        return torch.from_numpy(np.asarray(symbols.vectors[rows], dtype=np.float32))
    flat = subject.embed(symbols.ids[rows.ravel()])
    return torch.from_numpy(flat).view(*rows.shape, -1)


def _loss_of(subject: Subject, following: np.ndarray) -> tuple[Loss, str]:
    """The loss of the symbols that follow; of what predicts none, a mix of all outputs."""
    if isinstance(subject, LanguageSubject):
        weight, bias = subject.head
        targets = torch.from_numpy(np.maximum(following, 0)).to(weight.device)
        return _cross_entropy(weight, bias, targets), "the loss at one symbol"
    size = subject.recurrent.output_size
    mix = torch.randn(size, generator=torch.Generator().manual_seed(0)) / size**0.5
    return (lambda hidden: hidden @ mix.to(hidden)), "a random mix of the outputs at one symbol"


def _cross_entropy(weight: Tensor, bias: Tensor, targets: Tensor) -> Callable[[Tensor], Tensor]:
    def loss(hidden: Tensor) -> Tensor:
        scores = functional.linear(hidden, weight.to(hidden), bias.to(hidden))
        return functional.cross_entropy(scores, targets, reduction="none")

    return loss
