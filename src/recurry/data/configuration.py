"""The `data` table of a run: which text, cut into which symbols, split where.

Comes in: the values of a TOML table. Goes out: one frozen record. Reads no file.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recurry.data.stemming import languages
from recurry.data.vocabulary import MOST_SYMBOLS
from recurry.errors import nearest

TokenKind = Literal["bytes", "characters", "words", "bpe"]


class DataConfig(BaseModel):
    """Which text is read, and how it becomes symbols.

    Attributes:
        paths: Files and folders, "-" for standard input; empty means the bundled Shakespeare.
        tokens: What a symbol is.
        lower_case: Lower-case the text before it is cut (not for bytes).
        stem: Language of the Snowball stemmer, for words; stems are lower case.
        min_count: A symbol seen fewer times in the training text becomes the unknown symbol.
        vocabulary_size: Most symbols kept, the unknown one included; for BPE the size to learn.
        validation: Fraction of the text after the training part, or a path as in `paths`.
        test: The same for the test part, which is last; None means no test part.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: tuple[str, ...] = ()
    tokens: TokenKind = "characters"
    lower_case: bool = False
    stem: str | None = None
    min_count: int = Field(default=1, ge=1)
    vocabulary_size: int | None = Field(default=None, ge=2, le=MOST_SYMBOLS)
    validation: float | str = 0.1
    test: float | str | None = None

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        """Options that contradict each other, all in one message."""
        problems = [text for is_wrong, text in self._contradictions() if is_wrong]
        problems += self._unknown_language()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _contradictions(self) -> list[tuple[bool, str]]:
        is_bytes = self.tokens == "bytes"
        return [
            (
                self.stem is not None and self.tokens != "words",
                f'stem = "{self.stem}" needs tokens = "words", got tokens = "{self.tokens}"',
            ),
            (is_bytes and self.lower_case, 'lower_case needs a text, not tokens = "bytes"'),
            (
                is_bytes and self.min_count > 1,
                'min_count means nothing with tokens = "bytes": all 256 bytes are symbols',
            ),
            (
                is_bytes and self.vocabulary_size is not None,
                'vocabulary_size means nothing with tokens = "bytes": it is always 256',
            ),
            (
                self.tokens == "bpe" and self.min_count > 1,
                'min_count means nothing with tokens = "bpe": set vocabulary_size',
            ),
            (
                self.tokens == "bpe" and (self.vocabulary_size or 256) < 256,
                'vocabulary_size with tokens = "bpe" is at least 256: every byte is a symbol',
            ),
            (
                not all(0 <= part < 1 for part in self._fractions()),
                "validation and test are fractions from 0 to below 1, or paths",
            ),
            (
                sum(self._fractions()) >= 1,
                "validation and test leave no text for training: their sum must be below 1",
            ),
        ]

    def _unknown_language(self) -> list[str]:
        if self.stem is None or self.stem in languages():
            return []
        close = " or ".join(nearest(self.stem, languages())) or ", ".join(languages())
        return [f'there is no stemming language "{self.stem}"; try: {close}']

    def _fractions(self) -> list[float]:
        return [part for part in (self.validation, self.test) if isinstance(part, float)]

    @property
    def is_lower(self) -> bool:
        """Whether symbols are lower case, asked for or implied by stemming."""
        return self.lower_case or self.stem is not None
