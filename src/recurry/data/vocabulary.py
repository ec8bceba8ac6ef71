"""The symbols that a model knows, in a fixed order, with how often each was seen.

Comes in: counts. Goes out: a frozen record that can be stored as JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from recurry.errors import DataError

MOST_SYMBOLS = 1 << 24
_LONGEST_SYMBOL = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Symbol number -> symbol.

    Attributes:
        symbols: All symbols; the position is the number.
        counts: How often each was seen in the text that the vocabulary was made from.
        unknown: The number that stands for every symbol not in the list, or None.
    """

    symbols: tuple[str, ...]
    counts: tuple[int, ...]
    unknown: int | None = None

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        *,
        unknown: str | None = None,
        min_count: int = 1,
        max_size: int | None = None,
        order: str = "count",
    ) -> Self:
        """Keep the frequent symbols.

        Args:
            counts: Symbol -> how often it was seen.
            unknown: The symbol that takes the place of those left out; None keeps all.
            min_count: Symbols seen fewer times are left out.
            max_size: Most symbols kept, the unknown one included.
            order: "count" (most frequent first, ties by symbol) or "symbol" (by code point).

        Raises:
            DataError: Every symbol was seen fewer than `min_count` times, or more symbols
                would be kept than a stored vocabulary can hold.
        """
        ranked = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
        kept = [symbol for symbol in ranked if counts[symbol] >= min_count and symbol != unknown]
        most = max((counts[symbol] for symbol in ranked if symbol != unknown), default=0)
        if 0 < most < min_count:
            raise _nothing_left(most, min_count=min_count)
        if unknown is not None:
            kept = kept[: max_size - 1] if max_size else kept
            seen = sum(counts.values()) - sum(counts[symbol] for symbol in kept)
            final = dict({symbol: counts[symbol] for symbol in kept}, **{unknown: seen})
        else:
            final = {symbol: counts[symbol] for symbol in kept}
        if len(final) > MOST_SYMBOLS:
            raise _too_many(len(final))
        symbols = sorted(
            final, key=None if order == "symbol" else lambda symbol: (-final[symbol], symbol)
        )
        return cls(
            symbols=tuple(symbols),
            counts=tuple(final[symbol] for symbol in symbols),
            unknown=None if unknown is None else symbols.index(unknown),
        )

    def __len__(self) -> int:
        return len(self.symbols)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Symbol -> its number."""
        return {symbol: number for number, symbol in enumerate(self.symbols)}

    def extended(self, symbols: Iterable[str]) -> Self:
        """The same with those symbols behind it that it lacks, each with a count of 0.

        Raises:
            DataError: There would be more than a stored vocabulary can hold.
        """
        new = tuple(dict.fromkeys(s for s in symbols if s not in self.numbers))
        if len(self) + len(new) > MOST_SYMBOLS:
            raise _too_many(len(self) + len(new))
        return replace(self, symbols=self.symbols + new, counts=self.counts + (0,) * len(new))

    def to_dict(self) -> dict[str, Any]:
        """A value that JSON can hold."""
        return {
            "symbols": list(self.symbols),
            "counts": list(self.counts),
            "unknown": self.unknown,
        }

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Read `to_dict`'s value back, trusting nothing in it.

        Raises:
            DataError: Anything is missing, of the wrong type, out of range or said twice.
        """
        if not isinstance(data, Mapping) or set(data) != {"symbols", "counts", "unknown"}:
            raise damaged("it is no table of symbols, counts and unknown")
        symbols, counts, unknown = data["symbols"], data["counts"], data["unknown"]
        _check_symbols(symbols)
        _check_counts(counts, len(symbols))
        if unknown is not None and not (is_whole(unknown) and 0 <= unknown < len(symbols)):
            raise damaged("the unknown symbol is not one of the symbols")
        return cls(symbols=tuple(symbols), counts=tuple(counts), unknown=unknown)


def damaged(why: str) -> DataError:
    """The error for a stored vocabulary that cannot be used."""
    return DataError(
        "The stored vocabulary is damaged or not one of Recurry's.",
        got=why,
        hint="use an undamaged copy of the file",
    )


def _nothing_left(most: int, *, min_count: int) -> DataError:
    return DataError(
        "No symbol is left in the vocabulary: all of them are rarer than asked for.",
        got=f"min_count = {min_count:,}; the most frequent symbol was seen {most:,} times",
        accepted=f"min_count from 1 to {most:,}",
        hint="a smaller min_count, or a longer text",
    )


def _too_many(size: int) -> DataError:
    return DataError(
        "The vocabulary would be too large.",
        got=f"{size:,} different symbols",
        accepted=f"at most {MOST_SYMBOLS:,}",
        hint="a min_count of 2 or more, or a vocabulary_size",
    )


def is_whole(value: object) -> bool:
    """Whether a value read from JSON is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _check_symbols(symbols: object) -> None:
    if not isinstance(symbols, list) or not 1 <= len(symbols) <= MOST_SYMBOLS:
        raise damaged("its symbols are no list of 1 to 16,777,216 texts")
    for symbol in symbols:
        if not isinstance(symbol, str) or not 1 <= len(symbol) <= _LONGEST_SYMBOL:
            raise damaged("a symbol is no text of 1 to 65,536 characters")
        if not _is_encodable(symbol):
            raise damaged("a symbol holds half a surrogate pair")
    if len(set(symbols)) != len(symbols):
        raise damaged("a symbol occurs twice")


def _check_counts(counts: object, size: int) -> None:
    if not isinstance(counts, list) or len(counts) != size:
        raise damaged("there is not one count for each symbol")
    if not all(is_whole(count) and 0 <= count < 1 << 63 for count in counts):
        raise damaged("a count is no whole number from 0")


def _is_encodable(symbol: str) -> bool:
    try:
        symbol.encode()
    except UnicodeEncodeError:
        return False
    return True
