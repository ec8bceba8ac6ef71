"""How well a language model predicts a text: nats and bits a symbol, perplexity.

Comes in: a model and symbol numbers. Goes out: `Scores`, or the loss of each single symbol.

Of a text of N symbols the N - 1 after the first are predicted, each exactly once. They are dealt
out to lanes as contiguous stretches of ceil((N - 1) / lanes); the lanes are read side by side with
a state that starts at zero and is carried from then on, so the first prediction of each lane
knows only the symbol before it. A short text uses fewer lanes, at most one for each 256 symbols.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from recurry.data.ids import IdFile, check_numbers
from recurry.errors import DataError
from recurry.tasks.language import LanguageModel

# Shorter lanes would spend too much of their length on finding out what the text is about.
_SHORTEST_LANE = 256
# Bounds the memory of the logits of one block: steps * lanes * symbols.
_BLOCK_LOGITS = 1 << 22
_LONGEST_BLOCK = 256
_NOT_COUNTED = -100


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The mean loss of a text in the three usual units.

    Attributes:
        loss_nats: Nats a symbol.
        bits: Bits a symbol.
        perplexity: exp(loss_nats).
        num_symbols: How many symbols were predicted.
    """

    loss_nats: float
    bits: float
    perplexity: float
    num_symbols: int

    @classmethod
    def from_loss(cls, loss_nats: float, *, num_symbols: int) -> "Scores":
        """All units from the first."""
        return cls(
            loss_nats=loss_nats,
            bits=loss_nats / math.log(2),
            perplexity=perplexity_of(loss_nats),
            num_symbols=num_symbols,
        )

    @property
    def headline(self) -> str:
        """The perplexity."""
        return f"perplexity {self.perplexity:.4g}"


def perplexity_of(loss_nats: float) -> float:
    """exp of a mean loss; infinite where that is no number any more."""
    return math.exp(loss_nats) if loss_nats < math.log(1e300) else math.inf


def score(
    model: LanguageModel, ids: IdFile | np.ndarray | list[int], *, num_lanes: int = 32
) -> Scores:
    """The scores of a model on a text, without dropout.

    Args:
        model: The model; it is left as it was.
        ids: Symbol numbers of the text.
        num_lanes: Stretches that are read side by side, fewer for a short text; more are faster,
            one alone carries the state through the whole text.

    Raises:
        DataError: The text has fewer than two symbols, or numbers that are none of the model's.
    """
    with evaluating(model.network), torch.no_grad():
        blocks = _losses(model, _as_ids(ids), num_lanes=num_lanes)
        total = sum(float(losses.sum(dtype=torch.float64)) for losses in blocks)
    num_symbols = len(ids) - 1
    return Scores.from_loss(total / num_symbols, num_symbols=num_symbols)


def symbol_losses(
    model: LanguageModel, ids: IdFile | np.ndarray | list[int], *, num_lanes: int = 1
) -> np.ndarray:
    """The loss of each symbol of a text but the first, in nats, as float64.

    Args:
        model: The model; it is left as it was.
        ids: Symbol numbers of the text.
        num_lanes: Stretches that are read side by side, fewer for a short text.

    Shapes:
        returns: (len(ids) - 1,)

    Raises:
        DataError: The text has fewer than two symbols, or numbers that are none of the model's.
    """
    with evaluating(model.network), torch.no_grad():
        blocks = list(_losses(model, _as_ids(ids), num_lanes=num_lanes))
    lanes = torch.cat(blocks).double().cpu().numpy().T
    return lanes.reshape(-1)[: len(ids) - 1]


def _losses(model: LanguageModel, ids: IdFile, *, num_lanes: int) -> Iterator[Float[Tensor, "T B"]]:
    """The losses of block after block of steps, 0 where a lane has ended."""
    num_predicted = len(ids) - 1
    if num_predicted < 1:
        raise DataError(
            "The text is too short to be scored.",
            got=f"{len(ids)} symbols",
            accepted="at least 2, as the first is not predicted",
        )
    num_lanes = max(1, min(num_lanes, num_predicted // _SHORTEST_LANE))
    length = -(-num_predicted // num_lanes)
    network, state = model.network, None
    device = next(network.parameters()).device
    logits_per_step = num_lanes * model.codec.num_symbols
    steps = max(1, min(_LONGEST_BLOCK, _BLOCK_LOGITS // logits_per_step))
    for start in range(0, length, steps):
        count = min(steps, length - start)
        inputs, targets = _block(
            ids,
            num_lanes=num_lanes,
            length=length,
            start=start,
            count=count,
            num_symbols=model.codec.num_symbols,
        )
        logits, state = network(inputs.to(device), state)
        yield _cross_entropies(logits, targets.to(device))


def _cross_entropies(
    logits: Float[Tensor, "T B V"], targets: Int[Tensor, "T B"]
) -> Float[Tensor, "T B"]:
    """The loss of each prediction in nats; 0 where the target is not counted."""
    flat = functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=_NOT_COUNTED, reduction="none"
    )
    return flat.view(targets.shape)


def _block(
    ids: IdFile, *, num_lanes: int, length: int, start: int, count: int, num_symbols: int
) -> tuple[Int[Tensor, "T B"], Int[Tensor, "T B"]]:
    """Inputs and targets of some steps of all lanes; past the text's end nothing is counted."""
    inputs = np.zeros((count, num_lanes), dtype=np.int64)
    targets = np.full((count, num_lanes), _NOT_COUNTED, dtype=np.int64)
    for lane in range(num_lanes):
        first = lane * length + start
        present = min(count, len(ids) - 1 - first)
        if present > 0:
            symbols = ids.read(first, present + 1)
            check_numbers(symbols, num_symbols)
            inputs[:present, lane], targets[:present, lane] = symbols[:-1], symbols[1:]
    return torch.from_numpy(inputs), torch.from_numpy(targets)


def _as_ids(ids: IdFile | np.ndarray | list[int]) -> IdFile:
    return ids if isinstance(ids, IdFile) else IdFile.from_array(np.asarray(ids, dtype=np.int64))


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Within the context a network is in evaluation mode; after it, in the mode it was in."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)
