"""What stands in blanks: words are proposed from both sides and weighed in their whole sentence.

Comes in: words with blanks between them. Goes out: for each blank what may stand there, with
probabilities.

A word is proposed for a blank by the product of what the forward model expects behind the words
before it and the backward model before the words behind it. Several words are grown from either
side, and meet the other model at their last word. What was proposed is weighed by the
log-probability of the whole sentence, the mean of both models, in which the numbers of words differ
without harm: a longer sentence has more to explain. Blanks are filled one after the other, from the
left; those that wait are read as an unknown word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from recurry.data.batches import in_order
from recurry.data.examples import Ragged
from recurry.network.both_ways import BothWays
from recurry.tasks.scoring import evaluating

_STEPS = 16_384  # of a batch of sentences, padding included
_SCORES = 1 << 22  # of words that are looked at together

Words = tuple[int, ...]


class FillingConfig(BaseModel):
    """How blanks are filled.

    Attributes:
        candidates: What is proposed for a blank, of each number of words and from each side.
        longest: Most words of a blank; one stands in it at least.
        beam: Sentences that are kept from blank to blank, where there are several.
        shown: Most answers that are shown for a blank.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidates: int = Field(default=12, ge=1, le=1000)
    longest: int = Field(default=1, ge=1, le=20)
    beam: int = Field(default=8, ge=1, le=1000)
    shown: int = Field(default=5, ge=1, le=1000)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A sentence whose blanks are filled.

    Attributes:
        blanks: The words of each blank.
        log_probability: Of the whole sentence, the mean of both models, without what all fillings
            of the sentence have in common.
    """

    blanks: tuple[Words, ...]
    log_probability: float


class Filler:
    """Fills the blanks of sentences, many side by side; none depends on the others.

    Args:
        network: Left as it was.
        unknown: The word that stands for all others; it is never an answer, nor is the edge.
        config: How blanks are filled.
    """

    def __init__(self, network: BothWays, *, unknown: int, config: FillingConfig) -> None:
        self._network, self._config, self._unknown = network, config, unknown

    def fill(self, sentences: Sequence[Sequence[np.ndarray]]) -> list[list[Filled]]:
        """All fillings that were weighed, the best first; none where there is no blank.

        Args:
            sentences: The words before the first blank, between blanks and behind the last.
        """
        opened: list[list[Filled]] = [
            [Filled(blanks=(), log_probability=0.0)] if len(segments) > 1 else []
            for segments in sentences
        ]
        most = max((len(segments) - 1 for segments in sentences), default=0)
        with evaluating(self._network), torch.inference_mode():
            for place in range(most):
                at = [n for n, segments in enumerate(sentences) if place < len(segments) - 1]
                places = [(n, filled.blanks) for n in at for filled in opened[n]]
                rows = [self._around(sentences[n], blanks) for n, blanks in places]
                proposed = self._propose(rows)
                grown = [
                    (n, (*blanks, words))
                    for (n, blanks), found in zip(places, proposed, strict=True)
                    for words in found
                ]
                for n in at:
                    opened[n] = []
                for filled, n in self._weigh(sentences, grown):
                    opened[n].append(filled)
                for n in at:
                    opened[n].sort(key=_rank)
                    if place < len(sentences[n]) - 2:
                        opened[n] = opened[n][: self._config.beam]
        return opened

    def expect(self, sentences: Sequence[Sequence[np.ndarray]], *, is_backward: bool) -> np.ndarray:
        """The most probable word of the first blank of each by one model alone, (N,)."""
        sides = [
            np.concatenate(segments[1:]) if is_backward else segments[0] for segments in sentences
        ]
        found = np.zeros(len(sides), dtype=np.int64)
        with evaluating(self._network), torch.inference_mode():
            for members in self._batches(sides):
                logs = self._next([sides[n] for n in members], is_backward=is_backward)
                found[members] = logs.argmax(1).cpu().numpy()
        return found

    def _propose(self, rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[list[Words]]:
        """Words for the blank of each row between what stands before it and behind it."""
        found: list[list[Words]] = [[] for _ in rows]
        for members in self._batches([np.concatenate(row) for row in rows]):
            some = [rows[n] for n in members]
            for is_backward in (False, True) if self._config.longest > 1 else (False,):
                for number, words in self._grow(some, is_backward=is_backward):
                    if words not in found[members[number]]:
                        found[members[number]].append(words)
        return found

    def _grow(
        self, rows: Sequence[tuple[np.ndarray, np.ndarray]], *, is_backward: bool
    ) -> Iterator[tuple[int, Words]]:
        """Words that one model grows from its side up to one that the other model expects too."""
        other = self._next(
            [row[0 if is_backward else 1] for row in rows], is_backward=not is_backward
        )
        grown: list[tuple[int, Words]] = [(n, ()) for n in range(len(rows))]
        totals = other.new_zeros(len(rows))
        for count in range(self._config.longest):
            contexts = [
                np.concatenate([words, rows[n][1]] if is_backward else [rows[n][0], words])
                for n, words in grown
            ]
            logs = self._next(contexts, is_backward=is_backward) + totals[:, None]
            owners = torch.tensor([n for n, _ in grown])
            for row, word, _ in self._best(logs + other[owners], owners, len(rows)):
                n, words = grown[row]
                yield n, (word, *words) if is_backward else (*words, word)
            if count + 1 < self._config.longest:
                kept = list(self._best(logs, owners, len(rows)))
                totals = logs.new_tensor([total for *_, total in kept])
                grown = [
                    (n, (word, *words) if is_backward else (*words, word))
                    for row, word, _ in kept
                    for n, words in [grown[row]]
                ]

    def _best(
        self, logs: Float[Tensor, "R V"], owners: Tensor, count: int
    ) -> Iterator[tuple[int, int, float]]:
        """The best words of all rows of each owner together: the row, the word, its score."""
        most = min(self._config.candidates, logs.shape[1])
        scores, symbols = (found.cpu().numpy() for found in logs.topk(most, 1))
        rows_of: list[list[int]] = [[] for _ in range(count)]
        for row, owner in enumerate(owners.tolist()):
            rows_of[owner].append(row)
        for rows in rows_of:
            flat = scores[rows].reshape(-1)
            order = np.argsort(-flat, kind="stable")[: self._config.candidates]
            for place in order.tolist():
                row, column = rows[place // most], place % most
                if np.isfinite(flat[place]):
                    yield row, int(symbols[row, column]), float(flat[place])

    def _weigh(
        self,
        sentences: Sequence[Sequence[np.ndarray]],
        grown: Sequence[tuple[int, tuple[Words, ...]]],
    ) -> Iterator[tuple[Filled, int]]:
        """Fillings with the log-probability of their sentence; blanks that wait are unknown."""
        texts = [self._text(sentences[n], blanks) for n, blanks in grown]
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        for members in in_order(lengths, steps=_STEPS):
            block, counts = _block([texts[n] for n in members])
            owners = [grown[n][0] for n in members]
            found = self._network.log_probabilities(
                block.to(self._network.device),
                counts,
                before=[len(sentences[n][0]) for n in owners],
                behind=[len(sentences[n][-1]) for n in owners],
            )
            for n, total in zip(members.tolist(), found.mean(0).tolist(), strict=True):
                yield Filled(blanks=grown[n][1], log_probability=total), grown[n][0]

    def _text(self, segments: Sequence[np.ndarray], blanks: Sequence[Words]) -> np.ndarray:
        parts = [segments[0]]
        for place, segment in enumerate(segments[1:]):
            waiting = (self._unknown,)
            parts += [np.array(blanks[place] if place < len(blanks) else waiting), segment]
        return np.concatenate(parts)

    def _around(
        self, segments: Sequence[np.ndarray], blanks: tuple[Words, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What stands before the next blank, and behind it."""
        place = len(blanks)
        left = self._text(segments[: place + 1], blanks)
        return left, self._text(segments[place + 1 :], ())

    def _next(self, contexts: Sequence[np.ndarray], *, is_backward: bool) -> Tensor:
        """The log-probabilities of the next word, minus infinity for what is no answer."""
        block, lengths = _block(contexts)
        network = self._network
        logs = network.next_word(block.to(network.device), lengths, is_backward=is_backward)
        logs[:, [self._unknown, network.edge]] = -torch.inf
        return logs

    def _batches(self, texts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Texts that are read together: of about equal length, with not too many next words."""
        paths = self._config.candidates if self._config.longest > 1 else 1
        most = max(1, _SCORES // (self._network.num_symbols * paths))
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        return [
            batch[start : start + most]
            for batch in in_order(lengths, steps=_STEPS)
            for start in range(0, len(batch), most)
        ]


def shares(fillings: Sequence[Filled], place: int) -> list[tuple[Words, float]]:
    """What stands in one blank, the most probable first: a share of all fillings each."""
    logs = np.array([filled.log_probability for filled in fillings])
    weights = np.exp(logs - logs.max()) if len(logs) else logs
    found: dict[Words, float] = {}
    for filled, weight in zip(fillings, (weights / weights.sum()).tolist(), strict=True):
        words = filled.blanks[place]
        found[words] = found.get(words, 0.0) + weight
    return sorted(found.items(), key=lambda pair: -pair[1])


def _rank(filled: Filled) -> tuple[float, tuple[Words, ...]]:
    return -filled.log_probability, filled.blanks


def _block(texts: Sequence[np.ndarray]) -> tuple[Tensor, list[int]]:
    found = Ragged.from_sequences(texts)
    return torch.from_numpy(found.padded()), found.lengths.tolist()
