"""The view Errors: where a model is wrong, what n-grams would have known, and kinds of errors.

Comes in: a session. Goes out: losses along the text, the hardest places, kinds. Imports ngram and
error_kinds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from recurry.data.prepare import load_prepared
from recurry.errors import RecurryError
from recurry.inspection.drawing import Series, bars, curves, sheet
from recurry.inspection.error_kinds import KINDS, count_words, error_kinds, share_of_kinds
from recurry.inspection.language_subject import LanguageSubject
from recurry.inspection.ngram import HIGHEST_ORDER, NgramModel
from recurry.inspection.passage import read_symbols
from recurry.inspection.session import Session
from recurry.inspection.subject import RUNNING_KINDS
from recurry.inspection.view import Kinds, ViewOptions

_ORACLE = 9  # the highest order of which an n-gram error may be, as in the paper
_POINTS = 400
_AROUND = 60  # symbols before a hard place that are shown
_APART = 20  # symbols between two hard places


class ErrorsOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        order: Of the n-gram model beside the model: it sees order - 1 symbols.
        symbols: How many symbols are looked at at most, from the start of the text.
        counted: How many symbols of the training text are counted at most; by default all of a
            text of a few megabytes, as the model has read all of it, too.
        hardest: How many of the hardest places are shown.
        memory: How many characters back a word counts as there before.
        rarest: A word that was counted no more often is rare.
    """

    order: int = Field(default=6, ge=1, le=HIGHEST_ORDER)
    symbols: int = Field(default=50_000, ge=100, le=1_000_000)
    counted: int = Field(default=5_000_000, ge=100, le=5_000_000)
    hardest: int = Field(default=20, ge=1, le=200)
    memory: int = Field(default=1000, ge=10, le=100_000)
    rarest: int = Field(default=5, ge=0, le=1000)


