"""A model that writes and can be looked at after every symbol, from any point that it has reached.

Comes in: a subject, symbols. Goes out: what it has in mind after them. Imports network, subject.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from recurry.errors import UsageError
from recurry.inspection.address import painted_state
from recurry.inspection.colour import squash
from recurry.inspection.subject import RUNNING_KINDS, Subject
from recurry.network.sampling import Sampling
from recurry.network.state import State

MOST_SYMBOLS = 5000  # of one text
_MOST_KEPT = 2000  # points; a state of two layers of 512 units is 8 KB


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """What a model has in mind after some symbols.

    Attributes:
        state: The state of its layers, of one stream.
        logits: Of the next symbol, (1, V) float64.
    """

    state: State
    logits: np.ndarray


class Writer:
    """A model that reads one symbol after another; every point stays open, so that one can go back.

    Args:
        subject: A language model that reads forwards.

    Raises:
        UsageError: The model predicts no next symbol.
    """

    def __init__(self, subject: Subject) -> None:
        if subject.kind not in RUNNING_KINDS or subject.recurrent.bidirectional:
            raise UsageError(
                f"A model of the kind {subject.kind} writes nothing symbol by symbol.",
                accepted="a language model",
            )
        self.subject = subject
        self._kept: OrderedDict[bytes, Point] = OrderedDict()

    def after(self, ids: Sequence[int]) -> Point:
        """What the model has in mind after some symbols; before the first, a state of zeros.

        Raises:
            UsageError: There are too many symbols, or one that the model does not have.
        """
        given = self._check(ids)
        key = given.tobytes()
        point = self._kept.get(key)
        if point is None:
            before = self._kept.get(given[:-1].tobytes()) if len(given) > 1 else None
            point = self._read(given if before is None else given[-1:], before)
            self._kept[key] = point
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return point

    def painted(self, point: Point) -> list[np.ndarray]:
        """What colours show of each layer at a point: (H,) each, from -1 to 1."""
        name = self.painted_state
        values = point.state[name][:, 0].float().cpu().numpy()
        return [squash(row, name) for row in values]

    @property
    def painted_state(self) -> str:
        """The state that colours show."""
        return painted_state(self.subject.layers[0].cell)

    def draw(self, ids: Sequence[int], count: int, *, sampling: Sampling, seed: int) -> list[int]:
        """Symbols to go on with; the same text and seed go on in the same way.

        Args:
            ids: What has been written.
            count: How many to draw.
            sampling: How.
            seed: A whole number from 0.
        """
        written = list(ids)
        for _ in range(min(count, MOST_SYMBOLS - len(written))):
            uniform = np.random.default_rng([seed, len(written)]).random(1)
            point = self.after(written)
            written.append(int(sampling.draw(point.logits, uniform)[0]))
        return written[len(ids) :]

    def _check(self, ids: Sequence[int]) -> np.ndarray:
        if len(ids) > MOST_SYMBOLS:
            raise UsageError(
                "The text is too long to be written on here.",
                got=f"{len(ids):,} symbols",
                accepted=f"up to {MOST_SYMBOLS:,}",
                hint="the view Text, which takes texts of any length",
            )
        given = np.asarray(ids, dtype=np.int64)
        most = len(self.subject.symbols)
        if given.size and (given.min() < -1 or given.max() >= most):
            raise UsageError(
                "There is no such symbol.",
                got=f"a number from {given.min()} to {given.max()}",
                accepted=f"0 to {most - 1}, or -1 for an unknown one",
            )
        return given

    def _read(self, ids: np.ndarray, before: Point | None) -> Point:
        subject, recurrent = self.subject, self.subject.recurrent
        state = recurrent.initial_state(1) if before is None else before.state
        with torch.inference_mode():
            if not len(ids):
                hidden = torch.zeros(1, recurrent.output_size)
                return Point(state=state, logits=self._logits(hidden))
            symbols = subject.number(ids)
            x = subject.inputs(symbols, 0, len(ids))
            x = x.transpose(0, 1) if recurrent.batch_first else x  # type: ignore[union-attr]
            output, state = recurrent(x, state)
            last = output[:, -1] if recurrent.batch_first else output[-1]
        return Point(state=state, logits=self._logits(last))

    def _logits(self, hidden: torch.Tensor) -> np.ndarray:
        found = self.subject.log_probabilities(hidden.float().cpu().numpy())
        assert found is not None
        return found.astype(np.float64)
