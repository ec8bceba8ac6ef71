"""Draw texts from a model: many at once, or one piece by piece.

Comes in: a model, a prime, a seed. Goes out: text. Imports the parts of `generation`.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from recurry.errors import UsageError
from recurry.generation.allowed import Allowed
from recurry.generation.stepping import ROWS, Block, Start, begin
from recurry.generation.transcript import Transcript, check_stop
from recurry.network.sampling import Sampling
from recurry.network.state import State
from recurry.network.stepper import Stepper
from recurry.tasks.language import LanguageModel
from recurry.tasks.scoring import evaluating

__all__ = ["Sampling", "generate", "generate_each", "stream", "stream_with_states"]

# Random numbers are drawn ahead, for speed; a stream of them does not depend on the chunk.
_CHUNK = 256
_MOST_SAMPLES = 100_000


def generate(
    model: LanguageModel,
    prime: str = "",
    *,
    length: int = 500,
    sampling: Sampling | None = None,
    seed: int = 0,
    num_samples: int = 1,
    stop: Sequence[str] = (),
) -> list[str]:
    """Texts that a model goes on with after a prime.

    Sample `i` depends on the model, the prime, the sampling, the seed and `i` alone: asking for
    more samples leaves the first ones as they were, to the last character.

    Args:
        model: A language model.
        prime: The text to begin with; empty starts after a line's end.
        length: Number of symbols to draw (characters, bytes, words or pieces, whatever the model
            is made of).
        sampling: Temperature, top-k and top-p; plain sampling at temperature 1 if None.
        seed: A whole number from 0.
        num_samples: Number of texts.
        stop: Strings that end a text; they are looked for after the prime, may span symbols and
            are not part of the text.

    Returns:
        The texts, each beginning with the prime as the model read it.

    Raises:
        UsageError: A number is out of range or a stop string is empty.
        DataError: The prime holds symbols that the model has never seen.
        TrainingError: The model's output is not a number.

    Example:
        >>> import recurry
        >>> boat = "row, row, row your boat, gently down the stream. " * 20
        >>> model = recurry.train_language_model(boat, preset="lecture")
        >>> text = recurry.generate(model, "row your ", length=30, seed=1)[0]
        >>> text.startswith("row your "), len(text)
        (True, 39)
    """
    return list(
        generate_each(
            model,
            prime,
            length=length,
            sampling=sampling,
            seed=seed,
            num_samples=num_samples,
            stop=stop,
        )
    )


def generate_each(
    model: LanguageModel,
    prime: str = "",
    *,
    length: int = 500,
    sampling: Sampling | None = None,
    seed: int = 0,
    num_samples: int = 1,
    stop: Sequence[str] = (),
) -> Iterator[str]:
    """The texts of `generate`, each as soon as its block is complete."""
    _check(length, seed, num_samples)
    stop = check_stop(stop)
    with evaluating(model.network):
        start, stepper = begin(model, prime), Stepper(model.network, ROWS)
        for first in range(0, num_samples, ROWS):
            writing = _Writing(
                model, start, sampling=sampling, seed=seed, first=first, stepper=stepper
            )
            yield from _write(writing, min(ROWS, num_samples - first), length=length, stop=stop)


def stream(
    model: LanguageModel,
    prime: str = "",
    *,
    length: int = 500,
    sampling: Sampling | None = None,
    seed: int = 0,
    stop: Sequence[str] = (),
) -> Iterator[str]:
    """The text of the first sample, piece by piece, while it is drawn.

    Joined, the pieces are `generate(...)[0]` with the same arguments. No piece ends inside a
    character.

    Raises:
        UsageError: A number is out of range or a stop string is empty.
        DataError: The prime holds symbols that the model has never seen.
    """
    _check(length, seed, 1)
    transcript: Transcript[None] = Transcript(model.codec, stop)
    with evaluating(model.network):
        start = begin(model, prime)
        writing = _Writing(model, start, sampling=sampling, seed=seed)
        yield transcript.open(start.prime)
        for num_left in range(length, 0, -1):
            symbols = writing.draw(num_left)
            yield from (text for text, _ in transcript.feed(int(symbols[0]), None))
            if transcript.is_stopped:
                return
            if num_left > 1:
                writing.read(symbols)
    yield from (text for text, _ in transcript.close(None))


def stream_with_states(
    model: LanguageModel,
    prime: str = "",
    *,
    length: int = 500,
    sampling: Sampling | None = None,
    seed: int = 0,
    stop: Sequence[str] = (),
) -> Iterator[tuple[str, State]]:
    """Like `stream`, but without the prime, and each piece with the state after reading it.

    The state is that of row 0 of a block: `state["c"][layer, 0]` are the values of one layer.
    """
    _check(length, seed, 1)
    transcript: Transcript[State] = Transcript(model.codec, stop)
    with evaluating(model.network):
        start = begin(model, prime)
        transcript.open(start.prime)
        writing = _Writing(model, start, sampling=sampling, seed=seed)
        for num_left in range(length, 0, -1):
            symbols = writing.draw(num_left)
            writing.read(symbols)
            yield from transcript.feed(int(symbols[0]), writing.state)
            if transcript.is_stopped:
                return
        yield from transcript.close(writing.state)


class _Writing(Block):
    """A block whose rows draw their symbols, each from a random stream of its own."""

    def __init__(
        self,
        model: LanguageModel,
        start: Start,
        *,
        sampling: Sampling | None,
        seed: int,
        first: int = 0,
        stepper: Stepper | None = None,
    ) -> None:
        super().__init__(model, start, stepper=stepper or Stepper(model.network, ROWS))
        self.prime = start.prime
        self._sampling = sampling or Sampling()
        self._allowed = Allowed(model.codec, ROWS)
        self._generators = [np.random.default_rng([seed, first + row]) for row in range(ROWS)]
        self._uniforms = np.empty((0, ROWS))
        self._next = 0

    def draw(self, num_left: int) -> np.ndarray:
        """One symbol a row, shape (ROWS,)."""
        penalties = self._allowed.penalties(num_left)
        logits = self.logits if penalties is None else self.logits + penalties
        symbols = self._sampling.draw(logits, self._draw_uniforms())
        self._allowed.advance(symbols)
        return symbols

    def _draw_uniforms(self) -> np.ndarray:
        if self._next == len(self._uniforms):
            drawn = [generator.random(_CHUNK) for generator in self._generators]
            self._uniforms, self._next = np.stack(drawn, axis=1), 0
        self._next += 1
        return self._uniforms[self._next - 1]


def _write(writing: _Writing, num_rows: int, *, length: int, stop: tuple[str, ...]) -> list[str]:
    """The texts of the first rows of a block."""
    codec = writing.model.codec
    transcripts: list[Transcript[None]] = [Transcript(codec, stop) for _ in range(num_rows)]
    texts = [[transcript.open(writing.prime)] for transcript in transcripts]
    for num_left in range(length, 0, -1):
        symbols = writing.draw(num_left)
        for symbol, transcript, text in zip(symbols.tolist(), transcripts, texts, strict=False):
            text.extend(piece for piece, _ in transcript.feed(symbol, None))
        if all(transcript.is_stopped for transcript in transcripts):
            break
        if num_left > 1:
            writing.read(symbols)
    for transcript, text in zip(transcripts, texts, strict=True):
        text.extend(piece for piece, _ in transcript.close(None))
    return ["".join(text) for text in texts]


def _check(length: int, seed: int, num_samples: int) -> None:
    for name, value, least in (("length", length, 0), ("seed", seed, 0)):
        if value < least:
            raise UsageError(
                f"The {name} is out of range.",
                got=str(value),
                accepted=f"a whole number from {least}",
            )
    if not 1 <= num_samples <= _MOST_SAMPLES:
        raise UsageError(
            "The number of samples is out of range.",
            got=str(num_samples),
            accepted=f"a whole number from 1 to {_MOST_SAMPLES:,}",
        )
