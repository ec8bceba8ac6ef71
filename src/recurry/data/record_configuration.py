"""The tables `data`, `text` and `words` of a run over records: what is read, and as what symbols.

Comes in: the values of TOML tables. Goes out: frozen records. Reads no file.
"""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from recurry.data.configuration import DataConfig, TokenKind
from recurry.data.pairs import AUTO, PairLayout
from recurry.data.records import Layout
from recurry.data.sentences import SentenceLayout
from recurry.data.vocabulary import MOST_SYMBOLS

_PIECES = 8000  # enough for frequent words to be whole


class HeldOutConfig(BaseModel):
    """Which files are read, and which of their records are held out.

    Attributes:
        paths: Files.
        encoding: Of the files.
        validation: The share of all records to choose by, or files with it.
        test: The same to score at the end; None is none.
        split_seed: Governs which records are held out; the seed of the training does not.
        limit: Most records to learn from, drawn by `split_seed`; None is all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    paths: tuple[str, ...] = ()
    encoding: str = "utf-8"
    validation: float | str = 0.1
    test: float | str | None = None
    split_seed: int = Field(default=0, ge=0)
    limit: int | None = Field(default=None, ge=1)

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


class RecordsConfig(HeldOutConfig):
    """Which rows are read, and which of them are held out.

    Attributes:
        paths: Files, or one folder: of a file a class, or of a folder a class.
        layout: "csv", "tsv" and "jsonl" have columns; "label-first" has the label as the first
            word of a line; "files" has a class a file and a text a line; "folders" has a class a
            folder and a text a file. "auto" goes by the endings of the names.
        text_column: The column, or JSON key, of the text.
        label_column: That of the label.
    """

    layout: Layout = "auto"
    text_column: str = "text"
    label_column: str = "label"


class LinesConfig(HeldOutConfig):
    """Which lines are read, and which of them are held out.

    Attributes:
        text_column: Of files that end in .csv, .tsv or .jsonl, the column, or JSON key, of the
            text; others are read line by line.
    """

    text_column: str = "text"


class SentencesConfig(HeldOutConfig):
    """Which sentences are read, and which of them are held out.

    Attributes:
        layout: "conllu", or "columns" with a word a line; "auto" goes by the ending of each name.
        word_column: Of columns, that of the word, from 1; CoNLL-U has it in FORM.
        label_column: Of columns, that of the label, from 1, or -1 for the last; of CoNLL-U the
            name of a field. "auto" is the last column, or UPOS.
    """

    layout: SentenceLayout = "auto"
    word_column: int = Field(default=1, ge=1)
    label_column: str = "auto"


class PairsConfig(HeldOutConfig):
    """Which texts with counterparts are read, and which of them are held out.

    Attributes:
        paths: Two files of equally many lines, the sources first; or tables.
        layout: "parallel" files, or "tsv", "csv", "jsonl"; "auto" goes by the endings of the names.
        source_column: Of tables, the column, or JSON key, of the text. "auto" is the one called
            source, or the first where the first line has no such names; a number counts from 1
            and says that there is no line of names.
        target_column: That of its counterpart.
        validation: The share of all texts to choose by, or files with them, parted by commas.
        test: The same to score at the end; None is none.
    """

    layout: PairLayout = "auto"
    source_column: str = AUTO
    target_column: str = AUTO
    validation: float | tuple[str, ...] = 0.1  # pyright: ignore[reportIncompatibleVariableOverride]
    test: float | tuple[str, ...] | None = None  # pyright: ignore[reportIncompatibleVariableOverride]

    @field_validator("validation", "test", mode="before")
    @classmethod
    def _files(cls, given: Any) -> Any:
        return tuple(given.split(",")) if isinstance(given, str) else given


class SidesConfig(BaseModel):
    """How both sides of pairs become symbols.

    Attributes:
        tokens: What a symbol is.
        vocabulary_size: Most symbols kept of a side; for BPE the size to learn, 8,000 if not given.
        is_joint: Whether both sides have one vocabulary, learnt from both.
        lower_case: Lower-case the text before it is cut (not for bytes).
        min_count: A symbol seen fewer times in the training part becomes the unknown symbol.
        longest_source: Most symbols of a source.
        longest_target: Most symbols of a target.
        too_long: Training pairs with a longer side are "left-out", or its end is "cut"; either way
            they are counted. Sources to be answered are always cut.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: TokenKind = "bpe"
    vocabulary_size: int | None = Field(default=None, ge=2, le=MOST_SYMBOLS)
    is_joint: bool = True
    lower_case: bool = False
    min_count: int = Field(default=1, ge=1)
    longest_source: int = Field(default=200, ge=1)
    longest_target: int = Field(default=200, ge=1)
    too_long: Literal["left-out", "cut"] = "left-out"

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        self.as_text()
        return self

    def as_text(self) -> "TextConfig":
        """The settings of a codec."""
        is_learnt = self.tokens == "bpe" and self.vocabulary_size is None
        return TextConfig(
            tokens=self.tokens,
            vocabulary_size=_PIECES if is_learnt else self.vocabulary_size,
            lower_case=self.lower_case,
            min_count=self.min_count,
        )


class WordsConfig(BaseModel):
    """How the words of a sentence become numbers.

    Attributes:
        lower_case: Look words up in lower case; their characters keep their case.
        min_count: A word seen fewer times in the training part is known by its characters alone.
        vocabulary_size: Most words kept, the unknown one included.
        longest_word: Most characters of a word that are read: the first half and the last.
        longest: Most words that are read at once; a longer sentence is read in pieces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lower_case: bool = True
    min_count: int = Field(default=1, ge=1)
    vocabulary_size: int | None = Field(default=None, ge=2, le=MOST_SYMBOLS)
    longest_word: int = Field(default=24, ge=2, le=1000)
    longest: int = Field(default=1000, ge=1)


class LineConfig(BaseModel):
    """How the lines of a text become words.

    Attributes:
        lower_case: Lower-case the text before it is cut.
        min_count: A word seen fewer times in the training part becomes the unknown word.
        vocabulary_size: Most words kept, the unknown one included.
        longest: Most words that are read at once; a longer line is learnt in pieces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lower_case: bool = False
    min_count: int = Field(default=2, ge=1)
    vocabulary_size: int | None = Field(default=None, ge=2, le=MOST_SYMBOLS)
    longest: int = Field(default=100, ge=1)

    def as_data(self) -> DataConfig:
        """The same settings as a codec keeps them."""
        return DataConfig(
            tokens="words",
            lower_case=self.lower_case,
            min_count=self.min_count,
            vocabulary_size=self.vocabulary_size,
        )


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
