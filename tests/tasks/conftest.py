"""A small language model over seven letters, and small models of every task."""

from collections.abc import Callable
from typing import Any

import pytest

from recurry.data.codec import Codec, make_tokeniser
from recurry.data.configuration import DataConfig
from recurry.data.known import Known
from recurry.data.vocabulary import Vocabulary
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.runs.configuration import load_config
from recurry.tasks.find import find_task
from recurry.tasks.language import LanguageModel


@pytest.fixture
def codec() -> Codec:
    """The codec of seven letters."""
    config = DataConfig()
    vocabulary = Vocabulary(symbols=tuple("abcdefg"), counts=(1,) * 7)
    return Codec(config=config, tokeniser=make_tokeniser(config), vocabulary=vocabulary)


@pytest.fixture
def model(codec) -> LanguageModel:
    """An untrained model with dropout, in float64."""
    config = NetworkConfig(cell="lstm", hidden_size=6, precision="float64")
    return LanguageModel.build(
        network_config=config, dropout=Dropout(output=0.5), codec=codec, seed=0
    )


SMALL_FILES = {
    "language": ("a.txt", "a cat sat\nthe dog ran\na dog barked\n" * 8),
    "classify": ("a.csv", "text,label\n" + "a good dog,1\na bad cat,0\nthe dog barked,1\n" * 6),
    "tag": ("a.conll", "a D\ndog N\nbarked V\n\nthe D\ncat N\nsat V\n\n" * 8),
    "translate": ("a.tsv", "a cat\tune chatte\na dog\tun chien\nthe dog\tle chien\n" * 6),
    "fill": ("a.txt", "a cat sat\nthe dog ran\na dog barked\n" * 8),
    "conditional": ("a.csv", "text,label\n" + "a good dog,1\na bad cat,0\nthe dog barked,1\n" * 6),
    "summarise": ("a.tsv", "a cat sat\ta cat\na dog ran\ta dog\nthe dog ran\tthe dog\n" * 6),
}
SMALL_SIZES = {"network.embedding_size": 4, "network.hidden_size": 6, "network.cell": "gru"}
SMALL_TOKENS = {"language": "data.tokens", "tag": None, "fill": None}


@pytest.fixture
def make_small(tmp_path) -> Callable[..., Any]:
    """A function that builds a small model of a task, by settings; `known` joins its symbols."""

    def make(name: str, *, known: Known | None = None, seed: int = 0, **settings) -> Any:
        file, text = SMALL_FILES[name]
        (tmp_path / file).write_text(text)
        tokens = SMALL_TOKENS.get(name, "text.tokens")
        first = {"data.paths": [str(tmp_path / file)], "data.validation": 0.0}
        first |= {tokens: "words"} if tokens else {}
        config = load_config(overrides=first | SMALL_SIZES | settings, task=name)
        task = find_task(name)
        prepared = task.prepare(config.tables, tmp_path / f"{name}-data", known)
        return task.build(config.tables, prepared, cell=config.network.cell, seed=seed)

    return make
