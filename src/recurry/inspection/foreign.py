"""Language models that were trained elsewhere: a `torch.nn.RNN`, `LSTM` or `GRU` in a safetensors
file, and a small TOML file that names its parts.

Comes in: the TOML file. Goes out: a `Subject`. Imports network and data. Nothing is unpickled.
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import safetensors
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from recurry.data.codec import Codec, byte_codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import Words
from recurry.errors import UsageError, nearest
from recurry.inspection.language_subject import LanguageSubject, describe_layers
from recurry.network.convert import from_torch
from recurry.network.recurrent import Recurrent

# kind -> module of torch, its options, gates stacked in one of its matrices
_KINDS: dict[str, tuple[Callable[..., nn.Module], dict[str, str], int]] = {
    "rnn": (nn.RNN, {"nonlinearity": "tanh"}, 1),
    "rnn_relu": (nn.RNN, {"nonlinearity": "relu"}, 1),
    "lstm": (nn.LSTM, {}, 4),
    "gru": (nn.GRU, {}, 3),
}
_MOST_NAMED = 30
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}
# Symbols of several characters among single ones, such as <pad>, are read as these.
_PRIVATE = 0xF0000


class VocabularyConfig(BaseModel):
    """Which number stands for which symbol.

    Attributes:
        tokens: `characters`, `words` or `bytes`.
        file: A JSON list of symbols, or a JSON table from symbols to numbers, or a symbol a line,
            where `\\n`, `\\t` and `\\\\` stand for those characters; none for bytes.
        symbols: All characters in order, in the place of a file.
        unknown: The symbol that stands for all others, if there is one.
        is_lower: Whether text is lower-cased first.
        is_spaced: Whether words are cut by white space alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: Literal["characters", "words", "bytes"] = "characters"
    file: str | None = None
    symbols: str | None = None
    unknown: str | None = None
    is_lower: bool = False
    is_spaced: bool = False