@dataclass(frozen=True, kw_only=True, eq=False)
class HardPlace:
    """A symbol that surprised the model.

    Attributes:
        at: Its number.
        before: The text before it.
        piece: Its own text.
        after: The text behind it.
        loss: In nats.
        ngram_loss: What the n-gram model lost there.
        kind: Which kind of error it is.
    """

    at: int
    before: str
    piece: str
    after: str
    loss: float
    ngram_loss: float
    kind: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ErrorsFinding:
    """Where a model is wrong.

    Attributes:
        start: The first symbol that was looked at.
        losses: Of each symbol from there on, in nats; nan where there is none.
        ngram_losses: The same of the n-gram model.
        order: Of the n-gram model.
        counted: What was counted for it, in words.
        kinds: The share of each kind among the errors.
        hardest: The hardest places, the hardest first.
    """

    start: int
    losses: np.ndarray
    ngram_losses: np.ndarray
    order: int
    counted: str
    kinds: Mapping[str, float]
    hardest: Sequence[HardPlace]

    @property
    def share_wrong(self) -> float:
        """Share of the symbols to which the model gave less than one half."""
        known = self.losses[np.isfinite(self.losses)]
        return float((known > np.log(2)).mean()) if known.size else 0.0

    def to_json(self) -> dict[str, Any]:
        """For the page: curves of means, kinds, and places."""
        at, model, ngram = self._curves()
        return {
            "start": self.start,
            "num_symbols": len(self.losses),
            "loss": _mean(self.losses),
            "ngram_loss": _mean(self.ngram_losses),
            "order": self.order,
            "counted": self.counted,
            "share_wrong": self.share_wrong,
            "at": at.tolist(),
            "curve": _numbers(model),
            "ngram_curve": _numbers(ngram),
            "kinds": [
                {"name": name, "says": KINDS[name], "share": share}
                for name, share in self.kinds.items()
            ],
            "hardest": [vars(place) for place in self.hardest],
        }

    def _curves(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Means over stretches of equal length, and where these begin."""
        size = -(-len(self.losses) // _POINTS) or 1
        at = np.arange(0, len(self.losses), size)
        return at + self.start, _means(self.losses, size), _means(self.ngram_losses, size)

    def to_svg(self) -> str:
        """Losses along the text, and the kinds of errors."""
        at, model, ngram = self._curves()
        lines = [
            Series(name=f"model, mean {_mean(self.losses):.3f}", x=at, y=model),
            Series(name=f"{self.order}-gram, mean {_mean(self.ngram_losses):.3f}", x=at, y=ngram),
        ]
        along = curves(
            lines, title="Loss along the text", labels=("symbol", "nats a symbol"), width=820
        )
        shares = bars(
            [(name, 100 * share) for name, share in self.kinds.items()],
            title="Kinds of errors",
            label=f"percent of the errors; {100 * self.share_wrong:.1f} % of symbols are errors",
            width=820,
        )
        return sheet([along, shares], title="Errors", note=f"n-grams counted on {self.counted}")

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each of the hardest places."""
        return [vars(place) for place in self.hardest]


class ErrorsView:
    """Where a model is wrong, and on what kind of symbol."""

    name: ClassVar[str] = "errors"
    title: ClassVar[str] = "Errors"
    caption: ClassVar[str] = (
        "The loss along the text beside that of an n-gram model, which sees the last few symbols "
        "only: where the lines part, the network remembers something from further back. Below, "
        "what kind of knowledge would have mended its errors, which are the symbols to which it "
        "gave less than one half."
    )
    Options: ClassVar[type[ErrorsOptions]] = ErrorsOptions
    kinds: ClassVar[Kinds] = Kinds(
        names=RUNNING_KINDS,
        lacks="predicts no next symbol, so it has no loss along a text",
        accepted="a language model",
    )

    def compute(self, session: Session, options: ErrorsOptions) -> ErrorsFinding:
        """Losses, kinds and places.

        Raises:
            UsageError: The model predicts no symbols, or there is no text or too little of it.
        """
        subject = session.subject
        self.kinds.check(subject.kind)
        assert isinstance(subject, LanguageSubject)
        recording, stop = read_symbols(session, options.symbols, fewest=2)
        ids, pieces = recording.symbols.ids[:stop], recording.symbols.pieces[:stop]
        counted, about = session.kept(
            ("counted", options.counted), lambda: _training_ids(session, options.counted)
        )
        start = 1
        if counted is None:
            start = max(1, stop // 2)
            counted, about = ids[:start], "the first half of this text"
        losses = recording.loss[start:stop].astype(np.float64)
        by_order = _ngrams(session, counted, options, about).probabilities_by_order(ids)[:, start:]
        ngram_losses = np.where(np.isfinite(losses), -np.log(by_order[options.order - 1]), np.nan)
        kinds = error_kinds(
            pieces[start:],
            losses > np.log(2),
            is_ngram_right=by_order[:_ORACLE].max(axis=0) > 0.5,
            word_counts=count_words(_text_of(subject, counted)),
            memory=options.memory,
            rarest=options.rarest,
        )
        return ErrorsFinding(
            start=start,
            losses=losses,
            ngram_losses=ngram_losses,
            order=options.order,
            counted=about,
            kinds=share_of_kinds(kinds),
            hardest=_hardest(pieces, start, losses, ngram_losses, kinds, options.hardest),
        )


def _training_ids(session: Session, count: int) -> tuple[np.ndarray | None, str]:
    """What the model was trained on, or its beginning, where its run still has it."""
    subject = session.subject
    assert isinstance(subject, LanguageSubject)
    if session.run_folder is None:
        return None, ""
    try:
        prepared = load_prepared(session.run_folder / "data")
    except RecurryError:
        return None, ""
    if prepared.codec.vocabulary.symbols != subject.symbols:
        return None, ""
    count = min(count, len(prepared.train))
    ids = prepared.train.read(0, count).astype(np.int64)
    share = "all" if count == len(prepared.train) else "the first"
    return ids, f"{share} {count:,} symbols that the model was trained on"


def _ngrams(
    session: Session, counted: np.ndarray, options: ErrorsOptions, about: str
) -> NgramModel:
    """An n-gram model of the order that is asked for, and at least of that of the oracle."""
    order = max(options.order, _ORACLE)
    return session.kept(
        ("ngram", order, about, len(counted)),
        lambda: NgramModel(counted, order=order, num_symbols=len(session.subject.symbols)),
    )


def _text_of(subject: LanguageSubject, ids: np.ndarray) -> str:
    return "".join(subject.number(ids).pieces)


def _hardest(
    pieces: Sequence[str],
    start: int,
    losses: np.ndarray,
    ngram_losses: np.ndarray,
    kinds: np.ndarray,
    count: int,
) -> list[HardPlace]:
    """The symbols of the largest losses, none close to another."""
    names, taken, found = list(KINDS), np.zeros(len(losses), dtype=bool), []
    order = np.argsort(-np.nan_to_num(losses, nan=-1.0), kind="stable")
    for place in order[: 50 * count].tolist():
        if len(found) == count or not losses[place] > np.log(2):
            break
        if taken[max(0, place - _APART) : place + _APART].any():
            continue
        taken[place] = True
        at = start + place
        found.append(
            HardPlace(
                at=at,
                before="".join(pieces[max(0, at - _AROUND) : at]),
                piece=str(pieces[at]),
                after="".join(pieces[at + 1 : at + 1 + _APART]),
                loss=float(losses[place]),
                ngram_loss=float(ngram_losses[place]),
                kind=names[kinds[place]],
            )
        )
    return found


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.0


def _means(values: np.ndarray, size: int) -> np.ndarray:
    """Means of neighbouring numbers, without those that are none."""
    padded = np.full(-(-len(values) // size) * size, np.nan)
    padded[: len(values)] = values
    rows, known = padded.reshape(-1, size), np.isfinite(padded.reshape(-1, size))
    counts = known.sum(axis=1)
    return np.where(
        counts > 0, np.where(known, rows, 0.0).sum(axis=1) / np.maximum(counts, 1), np.nan
    )


def _numbers(values: np.ndarray) -> list[float | None]:
    return [round(float(value), 5) if np.isfinite(value) else None for value in values]
