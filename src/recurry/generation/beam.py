"""Beam search: the most probable continuations that a narrow search finds.

Comes in: a model and a prime, or any step function. Goes out: texts with log-probabilities.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from recurry.errors import UsageError
from recurry.generation.allowed import Allowed
from recurry.generation.stepping import Block, Start, begin
from recurry.generation.transcript import Transcript, check_stop
from recurry.network import decoding
from recurry.network.decoding import WIDEST, Path
from recurry.network.sampling import best_logits
from recurry.network.stepper import Stepper
from recurry.tasks.language import LanguageModel
from recurry.tasks.scoring import evaluating

# Rows to go on from and one symbol for each -> log-probabilities of the next symbol, (N, V).
Step = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Beam:
    """One continuation that a beam search found.

    Args:
        text: The prime and the continuation, without a stop string.
        log_probability: Of all symbols after the prime, a stop string included, in nats.
        num_symbols: Number of those symbols.
    """

    text: str
    log_probability: float
    num_symbols: int


def beam_search(
    model: LanguageModel,
    prime: str = "",
    *,
    length: int = 500,
    width: int = 5,
    stop: Sequence[str] = (),
) -> list[Beam]:
    """The most probable texts that a search with `width` candidates a step finds.

    Nothing is random. Long texts without a stop string tend to repeat themselves, as the most
    probable text of a language model does; sampling reads better.

    Args:
        model: A language model.
        prime: The text to begin with; empty starts after a line's end.
        length: Most symbols to write.
        width: How many candidates are kept at every step.
        stop: Strings that end a text.

    Returns:
        At most `width` texts, by falling log-probability a symbol.

    Raises:
        UsageError: A number is out of range or a stop string is empty.
        DataError: The prime holds symbols that the model has never seen.
        TrainingError: The model's output is not a number.
    """
    _check(length, width)
    stop = check_stop(stop)

    with evaluating(model.network):
        start = begin(model, prime)

        def is_finished(symbols: Sequence[int]) -> bool:
            return _reaches_stop(_read(model, start, symbols), stop)

        first, step = _step_function(model, start, length=length, width=width)
        paths = search(
            first, step, length=length, width=width, is_finished=is_finished if stop else None
        )
    return [_finish(model, start, path, stop) for path in paths]


def search(
    first: np.ndarray,
    step: Step,
    *,
    length: int,
    width: int,
    is_finished: Callable[[Sequence[int]], bool] | None = None,
) -> list[Path]:
    """The best paths of a search that keeps `width` of them at every step.

    Args:
        first: Log-probabilities of the first symbol; -inf for what may not come.
        step: Given the rows to go on from, by their places in the last answer, and one symbol
            for each, the log-probabilities of the next.
        length: Most symbols of a path.
        width: Number of paths kept; those that are finished count.
        is_finished: Whether a path ends here; None never ends one early.

    Shapes:
        first (1, V); step (N,), (N,) -> (N, V).
    """
    paths = decoding.search(
        _Chain(first, step), length=length, end=is_finished, width=width, num_best=width
    )[0]
    return sorted(paths, key=_rank)


class _Chain:
    """First scores and a step function as what a search writes with."""

    begin, num_sequences = 0, 1

    def __init__(self, first: np.ndarray, step: Step) -> None:
        self._first, self._step = first, step

    def start(self) -> "_Rows":
        """Before the first symbol."""
        return _Rows(np.zeros(1, dtype=np.int64), is_first=True)

    def step(self, symbols: torch.Tensor, state: "_Rows") -> tuple[torch.Tensor, "_Rows"]:
        """The scores after some symbols."""
        first = self._first if state.is_first else None
        scores = self._step(state.numbers, symbols.numpy()) if first is None else first
        return torch.from_numpy(scores), _Rows(np.arange(len(scores)))


@dataclass(frozen=True)
class _Rows:
    """The rows to go on from."""

    numbers: np.ndarray
    is_first: bool = False

    def reorder(self, rows: torch.Tensor) -> "_Rows":
        """Other rows to go on from."""
        return _Rows(rows.numpy(), is_first=self.is_first)


def _rank(path: Path) -> tuple[float, tuple[int, ...]]:
    return -path.log_probability / max(len(path.symbols), 1), path.symbols


def _step_function(
    model: LanguageModel, start: Start, *, length: int, width: int
) -> tuple[np.ndarray, Step]:
    """The scores of the first symbol, and the step that follows for a search."""
    block = Block(model, start, stepper=Stepper(model.network, width))
    allowed = Allowed(model.codec, width)
    num_left = length

    def scores(num_rows: int) -> np.ndarray:
        penalties = allowed.penalties(num_left)
        found = _log_softmax(block.logits)
        return (found if penalties is None else found + penalties)[:num_rows]

    def step(rows: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        nonlocal num_left
        num_left -= 1
        # Rows without a path repeat the first path, so that they stay within what is allowed.
        padding = (0, width - len(rows))
        parents = np.pad(rows, padding, constant_values=rows[0])
        written = np.pad(symbols, padding, constant_values=symbols[0])
        for part in (block, allowed):
            part.reorder(parents)
        block.read(written)
        allowed.advance(written)
        return scores(len(rows))

    return scores(1), step


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - best_logits(logits)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _read(model: LanguageModel, start: Start, symbols: Sequence[int]) -> str:
    """The text of some symbols after a prime, whole characters only."""
    transcript: Transcript[None] = Transcript(model.codec)
    transcript.open(start.prime)
    return "".join(text for symbol in symbols for text, _ in transcript.feed(symbol, None))


def _reaches_stop(text: str, stop: Sequence[str]) -> bool:
    return any(s in text for s in stop)


def _finish(model: LanguageModel, start: Start, path: Path, stop: Sequence[str]) -> Beam:
    transcript: Transcript[None] = Transcript(model.codec, stop)
    text = transcript.open(start.prime)
    for symbol in path.symbols:
        text += "".join(piece for piece, _ in transcript.feed(symbol, None))
    text += "".join(piece for piece, _ in transcript.close(None))
    return Beam(text=text, log_probability=path.log_probability, num_symbols=len(path.symbols))


def _check(length: int, width: int) -> None:
    if length < 0:
        raise UsageError(
            "The length is out of range.", got=str(length), accepted="a whole number from 0"
        )
    if not 1 <= width <= WIDEST:
        raise UsageError(
            "The beam's width is out of range.",
            got=str(width),
            accepted=f"a whole number from 1 to {WIDEST:,}",
        )
