"""What a trained encoder and decoder write for texts, and how they attend while writing.

Comes in: texts. Goes out: texts, in their order; none depends on the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from recurry.data.batches import in_order
from recurry.data.examples import Ragged
from recurry.data.sides import Sides
from recurry.network.decoding import WIDEST, Ranking, search
from recurry.network.translated import Source, Translated
from recurry.tasks.scoring import evaluating

# Open paths of a batch, and steps of its sources: more are no faster.
ROWS, STEPS = 320, 8192


class DecodingConfig(BaseModel):
    """How answers are searched.

    Attributes:
        beam: Open paths of a text; 1 takes the most probable symbol at every step.
        length_penalty: From 0, where short answers win.
        coverage_penalty: From 0, where nobody asks whether all of the source was attended to.
        most: Most symbols of an answer for each one of the source; 10 more are allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=5, ge=1, le=WIDEST)
    length_penalty: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    coverage_penalty: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    most: float = Field(default=2.0, gt=0, le=1000)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Texts ready to be read.

    Attributes:
        sources: Numbers of symbols with the end.
        copies: The same as symbols of the target; None without copying.
        copied: For each text the words that can be copied beside the target's symbols.
        is_empty: For each text whether it has no symbol.
        is_cut: Whether it was longer than may be.
        is_strange: Whether all of its symbols are unknown.
    """

    sources: list[np.ndarray]
    copies: list[np.ndarray] | None
    copied: list[list[str]]
    is_empty: list[bool]
    is_cut: list[bool]
    is_strange: list[bool]

    @classmethod
    def of(cls, sides: Sides, texts: Sequence[str], *, longest: int, has_copying: bool):
        """Texts as numbers."""
        unknown = sides.source.vocabulary.unknown
        sources = [sides.read(text, longest + 1) for text in texts]
        is_cut = [len(source) > longest + 1 for source in sources]
        end = [sides.end_of_source]
        sources = [
            np.concatenate([source[:longest], end]) if cut else source
            for source, cut in zip(sources, is_cut, strict=True)
        ]
        pairs = [sides.copies(text, longest) for text in texts] if has_copying else None
        return cls(
            sources=sources,
            copies=None if pairs is None else [numbers for numbers, _ in pairs],
            copied=[[] for _ in texts] if pairs is None else [words for _, words in pairs],
            is_empty=[len(source) == 1 for source in sources],
            is_cut=is_cut,
            is_strange=[
                len(source) > 1 and bool((source[:-1] == unknown).all()) for source in sources
            ],
        )

    def remarks(self, number: int) -> list[str]:
        """What is to be said of one text: empty, cut, unknown."""
        marks = (("empty", self.is_empty), ("cut", self.is_cut), ("unknown", self.is_strange))
        return [word for word, is_so in marks if is_so[number]]

    def block(self, members: Sequence[int] | np.ndarray, device: torch.device) -> Source:
        """Some of the texts side by side."""
        return make_source(
            Ragged.from_sequences(self.sources[int(n)] for n in members),
            None
            if self.copies is None
            else Ragged.from_sequences(self.copies[int(n)] for n in members),
            device,
        )


def make_source(sources: Ragged, copies: Ragged | None, device: torch.device) -> Source:
    """What a network reads."""
    return Source(
        ids=torch.from_numpy(sources.padded()).to(device),
        lengths=sources.lengths.tolist(),
        copies=None if copies is None else torch.from_numpy(copies.padded()).to(device),
    )


def write(
    network: Translated, sides: Sides, reading: Reading, decoding: DecodingConfig
) -> list[tuple[int, ...]]:
    """The symbols that are written for each text, their end included; nothing for an empty one.

    Args:
        network: Left as it was.
        sides: Symbols.
        reading: Texts.
        decoding: How answers are searched.
    """
    found: list[tuple[int, ...]] = [()] * len(reading.sources)
    ranking = Ranking(
        length_penalty=decoding.length_penalty, coverage_penalty=decoding.coverage_penalty
    )
    full = np.flatnonzero(~np.array(reading.is_empty, dtype=bool))
    lengths = np.array([len(reading.sources[n]) for n in full], dtype=np.int64)
    together = max(1, ROWS // decoding.beam)
    with evaluating(network), torch.inference_mode():
        for batch in in_order(lengths, steps=STEPS):
            for start in range(0, len(batch), together):
                members = full[batch[start : start + together]]
                source = reading.block(members, network.bias.device)
                assert source.lengths is not None
                paths = search(
                    network.writer(source),
                    length=[int(decoding.most * n) + 10 for n in source.lengths],
                    end=sides.end,
                    width=decoding.beam,
                    ranking=ranking,
                )
                for number, (path, *_) in zip(members.tolist(), paths, strict=True):
                    found[number] = path.symbols
    return found


def attend(
    network: Translated, sides: Sides, reading: Reading, written: Sequence[tuple[int, ...]]
) -> list[np.ndarray]:
    """The weights over the source at each step of what was written, (T, S) for each text."""
    found = []
    with evaluating(network), torch.inference_mode():
        for number, symbols in enumerate(written):
            device = network.bias.device
            source = reading.block([number], device)
            before = [sides.begin, *symbols[:-1]][: len(symbols)]
            inputs = torch.tensor(before, dtype=torch.int64, device=device)[:, None]
            _, weights = network.attend(network.encode(source), inputs)
            found.append(weights[:, 0].float().cpu().numpy())
    return found
