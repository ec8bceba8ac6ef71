"""A model that reads its own symbols, always in blocks of the same number of rows.

Comes in: a model and a prime. Goes out: logits and states after each symbol.

A matrix product of 8 rows and one of 1 row may round differently, so a text would depend on how
many others are written beside it. Here every step is made with `ROWS` rows, whatever was asked,
and a text always sits in the same row: it cannot depend on the others.
"""

from dataclasses import dataclass

import numpy as np
import torch

from recurry.data.codec import Codec
from recurry.errors import DataError
from recurry.network.state import State
from recurry.network.stepper import Stepper
from recurry.tasks.language import LanguageModel

ROWS = 8
_LINE_ENDS = {"characters": "\n", "words": "<eos>", "bpe": "Ċ"}
_CHUNK = 1024  # symbols of a prime that are read at once; bounds the memory of their logits


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """What a model has in mind after the prime.

    Args:
        prime: The ids of the prime.
        logits: For the symbol that comes next, (1, V) float64.
        state: After the last id of the prime, for one stream.
    """

    prime: np.ndarray
    logits: np.ndarray
    state: State


def quiet_beginning(codec: Codec) -> int:
    """The id that a text without prime begins after: a line's end, or the commonest symbol."""
    if codec.config.tokens == "bytes":
        return ord("\n")
    numbers, counts = codec.vocabulary.numbers, codec.vocabulary.counts
    line_end = numbers.get(_LINE_ENDS[codec.config.tokens])
    if line_end is not None:
        return line_end
    return max(range(len(counts)), key=counts.__getitem__, default=0)


def begin(model: LanguageModel, prime: str) -> Start:
    """Read the prime, alone, so that nothing beside it can matter.

    Raises:
        DataError: The prime holds symbols that the model has never seen.
    """
    ids = _encode(model, prime)
    read = ids if len(ids) else np.array([quiet_beginning(model.codec)])
    logits, state = None, model.network.initial_state(1)
    with torch.inference_mode():
        for first in range(0, len(read), _CHUNK):
            column = torch.from_numpy(read[first : first + _CHUNK].astype(np.int64))[:, None]
            logits, state = model.network(column.to(model.network.device), state)
    assert logits is not None
    return Start(prime=ids, logits=_to_numpy(logits[-1]), state=state)


class Block:
    """Some texts that grow together, all from one start.

    Args:
        model: The model, at rest.
        start: Where each row begins.
        stepper: Reads symbols, as many as there are rows; one can serve block after block.
    """

    def __init__(self, model: LanguageModel, start: Start, *, stepper: Stepper) -> None:
        self.model = model
        self._stepper = stepper
        num_rows = len(stepper.logits)
        stepper.state = start.state.index([0] * num_rows)
        self.logits = np.repeat(start.logits, num_rows, axis=0)

    @property
    def state(self) -> State:
        """The state of all rows after what they have read."""
        return self._stepper.state

    def read(self, symbols: np.ndarray) -> None:
        """Read one symbol a row, shape (R,): `logits` and `state` move on."""
        self._stepper.read(torch.from_numpy(symbols))
        self.logits = _to_numpy(self._stepper.logits)

    def reorder(self, rows: np.ndarray) -> None:
        """Let each row go on from the state of another."""
        self._stepper.state = self.state.index(rows.tolist())


def _encode(model: LanguageModel, prime: str) -> np.ndarray:
    try:
        return model.codec.encode(prime)
    except DataError as error:
        raise DataError(
            error.what, where="the prime", got=error.got, accepted=error.accepted, hint=error.hint
        ) from error


def _to_numpy(logits: torch.Tensor) -> np.ndarray:
    return logits.to("cpu", torch.float64, copy=True).numpy()
