"""The table `[network]` of a run and of a model file.

Comes in: plain values. Goes out: a checked, frozen record.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recurry.backends.fast import fast_precision


class SizesConfig(BaseModel):
    """What every table [network] says of its layers.

    Args:
        cell: A built-in cell, a path to an equation file, or equation text.
        embedding_size: Size of the vector learnt for each symbol; 0 feeds one-hot vectors.
        hidden_size: Number of units of each layer.
        num_layers: Number of layers.
        precision: `float32`, `float64`, or `bfloat16` (products of rounded values, the rest in
            float32). `auto` becomes `bfloat16` where the processor multiplies such numbers faster,
            else `float32`; what it became is stored.
        backend: `auto` or the name of a backend.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: str = "lstm"
    embedding_size: int = Field(default=0, ge=0, le=1_000_000)
    hidden_size: int = Field(default=256, ge=1, le=1_000_000)
    num_layers: int = Field(default=1, ge=1, le=1000)
    precision: Literal["float64", "float32", "bfloat16"] = "float32"
    backend: str = "auto"

    @model_validator(mode="before")
    @classmethod
    def _decided(cls, given: Any) -> Any:
        """The values, where `auto` has become the precision that is fast here."""
        if not isinstance(given, dict) or given.get("precision") != "auto":
            return given
        return {**given, "precision": fast_precision(given.get("backend", "auto"))}


class LayersConfig(SizesConfig):
    """What recurrent layers are made of.

    Args:
        has_residual: Whether each layer after the first adds its input to its output.
    """

    has_residual: bool = False


class NetworkConfig(LayersConfig):
    """What a symbol network is made of: layers, and a head over the symbols that they read.

    Args:
        is_tied: Whether the head shares the embedding's weights; needs `embedding_size` equal to
            `hidden_size` (Press and Wolf 2017).
    """

    is_tied: bool = False

    @model_validator(mode="after")
    def _tied_sizes(self) -> "NetworkConfig":
        if self.is_tied and self.embedding_size != self.hidden_size:
            raise ValueError(
                f"is_tied needs embedding_size equal to hidden_size, got {self.embedding_size} "
                f"and {self.hidden_size}; set embedding_size = {self.hidden_size}"
            )
        return self


class TwoReadersConfig(NetworkConfig):
    """What reads sentences forwards and backwards: each direction has layers of these sizes, and
    both share the vectors of words, so `embedding_size` is not 0."""

    embedding_size: int = Field(default=256, ge=1, le=1_000_000)


class ByClassConfig(LayersConfig):
    """What writes: layers that read one way.

    Args:
        feed: `first`: the class is read once, before the first symbol; `every`: beside each one,
            and half of `embedding_size` is the class's.
    """

    embedding_size: int = Field(default=64, ge=2, le=1_000_000, multiple_of=2)
    feed: Literal["first", "every"] = "every"


class EncoderConfig(LayersConfig):
    """What reads a whole record: layers that may run in both directions.

    Args:
        is_bidirectional: Whether a second set of weights runs from the end of each sequence.
    """

    is_bidirectional: bool = True


class TaggerConfig(EncoderConfig):
    """What reads sentences of words: each word has a vector, so `embedding_size` is not 0."""

    embedding_size: int = Field(default=100, ge=1, le=1_000_000)


class SpellingConfig(BaseModel):
    """How the characters of words are read.

    Args:
        reader: `recurrent` (both directions of an LSTM) or `convolutional`.
        character_size: Size of the vector learnt for each character.
        size: Size of the vector that comes out for a word.
        word_dropout: Share of the different words of a batch that are taken for unknown in
            training, so that characters learn to stand for them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reader: Literal["recurrent", "convolutional"] = "recurrent"
    character_size: int = Field(default=32, ge=1, le=100_000)
    size: int = Field(default=64, ge=2, le=100_000)
    word_dropout: float = Field(default=0.1, ge=0.0, lt=1.0)


class EncoderDecoderConfig(SizesConfig):
    """What an encoder and a decoder are made of; see `TranslatedConfig`."""

    embedding_size: int = Field(default=256, ge=1, le=1_000_000)
    hidden_size: int = Field(default=512, ge=2, le=1_000_000, multiple_of=2)
    is_tied: bool = False


class DecoderConfig(BaseModel):
    """What a decoder does with what was read; see `TranslatedConfig`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attention: Literal["general", "dot", "additive"] = "general"
    has_input_feeding: bool = False
    has_copying: bool = False
    smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _check(self) -> "DecoderConfig":
        if self.has_copying and self.smoothing:
            raise ValueError(
                "targets cannot be smoothed over symbols that are copied: set smoothing = 0 or "
                "has_copying = false"
            )
        return self