class ForeignConfig(BaseModel):
    """Where the parts of a model are.

    Attributes:
        weights: The safetensors file, beside the TOML file.
        kind: `lstm`, `gru`, `rnn` or `rnn_relu`.
        rnn: What stands before `.weight_ih_l0`; empty where nothing does.
        output: What stands before `.weight` and `.bias` of the scores; `tied` for a model that
            scores with its embedding.
        embedding: The tensor with a vector for each symbol; none for one-hot vectors.
        vocabulary: Which number stands for which symbol.
        title: What the model is called.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str
    kind: Literal["rnn", "rnn_relu", "lstm", "gru"]
    rnn: str = "rnn"
    output: str
    embedding: str | None = None
    vocabulary: VocabularyConfig = Field(default_factory=VocabularyConfig)
    title: str = Field(default="", max_length=200)


def open_foreign(path: str | Path) -> LanguageSubject:
    """The model whose parts a TOML file names.

    Raises:
        UsageError: The file is no such table, or names what is not there; the message says what
            is.
    """
    path = Path(path)
    config = _read_config(path)
    codec, names = _read_vocabulary(config.vocabulary, path)
    tensors = _read_tensors(path.parent / config.weights)
    recurrent = _make_layers(config, tensors)
    table = None if config.embedding is None else tensors.take(config.embedding)
    if config.output == "tied" and table is None:
        raise UsageError(
            "A tied output needs an embedding.", where=str(path), hint="embedding = ..."
        )
    weight = table if config.output == "tied" else tensors.take(f"{config.output}.weight")
    assert weight is not None
    bias = tensors.find(f"{config.output}.bias")
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    _check_sizes(codec.num_symbols, recurrent, table=table, weight=weight)
    title = config.title or path.stem
    return LanguageSubject(
        title=f"{title}: {describe_layers(recurrent)}, {codec.num_symbols:,} symbols",
        recurrent=recurrent,
        table=table,
        head=(weight, bias),
        codec=codec,
        names=names,
        kind="foreign",
    )


class _Tensors:
    """The tensors of a file, each read when it is asked for."""

    def __init__(self, path: Path, names: Mapping[str, tuple[int, ...]]) -> None:
        self.path, self.names = path, names

    def find(self, name: str) -> Tensor | None:
        """A tensor in float32 or float64; None if there is none."""
        if name not in self.names:
            return None
        with _reading(self.path), safetensors.safe_open(self.path, "pt") as file:
            found: Tensor = file.get_tensor(name)
        return found if found.dtype == torch.float64 else found.float()

    def take(self, name: str) -> Tensor:
        """A tensor that has to be there.

        Raises:
            UsageError: It is not.
        """
        found = self.find(name)
        if found is None:
            raise self.missing(name)
        return found

    def missing(self, name: str) -> UsageError:
        """The error for a tensor that is not there, with those that are."""
        close = nearest(name, self.names)
        return UsageError(
            f"The file has no tensor {name!r}.",
            where=str(self.path),
            accepted=self.listed(),
            hint=" or ".join(close) if close else None,
        )

    def listed(self) -> str:
        """The names and shapes of tensors."""
        shown = [f"{name} {shape}" for name, shape in list(self.names.items())[:_MOST_NAMED]]
        more = len(self.names) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")


def _make_layers(config: ForeignConfig, tensors: _Tensors) -> Recurrent:
    """The layers, with their weights."""
    prefix = f"{config.rnn}." if config.rnn else ""
    first = f"{prefix}weight_hh_l0"
    if first not in tensors.names:
        raise tensors.missing(first)
    found = {name for name in tensors.names if name.startswith(prefix)}
    for part, reason in (("_reverse", "reads both ways"), ("weight_hr", "has projections")):
        if any(part in name for name in found):
            raise UsageError(
                f"This model {reason}, which no language model here does.",
                where=f"{prefix}*{part}*",
                accepted="layers that read forward, without proj_size",
            )
    module, options, gates = _KINDS[config.kind]
    rows, hidden = tensors.names[first]
    if rows != gates * hidden:
        raise UsageError(
            f"The weights are not those of the kind {config.kind!r}.",
            got=f"{first} of shape ({rows}, {hidden})",
            accepted=f"({gates * hidden}, {hidden})",
            hint=" or ".join(
                repr(kind) for kind, (*_, count) in _KINDS.items() if rows == count * hidden
            )
            or None,
        )
    num_layers = sum(name.startswith(f"{prefix}weight_hh_l") for name in found)
    inputs = tensors.names.get(f"{prefix}weight_ih_l0", (0, 1))[1]
    has_bias = f"{prefix}bias_ih_l0" in found
    made = module(inputs, hidden, num_layers, bias=has_bias, **options).eval()
    weights = {name: tensors.take(f"{prefix}{name}") for name in made.state_dict()}
    made.to(weights["weight_hh_l0"].dtype)
    try:
        made.load_state_dict(weights)
    except RuntimeError as error:
        raise UsageError(
            "The tensors of the layers do not fit together.",
            where=str(tensors.path),
            got=tensors.listed(),
        ) from error
    return from_torch(made)


def _check_sizes(
    num_symbols: int, recurrent: Recurrent, *, table: Tensor | None, weight: Tensor
) -> None:
    """Raise an error where the parts do not fit together."""
    counts = {"output": len(weight)}
    counts["input" if table is None else "embedding"] = (
        recurrent.input_size if table is None else len(table)
    )
    for name, count in counts.items():
        if count != num_symbols:
            raise UsageError(
                f"The vocabulary and the {name} have different numbers of symbols.",
                got=f"{num_symbols:,} and {count:,}",
                hint="the vocabulary of this model, in the order of its numbers",
            )
    if table is not None and table.shape[1] != recurrent.input_size:
        raise UsageError(
            "The layers read vectors of another size than the embedding has.",
            got=f"{table.shape[1]}, read are {recurrent.input_size}",
        )
    if weight.shape[1] != recurrent.hidden_size:
        raise UsageError(
            "The output reads vectors of another size than the layers give.",
            got=f"{weight.shape[1]}, given are {recurrent.hidden_size}",
        )


def _read_config(path: Path) -> ForeignConfig:
    try:
        return ForeignConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path} cannot be read.", got=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML file.", got=str(error)) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise UsageError(
            f"{path} does not name the parts of a model.",
            where=".".join(str(part) for part in first["loc"]),
            got=first["msg"],
            accepted=", ".join(ForeignConfig.model_fields),
        ) from error


def _read_tensors(path: Path) -> _Tensors:
    with _reading(path), safetensors.safe_open(path, "pt") as file:
        names = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
    return _Tensors(path, names)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, safetensors.SafetensorError) as error:
        raise UsageError(
            f"The weights {path} cannot be read.",
            got=str(error)[:200],
            accepted="a safetensors file, as safetensors.torch.save_file writes it",
        ) from error


def _read_vocabulary(config: VocabularyConfig, path: Path) -> tuple[Codec, tuple[str, ...] | None]:
    """The codec, and the names of symbols where they differ from it."""
    data = DataConfig(tokens=config.tokens)
    if config.tokens == "bytes":
        return byte_codec(data), None
    names = _read_symbols(config, path)
    unknown = None if config.unknown is None else _number(names, config.unknown)
    symbols = tuple(names)
    tokeniser: Characters | Words = Characters(is_lower=config.is_lower)
    if config.tokens == "words":
        if unknown is None:
            raise UsageError(
                "A vocabulary of words needs a symbol for all others.",
                where="vocabulary.unknown",
                hint='unknown = "<unk>"',
            )
        tokeniser = Words(is_lower=config.is_lower, is_spaced=config.is_spaced)
    else:
        symbols = tuple(
            name if len(name) == 1 else chr(_PRIVATE + number) for number, name in enumerate(names)
        )
    vocabulary = Vocabulary(symbols=symbols, counts=(0,) * len(symbols), unknown=unknown)
    return Codec(config=data, tokeniser=tokeniser, vocabulary=vocabulary), tuple(names)


def _read_symbols(config: VocabularyConfig, path: Path) -> list[str]:
    if (config.file is None) == (config.symbols is None):
        raise UsageError(
            "The vocabulary is named neither by a file nor by its symbols, or by both.",
            where=str(path),
            accepted="one of vocabulary.file and vocabulary.symbols",
        )
    if config.symbols is not None:
        return _different(list(config.symbols), path)
    assert config.file is not None
    source = path.parent / config.file
    try:
        text = source.read_text(encoding="utf-8")
        found: Any = json.loads(text) if source.suffix == ".json" else _lines(text)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"The vocabulary {source} cannot be read.", got=str(error)) from error
    if isinstance(found, dict) and sorted(found.values(), key=str) == sorted(
        range(len(found)), key=str
    ):
        found = sorted(found, key=found.__getitem__)
    if not isinstance(found, list) or not all(isinstance(name, str) and name for name in found):
        raise UsageError(
            f"The vocabulary {source} is no list of symbols.",
            accepted="a JSON list, a JSON table from symbols to the numbers from 0, or a symbol a "
            "line",
        )
    return _different(found, source)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [_ESCAPES.get(line, line) for line in (lines[:-1] if not lines[-1] else lines)]


def _different(names: list[str], source: Path) -> list[str]:
    if not names or len(set(names)) != len(names):
        raise UsageError(
            f"The vocabulary {source} is empty or names a symbol twice.",
            accepted="every symbol once, in the order of their numbers",
        )
    return names


def _number(names: list[str], unknown: str) -> int:
    if unknown not in names:
        raise UsageError(
            f"The vocabulary has no symbol {unknown!r}.",
            where="vocabulary.unknown",
            accepted=", ".join(names[:_MOST_NAMED]),
        )
    return names.index(unknown)
