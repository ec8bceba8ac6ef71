"""Runs that begin with vectors or with a model: every format, exact resume, what is kept."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

import recurry
from recurry.data.vector_files import save_vectors
from recurry.data.vectors import WordVectors
from recurry.errors import DataError, ModelFileError, UsageError
from recurry.runs.configuration import load_config
from recurry.runs.run import resume, start
from recurry.runs.sources import find_source
from recurry.training.configuration import TransferConfig

WORDS = ("the", "cat", "dog", "mouse", "good")
SMALL = {
    "network.cell": "gru",
    "network.hidden_size": 6,
    "training.epochs": 3,
}


@pytest.fixture
def vectors() -> WordVectors:
    matrix = np.random.default_rng(0).standard_normal((len(WORDS), 5)).astype(np.float32)
    return WordVectors(words=WORDS, matrix=matrix)


@pytest.fixture
def file(tmp_path, vectors) -> Path:
    """A file of those vectors."""
    save_vectors(vectors, tmp_path / "words.vec")
    return tmp_path / "words.vec"


def _config(folder: Path, **settings):
    path = folder / "a.csv"
    path.write_text("text,label\n" + "a good dog,1\na bad cat,0\nthe dog ran,1\n" * 8)
    first = {"data.paths": [str(path)], "data.validation": 0.0, "batches.records": 6}
    return load_config(overrides=SMALL | first | settings, task="classify")


def _train(run) -> None:
    for _ in run.train():
        pass


def _language(folder: Path, **settings) -> Path:
    """The folder of a language model, at its beginning."""
    (folder / "text.txt").write_text("the dog ran\na cat sat\nthe mouse sat\n" * 9)
    first = {
        "data.paths": [str(folder / "text.txt")],
        "data.tokens": "words",
        "data.validation": 0.0,
        "network.embedding_size": 5,
        "training.lanes": 4,
        "training.epochs": 1,
        "window.k1": 16,
    }
    run = start(load_config(overrides=SMALL | first | settings), folder / "language")
    _train(run)
    return folder / "language"


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.vec", "text"),
        ("a.bin", "binary"),
        ("a.txt", "glove"),
        ("a.ft.bin", "fasttext"),
        ("a.bin.gz", "binary"),
    ],
)
def test_every_format_can_be_begun_with(tmp_path, vectors, name, format):
    save_vectors(vectors, tmp_path / name, format=format)
    heard: list[str] = []
    config = _config(tmp_path, **{"transfer.embeddings": str(tmp_path / name)})
    assert config.network.embedding_size == 5
    run = start(config, tmp_path / "run", notify=heard.append)
    network, symbols = run.model.network, run.model.knowledge.codec.vocabulary.numbers
    row = network.front.weight[symbols["dog"]]
    assert torch.equal(row, torch.from_numpy(vectors.vector("dog")))
    assert "mouse" in symbols
    assert any(line.startswith(f"{name} has 4 of the 7 symbols") for line in heard)
    run.close()


def test_frozen_vectors_stay_as_they_are(tmp_path, file):
    settings = {"transfer.embeddings": str(file), "transfer.freeze_embeddings": True}
    run = start(_config(tmp_path, **settings), tmp_path / "run")
    before = {name: w.detach().clone() for name, w in run.model.network.named_parameters()}
    _train(run)
    found = recurry.load(tmp_path / "run").network.state_dict()
    assert torch.equal(found["front.weight"], before["front.weight"])
    assert not torch.equal(found["head.linear.weight"], before["head.linear.weight"])
    file.unlink()  # the model file needs it no more, nor does its training go on without rights
    assert recurry.load(tmp_path / "run").network.front.weight.shape[1] == 5


def test_vectors_that_are_not_frozen_are_trained(tmp_path, file):
    run = start(_config(tmp_path, **{"transfer.embeddings": str(file)}), tmp_path / "run")
    before = run.model.network.front.weight.detach().clone()
    _train(run)
    assert not torch.equal(run.model.network.front.weight, before)


TRANSFERS = {
    "frozen": {"transfer.freeze_embeddings": True},
    "unfreezing": {"transfer.unfreeze_epochs": 1, "transfer.layer_rate": 0.5},
    "averaged": {"transfer.unfreeze_epochs": 0.5, "training.averaging": 0.9},
    "asgd": {"transfer.layer_rate": 0.3, "optimiser.name": "asgd"},
}


@pytest.mark.parametrize(
    ("name", "stop"),
    [("frozen", 7), ("unfreezing", 1), ("unfreezing", 7), ("averaged", 5), ("asgd", 8)],
)
def test_resuming_gives_the_same_bytes_without_the_source(tmp_path, name, stop):
    source = _language(tmp_path)
    config = _config(tmp_path, **{"transfer.start_from": str(source)}, **TRANSFERS[name])
    _train(start(config, tmp_path / "whole"))
    for progress in start(config, tmp_path / "cut").train():
        if progress.update == stop:
            break
    source.rename(tmp_path / "gone")
    run = resume(tmp_path / "cut")
    assert run.state.update == stop
    _train(run)
    for kept in ("log.jsonl", "model.safetensors"):
        assert (tmp_path / "cut" / kept).read_bytes() == (tmp_path / "whole" / kept).read_bytes()


def test_parts_are_trained_one_after_the_other(tmp_path):
    source = _language(tmp_path)
    settings = {"transfer.start_from": str(source), "transfer.unfreeze_epochs": 1}
    run = start(_config(tmp_path, **settings), tmp_path / "run")
    watched = {
        "new": "head.linear.weight",
        "other direction": "recurrent.layers.0.backward.W_h",
        "layer": "recurrent.layers.0.forward.W_h",
        "vectors": "front.weight",
    }
    weights = run.state.weights
    old = {part: weights[name].detach().clone() for part, name in watched.items()}
    first: dict[str, int] = {}
    for progress in run.train():
        for part, name in watched.items():
            if not torch.equal(weights[name], old[part]):
                first.setdefault(part, progress.epoch)
    assert first == {"new": 0, "other direction": 0, "layer": 1, "vectors": 2}


def test_lower_parts_learn_at_lower_rates(tmp_path):
    source = _language(tmp_path)
    settings = {"optimiser.name": "sgd", "training.epochs": 1, "batches.records": 99}
    moved = {}
    for rate in (1.0, 0.5):
        config = _config(
            tmp_path,
            **settings,
            **{"transfer.start_from": str(source), "transfer.layer_rate": rate},
        )
        run = start(config, tmp_path / f"run-{rate}")
        old = {name: w.detach().clone() for name, w in run.state.weights.items()}
        _train(run)
        moved[rate] = {name: w.detach() - old[name] for name, w in run.state.weights.items()}
    factors = {"head.linear.weight": 1, "recurrent.layers.0.forward.U_h": 2, "front.weight": 4}
    for name, factor in factors.items():
        expected = factor * moved[0.5][name]  # differences of large numbers are not exact
        torch.testing.assert_close(moved[1.0][name], expected, rtol=1e-2, atol=1e-6)


def test_a_model_file_says_whence_it_comes_and_names_no_folder(tmp_path):
    source = _language(tmp_path)
    config = _config(tmp_path, **{"transfer.start_from": str(source)})
    _train(start(config, tmp_path / "run"))
    found = recurry.load(tmp_path / "run").provenance["transfer"]
    sum_of_file = hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    assert found["source"] == "language"
    assert found["sha256"] == sum_of_file
    assert found["layer_rate"] == 1.0
    assert str(tmp_path).encode() not in (tmp_path / "run" / "model.safetensors").read_bytes()


def test_paths_become_whole(tmp_path, file, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = _config(tmp_path, **{"transfer.embeddings": "words.vec"})
    run = start(config, "run")
    run.close()
    assert run.config.transfer.embeddings == str(file)
    monkeypatch.chdir("/")
    resume(tmp_path / "run").close()


def test_damaged_numbers_are_prepared_again_with_the_symbols_of_the_source(tmp_path, file):
    run = start(_config(tmp_path, **{"transfer.embeddings": str(file)}), tmp_path / "run")
    for progress in run.train():
        if progress.update == 2:
            break
    key, whole = run.prepared.key, run.model.knowledge.codec.vocabulary
    (tmp_path / "run" / "data" / "train.npz").write_bytes(b"")
    again = resume(tmp_path / "run")
    assert again.prepared.key == key
    assert again.model.knowledge.codec.vocabulary == whole
    again.close()


def test_a_language_model_goes_on_with_another_text(tmp_path):
    source = _language(tmp_path)
    (tmp_path / "other.txt").write_text("the cow sat\na cow ran\n" * 40)
    config = load_config(
        overrides=SMALL
        | {
            "data.paths": [str(tmp_path / "other.txt")],
            "data.tokens": "words",
            "data.validation": 0.0,
            "training.lanes": 4,
            "training.epochs": 1,
            "window.k1": 16,
            "transfer.start_from": str(source),
        }
    )
    heard: list[str] = []
    run = start(config, tmp_path / "run", notify=heard.append)
    symbols = run.model.codec.vocabulary.numbers
    assert {"cow", "mouse"} <= set(symbols)
    assert "the head is taken as well" in heard
    _train(run)
    assert recurry.load(tmp_path / "run").codec.vocabulary.symbols == tuple(symbols)


@pytest.mark.parametrize("most", [0, 1])
def test_only_so_many_words_join(tmp_path, file, most):
    settings = {"transfer.embeddings": str(file), "transfer.most_words": most}
    run = start(_config(tmp_path, **settings), tmp_path / "run")
    assert "mouse" not in run.model.knowledge.codec.vocabulary.numbers
    run.close()


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="no such file of word vectors"):
        _config(tmp_path, **{"transfer.embeddings": str(tmp_path / "no.vec")})
    with pytest.raises(ModelFileError, match="There is no model"):
        _config(tmp_path, **{"transfer.start_from": str(tmp_path / "no")})
    assert find_source(TransferConfig()) is None
    source = find_source(TransferConfig(embeddings=str(tmp_path / "no.vec")))
    assert source is not None
    with pytest.raises(DataError, match="source of a transfer cannot be read"):
        _ = source.sha256


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transfer.embeddings": "a.vec", "transfer.start_from": "b"}, "keep one of them"),
        ({"transfer.freeze_embeddings": True}, "set embeddings or start_from"),
        ({"transfer.layer_rate": 0.5}, "set embeddings or start_from"),
        ({"transfer.unfreeze_epochs": 1}, "set start_from"),
    ],
)
def test_contradictions_are_named(tmp_path, settings, message):
    with pytest.raises(UsageError, match=message):
        _config(tmp_path, **settings)


def test_weights_that_are_drawn_anew_take_nothing_over(tmp_path, file):
    settings = {"transfer.embeddings": str(file), "training.initial": "normal(0.1)"}
    with pytest.raises(UsageError, match=r"training\.initial would draw anew"):
        _config(tmp_path, **settings)
