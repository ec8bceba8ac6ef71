"""What the view Write asks for: the next step of a text that somebody and the model write together.

Comes in: what has been written, and what shall happen. Goes out: new symbols, cells, expectations.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from recurry.inspection.colour import levels
from recurry.inspection.view import ViewOptions
from recurry.inspection.views.write import entropy, expected, writer_of
from recurry.inspection.writing import MOST_SYMBOLS, Writer
from recurry.network.sampling import Sampling
from recurry.serving.answers import read_options
from recurry.serving.viewing import Shown


class StepOptions(ViewOptions):
    """What shall happen to a text.

    Attributes:
        ids: What has been written.
        typed: Text that is added.
        symbol: A symbol that is added, by its number.
        draw: Number of symbols that the model adds.
        temperature: How it draws them.
        seed: Another one gives other symbols.
    """

    ids: tuple[int, ...] = Field(default=(), max_length=MOST_SYMBOLS)
    typed: str = Field(default="", max_length=MOST_SYMBOLS)
    symbol: int | None = Field(default=None, ge=0)
    draw: int = Field(default=0, ge=0, le=500)
    temperature: float = Field(default=1.0, ge=0, le=5)
    seed: int = Field(default=0, ge=0, le=2**31)


def take_step(shown: Shown, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The symbols that were added, the cells after each of them, and what may come next.

    Raises:
        UsageError: An option is wrong, or the model writes nothing.
    """
    options: StepOptions = read_options(StepOptions, sent)
    subject, writer = shown.subject, writer_of(shown.session)
    sampling = Sampling(temperature=options.temperature)
    typed = subject.read(options.typed)
    added = [int(number) for number in typed.ids]
    if options.symbol is not None:
        added.append(options.symbol)
    written = [*options.ids, *added]
    added += writer.draw(written, options.draw, sampling=sampling, seed=options.seed)
    drawn = np.array(added[len(typed.ids) :], dtype=np.int64)
    shares = sampling.shares(writer.after([*options.ids, *added]).logits)[0]
    return {
        "ids": added,
        "pieces": (*typed.pieces, *subject.number(drawn).pieces),
        "cells": _cells(writer, options.ids, added),
        "expected": expected(subject, shares),
        "entropy_nats": entropy(shares),
        "painted": writer.painted_state,
    }


def _cells(writer: Writer, before: Sequence[int], added: Sequence[int]) -> list[str]:
    """For each layer the levels of all units after each added symbol, as bytes in base64."""
    written, rows = list(before), []
    for number in added or [None]:
        if number is not None:
            written.append(number)
        rows.append([levels(layer) for layer in writer.painted(writer.after(written))])
    layers = zip(*rows, strict=True)
    return [base64.b64encode(np.stack(each).astype(np.uint8).tobytes()).decode() for each in layers]
