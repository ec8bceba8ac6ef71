"""The tables `data` and `text` of a run over records: which rows, and how a text becomes symbols.

Comes in: the values of TOML tables. Goes out: frozen records. Reads no file.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recurry.data.configuration import DataConfig, TokenKind
from recurry.data.records import Layout
from recurry.data.vocabulary import MOST_SYMBOLS


class RecordsConfig(BaseModel):
    """Which records are read, and which of them are held out.

    Attributes:
        paths: Files, or one folder: of a file a class, or of a folder a class.
        layout: "csv", "tsv" and "jsonl" have columns; "label-first" has the label as the first
            word of a line; "files" has a class a file and a text a line; "folders" has a class a
            folder and a text a file. "auto" goes by the endings of the names.
        encoding: Of the files.
        text_column: The column, or JSON key, of the text.
        label_column: That of the label.
        validation: The share of all records to choose by, or files with it.
        test: The same to score at the end; None is none.
        split_seed: Governs which records are held out; the seed of the training does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: tuple[str, ...] = ()
    layout: Layout = "auto"
    encoding: str = "utf-8"
    text_column: str = "text"
    label_column: str = "label"
    validation: float | str = 0.1
    test: float | str | None = None
    split_seed: int = Field(default=0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, given: Any) -> Any:
        """Shares that were typed on a command line are texts."""
        if not isinstance(given, dict):
            return given
        return given | {
            part: _as_share(given[part]) for part in ("validation", "test") if part in given
        }

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        shares = [part for part in (self.validation, self.test) if isinstance(part, float)]
        if not all(0 <= share < 1 for share in shares) or sum(shares) >= 1:
            raise ValueError(
                "validation and test are shares from 0 to below 1, or files; "
                "together they must leave something to learn from"
            )
        return self


class TextConfig(BaseModel):
    """How the text of a record becomes symbols.

    Attributes:
        tokens: What a symbol is.
        lower_case: Lower-case the text before it is cut (not for bytes).
        stem: Language of the Snowball stemmer, for words; stems are lower case.
        min_count: A symbol seen fewer times in the training part becomes the unknown symbol.
        vocabulary_size: Most symbols kept, the unknown one included; for BPE the size to learn.
        longest: Most symbols of a text; what is behind them is cut off, and that is counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: TokenKind = "words"
    lower_case: bool = False
    stem: str | None = None
    min_count: int = Field(default=1, ge=1)
    vocabulary_size: int | None = Field(default=None, ge=2, le=MOST_SYMBOLS)
    longest: int = Field(default=2000, ge=1)

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        self.as_data()
        return self

    def as_data(self) -> DataConfig:
        """The same settings as a codec keeps them."""
        return DataConfig(
            tokens=self.tokens,
            lower_case=self.lower_case,
            stem=self.stem,
            min_count=self.min_count,
            vocabulary_size=self.vocabulary_size,
        )


def _as_share(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
