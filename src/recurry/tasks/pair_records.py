"""Pairs of texts as records: what is learnt from, what is kept to be scored, what is left out.

Comes in: pairs. Goes out: symbols with the texts beside them, and what is worth knowing.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from recurry.data.examples import Examples, Ragged
from recurry.data.pairs import Counterparts
from recurry.data.record_configuration import SidesConfig
from recurry.data.sides import Sides
from recurry.errors import DataError
from recurry.tasks.translations import Reading


def learn_sides(pairs: Sequence[Counterparts], text: SidesConfig) -> Sides:
    """The symbols of the pairs to learn from."""
    sources = [pair.source for pair in pairs]
    targets = [target for pair in pairs for target in pair.targets]
    return Sides.learn(text, sources, targets)


def spread(pairs: Iterable[Counterparts]) -> list[Counterparts]:
    """A pair for each counterpart."""
    return [pair._replace(targets=(target,)) for pair in pairs for target in pair.targets]


def make_records(
    pairs: Sequence[Counterparts],
    sides: Sides,
    text: SidesConfig,
    *,
    part: str,
    has_copying: bool,
    is_learnt: bool,
) -> tuple[Examples, list[str]]:
    """Pairs as symbols, and what is worth knowing of them.

    Args:
        pairs: The loss goes by the first counterpart of each.
        sides: Symbols.
        text: What is too long, and what becomes of it.
        part: What the pairs are called.
        has_copying: Whether the sources are numbered as symbols of the target, too.
        is_learnt: Whether too long pairs may be left out, which is not for those that are scored.

    Raises:
        DataError: Nothing is left, or no symbol of the sources is known.
    """
    texts = [pair.source for pair in pairs]
    reading = Reading.of(sides, texts, longest=text.longest_source, has_copying=has_copying)
    targets = [
        sides.write(pair.targets[0], copied)
        for pair, copied in zip(pairs, reading.copied, strict=True)
    ]
    _check_known(pairs, reading, sides)
    is_long = np.array([len(target) > text.longest_target + 1 for target in targets], dtype=bool)
    is_over = is_long | np.array(reading.is_cut, dtype=bool)
    is_left = is_over if is_learnt and text.too_long == "left-out" else np.zeros_like(is_over)
    kept = np.flatnonzero(~is_left).tolist()
    if is_learnt and not kept:
        raise DataError(
            "Every pair is longer than may be.",
            got=f"{len(pairs):,} pairs with more than {text.longest_source:,} symbols of source or "
            f"{text.longest_target:,} of target",
            hint="a larger text.longest_source and text.longest_target, or --set text.too_long=cut",
        )
    longest = text.longest_target + 1
    sequences = {
        "source": Ragged.from_sequences(reading.sources[n] for n in kept),
        "target": Ragged.from_sequences(targets[n][:longest] for n in kept),
        "texts": pack_texts(texts[n] for n in kept),
        "references": pack_texts("\n".join(pairs[n].targets) for n in kept),
    }
    if reading.copies is not None:
        sequences["copies"] = Ragged.from_sequences(reading.copies[n] for n in kept)
    return Examples(sequences=sequences), _length_notes(is_over, is_left, text, part=part)


def pack_texts(texts: Iterable[str]) -> Ragged:
    """Texts as the numbers of their bytes."""
    raw = (np.frombuffer(text.encode(), dtype=np.uint8) for text in texts)
    return Ragged.from_sequences(raw, dtype=np.uint8)


def unpack_texts(packed: Ragged) -> list[str]:
    """What `pack_texts` was given."""
    return [row.astype(np.uint8).tobytes().decode() for row in packed]


def _check_known(pairs: Sequence[Counterparts], reading: Reading, sides: Sides) -> None:
    """Refuse sources that share no symbol with the vocabulary."""
    unknown, end = sides.source.vocabulary.unknown, sides.end_of_source
    if not pairs or unknown is None:
        return
    if all(((row == unknown) | (row == end)).all() for row in reading.sources):
        raise DataError(
            "The texts and the vocabulary have no symbol in common.",
            where=pairs[0].place,
            got=f"{len(pairs):,} texts of unknown symbols alone",
            hint="texts in the language and the writing that the model was trained on",
        )


def _length_notes(
    is_over: np.ndarray, is_left: np.ndarray, text: SidesConfig, *, part: str
) -> list[str]:
    if not is_over.any():
        return []
    became = "left out" if is_left.any() else "cut"
    return [
        f"{int(is_over.sum()):,} pairs of the {part} part are longer than {text.longest_source:,} "
        f"symbols of source or {text.longest_target:,} of target and were {became} "
        "(text.longest_source, text.longest_target)"
    ]
