"""Sizes that follow from a source: of every kind of network, tied or not, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from recurry.data.vector_files import save_vectors
from recurry.data.vectors import WordVectors
from recurry.errors import UsageError
from recurry.runs.configuration import load_config
from recurry.runs.run import start
from recurry.runs.sizes import find_sizes

WORDS = ("the", "cat", "dog", "ran")
LINES = "the dog ran\na cat sat\nthe mouse sat\n" * 9


@pytest.fixture
def file(tmp_path) -> Path:
    """A file of vectors of five numbers."""
    matrix = np.random.default_rng(0).standard_normal((len(WORDS), 5)).astype(np.float32)
    save_vectors(WordVectors(words=WORDS, matrix=matrix), tmp_path / "words.vec")
    return tmp_path / "words.vec"


def _trained(folder: Path, task: str, **settings) -> str:
    """The folder of a model of words with small layers."""
    (folder / "text.txt").write_text(LINES)
    rows = [f"{line},{number % 2}" for number, line in enumerate(LINES.splitlines())]
    (folder / "rows.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    is_language = task == "language"
    first = {
        "data.paths": [str(folder / ("text.txt" if task in ("language", "fill") else "rows.csv"))],
        "data.validation": 0.0,
        "network.cell": "gru",
        "network.hidden_size": 6,
        "network.embedding_size": 5,
        "training.epochs": 1,
    }
    first |= {"training.lanes": 4, "window.k1": 16} if is_language else {}
    first |= {} if task == "fill" else {f"{'data' if is_language else 'text'}.tokens": "words"}
    run = start(load_config(overrides=first | settings, task=task), folder / task)
    for _ in run.train():
        pass
    return str(folder / task)


def _sizes(config) -> tuple[int, int]:
    return config.network.embedding_size, config.network.hidden_size


def test_sizes_that_nobody_named_are_those_of_the_source(tmp_path, file):
    source = _trained(tmp_path, "language", **{"network.num_layers": 2})
    path = {"transfer.start_from": source}
    found = load_config("classify", overrides=path).network
    sizes = (found.cell, found.embedding_size, found.hidden_size, found.num_layers)
    assert sizes == ("gru", 5, 6, 2)
    named = load_config("classify", overrides=path | {"network.hidden_size": 9}).network
    assert (named.hidden_size, named.embedding_size) == (9, 5)
    own = load_config("classify", overrides={"transfer.embeddings": str(file)}).network
    assert (own.embedding_size, own.hidden_size) == (5, 96)
    written = load_config("translate", overrides=path).network
    assert (written.embedding_size, written.hidden_size) == (5, 6)


def test_an_encoder_has_half_of_the_units_of_its_decoder(tmp_path):
    asked = {"start_from": _trained(tmp_path, "classify")}
    assert find_sizes(asked, {}, task="translate")["hidden_size"] == 12
    assert find_sizes(asked, {}, task="tag")["hidden_size"] == 6


def test_own_equations_are_taken_as_such(tmp_path):
    cell = "h = tanh(W @ x + U @ h)"
    source = _trained(tmp_path, "language", **{"network.cell": cell})
    found = find_sizes({"start_from": source}, {}, task="classify")
    assert found["cell"].strip() == cell


def test_sizes_of_what_cannot_be_are_left_to_the_checks():
    assert find_sizes({}, {}, task="classify") == {}
    assert find_sizes({"embeddings": 3}, {}, task="classify") == {}
    assert find_sizes({"embeddings": "a", "start_from": "b"}, {}, task="classify") == {}


def test_half_of_the_vectors_of_what_writes_for_a_class_is_that_of_a_symbol(tmp_path, file):
    """A class is read beside every symbol unless it is said otherwise."""
    source = _trained(tmp_path, "language")
    first = {"data.paths": [str(tmp_path / "rows.csv")], "data.validation": 0.0}
    first |= {"text.tokens": "words", "training.patience": 0}
    for key, path in (("embeddings", str(file)), ("start_from", source)):
        asked = first | {f"transfer.{key}": path}
        config = load_config("conditional", overrides={"data.layout": "csv"} | asked)
        assert (config.network.feed, config.network.embedding_size) == ("every", 10)
        run = start(config, tmp_path / key)
        assert run.model.network.symbols.weight.shape[1] == 5
        run.close()
    with pytest.raises(UsageError, match="should be a multiple of 2"):
        load_config("conditional", overrides=asked | {"network.feed": "first"})
    wrong = {"network.embedding_size": 8, "network.hidden_size": 6, "network.cell": "gru"}
    config = load_config(task="conditional", overrides=asked | wrong)
    with pytest.raises(UsageError, match="those of the network have 4") as caught:
        start(config, tmp_path / "wrong")
    assert "--set network.embedding_size=10, or leave it out" in str(caught.value)


def test_layers_of_a_tied_network_are_as_large_as_the_vectors_of_a_file(tmp_path, file):
    (tmp_path / "text.txt").write_text(LINES)
    asked = {"transfer.embeddings": str(file), "data.paths": [str(tmp_path / "text.txt")]}
    config = load_config("fill", overrides=asked)
    assert (*_sizes(config), config.network.is_tied) == (5, 5, True)
    run = start(config, tmp_path / "run")
    row = run.model.network.symbols.weight[run.model.knowledge.codec.vocabulary.numbers["dog"]]
    assert run.model.network.weight is None
    assert torch.any(row != 0)
    run.close()
    named = load_config("fill", overrides=asked | {"network.embedding_size": 5})
    assert (*_sizes(named), named.network.is_tied) == (5, 5, True)


def test_a_network_whose_sizes_differ_is_not_tied_unless_it_is_said(tmp_path, file):
    source = _trained(tmp_path, "language")
    cases = [
        ({"transfer.start_from": source}, (5, 6), "--set network.is_tied=false\n"),
        (
            {"transfer.embeddings": str(file), "network.hidden_size": 7},
            (5, 7),
            "--set network.is_tied=false, or --hidden-size 5\n",
        ),
    ]
    for asked, sizes, hint in cases:
        config = load_config("fill", overrides=asked)
        assert (*_sizes(config), config.network.is_tied) == (*sizes, False)
        with pytest.raises(UsageError, match="cannot be the scores of symbols") as caught:
            load_config("fill", overrides=asked | {"network.is_tied": True})
        assert hint in f"{caught.value}\n"
        again = load_config("fill", overrides=asked | {"network.is_tied": False})
        assert _sizes(again) == sizes
    whole = {"cell": "gru", "embedding_size": 8, "hidden_size": 6, "num_layers": 1}
    with pytest.raises(UsageError, match=r"network\.is_tied=false") as caught:
        find_sizes(
            {"start_from": "is not read"},
            whole | {"is_tied": True},
            named={*whole, "is_tied"},
            task="fill",
        )
    assert "network.embedding_size 8, network.hidden_size 6" in str(caught.value)


def test_one_hot_vectors_are_no_size_for_what_needs_vectors(tmp_path):
    source = _trained(tmp_path, "language", **{"network.embedding_size": 0})
    asked = {"transfer.start_from": source}
    assert load_config("classify", overrides=asked).network.embedding_size == 0
    assert load_config("tag", overrides=asked).network.embedding_size == 100
