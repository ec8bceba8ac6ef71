"""The view Write: a text that the model writes, with one cell and the certainty of each choice.

Comes in: a subject and a beginning. Goes out: a finding. Imports writing, drawings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from recurry.errors import UsageError
from recurry.inspection.drawing import Series, curves, sheet
from recurry.inspection.session import Session
from recurry.inspection.subject import RUNNING_KINDS, Subject
from recurry.inspection.tiles import painted_text
from recurry.inspection.view import Kinds, ViewOptions
from recurry.inspection.writing import Writer
from recurry.network.sampling import Sampling

_MOST_SHOWN = 12


class WriteOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        prime: The text to begin with.
        length: Number of symbols to draw.
        temperature: Below 1 is bolder, above 1 more surprising; 0 takes the most probable symbol.
        seed: Another one gives another text.
        layer: The layer of the cell that colours the text.
        unit: The unit of that cell.
    """

    prime: str = Field(default="\n", max_length=4000)
    length: int = Field(default=200, ge=0, le=1000)
    temperature: float = Field(default=0.8, ge=0, le=5)
    seed: int = Field(default=0, ge=0, le=2**31)
    layer: int = Field(default=0, ge=0)
    unit: int = Field(default=0, ge=0)


@dataclass(frozen=True, kw_only=True)
class Written:
    """One symbol of a text.

    Attributes:
        piece: Its text.
        share: The probability with which it was drawn, or would have been.
        entropy_nats: How uncertain the model was before it.
        value: What colours show of the cell after it.
    """

    piece: str
    share: float
    entropy_nats: float
    value: float


@dataclass(frozen=True, kw_only=True, eq=False)
class WriteFinding:
    """A text that a model wrote.

    Attributes:
        written: Its symbols, those of the beginning first.
        options: What was chosen.
    """

    written: Sequence[Written]
    options: WriteOptions

    def to_json(self) -> dict[str, Any]:
        """For the page: the text and its symbols."""
        return {"text": "".join(each.piece for each in self.written), "rows": self.to_rows()}

    def to_svg(self) -> str:
        """The text in the colours of the cell, and how uncertain each choice was."""
        places = np.arange(len(self.written), dtype=np.float64)
        entropy = np.array([each.entropy_nats for each in self.written])
        painted = painted_text(
            [each.piece for each in self.written],
            np.array([each.value for each in self.written]),
            title=f"Layer {self.options.layer}, unit {self.options.unit}",
        )
        uncertain = curves(
            [Series(name="entropy", x=places, y=entropy)],
            title="How uncertain the model is before each symbol",
            labels=("symbol", "entropy (nats)"),
        )
        return sheet(
            [painted, uncertain], title=f"Written at temperature {self.options.temperature:g}"
        )

    def to_rows(self) -> list[dict[str, Any]]:
        """Every symbol."""
        return [
            {
                "symbol": each.piece,
                "probability": each.share,
                "entropy_nats": each.entropy_nats,
                "value": each.value,
            }
            for each in self.written
        ]


class WriteView:
    """What a model does while it writes."""

    name: ClassVar[str] = "write"
    title: ClassVar[str] = "Write"
    caption: ClassVar[str] = (
        "Type, or let the model write, and watch its cells change with every symbol and how sure "
        "it is of the next. Low temperatures take what is most probable and soon repeat "
        "themselves, high ones take risks; going back and forking shows how much hangs on one "
        "symbol."
    )
    Options: ClassVar[type[BaseModel]] = WriteOptions
    kinds: ClassVar[Kinds] = Kinds(
        names=RUNNING_KINDS,
        lacks="writes nothing symbol by symbol",
        accepted="a language model",
    )

    def compute(self, session: Session, options: WriteOptions) -> WriteFinding:
        """A text, with the cell and the certainty of each symbol.

        Raises:
            UsageError: The model writes nothing, or has no such layer or unit.
        """
        subject = session.subject
        self.kinds.check(subject.kind)
        writer = writer_of(session)
        _check_cell(subject, options)
        prime = subject.read(options.prime)
        start = [int(number) for number in prime.ids]
        sampling = Sampling(temperature=options.temperature)
        drawn = writer.draw(start, options.length, sampling=sampling, seed=options.seed)
        ids = [*start, *drawn]
        pieces = (*prime.pieces, *subject.number(np.array(drawn, dtype=np.int64)).pieces)
        written = []
        for place, number in enumerate(ids):
            shares = sampling.shares(writer.after(ids[:place]).logits)[0]
            value = writer.painted(writer.after(ids[: place + 1]))[options.layer][options.unit]
            written.append(
                Written(
                    piece=pieces[place],
                    share=float(shares[number]) if number >= 0 else 0.0,
                    entropy_nats=entropy(shares),
                    value=float(value),
                )
            )
        return WriteFinding(written=written, options=options)


def writer_of(session: Session) -> Writer:
    """The one writer of a session."""
    return session.kept("writer", lambda: Writer(session.subject))


def entropy(shares: np.ndarray) -> float:
    """How uncertain a choice is, in nats."""
    kept = shares[shares > 0]
    return float(-(kept * np.log(kept)).sum())


def expected(subject: Subject, shares: np.ndarray) -> list[dict[str, Any]]:
    """The most probable symbols with their numbers, and the share of all others."""
    best = np.argsort(-shares, kind="stable")[:_MOST_SHOWN]
    shown = [
        {"id": int(number), "symbol": subject.symbols[number], "share": float(shares[number])}
        for number in best
        if shares[number] > 0
    ]
    rest = 1.0 - sum(each["share"] for each in shown)
    return [*shown, {"id": None, "symbol": "all others", "share": max(rest, 0.0)}]


def _check_cell(subject: Subject, options: WriteOptions) -> None:
    layers = subject.layers
    if options.layer >= len(layers) or options.unit >= layers[options.layer].hidden_size:
        raise UsageError(
            f"There is no cell {options.layer}:{options.unit}.",
            accepted=f"a layer from 0 to {len(layers) - 1}, "
            f"a unit from 0 to {layers[0].hidden_size - 1}",
        )
