"""Model files: the same model back, the format as specified, every damage refused."""

import json
import os
import resource
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors
import torch

from recurry.artefact.model_file import FORMAT, load_model, save_model
from recurry.compiler.cell import Cell
from recurry.data.configuration import DataConfig
from recurry.data.prepare import prepare
from recurry.errors import ModelFileError, RunError
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.network.symbols import SymbolNetwork
from recurry.tasks.language import LanguageModel

ROOT = Path(__file__).parents[2]
TEXT = "the quick brown fox jumps over the lazy dog\n" * 20


@pytest.fixture
def codec(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    return prepare(DataConfig(paths=(str(tmp_path / "text.txt"),)), tmp_path / "data").codec


@pytest.fixture
def model(codec):
    config = NetworkConfig(cell="lstm", hidden_size=5, num_layers=2, embedding_size=3)
    model = LanguageModel.build(
        network_config=config, codec=codec, dropout=Dropout(between=0.25), seed=1
    )
    return model.with_scores({"validation_loss_nats": 1.5}).with_provenance({"data_sha256": "ab"})


@pytest.fixture
def path(model, tmp_path):
    save_model(model, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def _description(path: Path) -> dict:
    with safetensors.safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["recurry"])


def _edit(path: Path, change, *, data=None) -> None:
    """Rewrite the header after `change`, which gets header and description."""
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + size])
    description = json.loads(header["__metadata__"]["recurry"])
    change(header, description)
    header["__metadata__"] = header.get("__metadata__") and {"recurry": json.dumps(description)}
    text = json.dumps({k: v for k, v in header.items() if v is not None}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + (data or raw[8 + size :]))


def test_the_same_model_comes_back(model, path):
    again = load_model(path)
    assert again.cell.graph == model.cell.graph
    assert again.network.cell == model.cell
    assert again.cell.to_dict() == model.cell.to_dict()
    assert again.network_config == model.network_config
    assert again.dropout == model.dropout
    assert again.codec.vocabulary == model.codec.vocabulary
    assert dict(again.scores) == dict(model.scores)
    assert dict(again.provenance) == dict(model.provenance)
    assert not again.network.training
    symbols = torch.arange(12).reshape(6, 2)
    model.network.eval()
    assert torch.equal(again.network(symbols)[0], model.network(symbols)[0])


def test_loading_and_saving_gives_the_same_bytes(path, tmp_path):
    save_model(load_model(path), tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_loading_draws_nothing_from_torch_s_generator(path):
    before = torch.get_rng_state()
    load_model(path)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("is_tied", [False, True])
def test_every_precision_and_tied_weights(codec, tmp_path, precision, is_tied):
    config = NetworkConfig(
        cell="gru", hidden_size=4, embedding_size=4, is_tied=is_tied, precision=precision
    )
    model = LanguageModel.build(network_config=config, codec=codec)
    save_model(model, tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    ours, theirs = model.network.state_dict(), again.network.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_stranger_s_cell_loads_without_its_file(codec, tmp_path):
    cell = Cell.parse("h = tanh(W @ x + u * h)\n", name="mine", initial={"u": 0.5})
    config = NetworkConfig(cell="mine.cell", hidden_size=4)
    network = SymbolNetwork(cell, config, dropout=Dropout(), num_symbols=codec.num_symbols)
    model = LanguageModel(
        cell=cell, network_config=config, dropout=Dropout(), codec=codec, network=network
    )
    save_model(model, tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert again.cell == cell
    assert again.network_config.cell == "mine"


def test_folders_of_the_training_machine_are_not_written_down(path, tmp_path):
    assert str(tmp_path) not in path.read_bytes().decode("latin-1")
    assert _description(path)["codec"]["data"]["paths"] == ["text.txt"]


def test_a_run_folder_will_do(path):
    assert load_model(path.parent).cell.name == "lstm"


def test_the_page_s_description_of_the_format(model, path):
    description = _description(path)
    assert list(description) == [
        "sha256",
        "format",
        "kind",
        "recurry",
        "cell",
        "network",
        "dropout",
        "codec",
        "scores",
        "provenance",
    ]
    assert (description["format"], description["kind"]) == (1, "language model")
    page = (ROOT / "docs" / "model-file.md").read_text()
    for key in description:
        assert f"`{key}`" in page
    names = set(model.network.state_dict())
    assert {"embedding.weight", "head.weight", "head.bias"} < names
    assert "recurrent.layers.1.forward.U_f" in names


def _refused(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("size", [0, 4, 8, 100, -1])
def test_a_file_that_was_cut_off(path, size):
    path.write_bytes(path.read_bytes()[:size])
    assert "shorter" in _refused(path)


def test_any_flipped_bit_is_noticed(path, rng):
    raw = path.read_bytes()
    for place in rng.integers(len(raw), size=150).tolist():
        changed = bytearray(raw)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(changed))
        _refused(path)


def test_a_missing_file_and_a_folder_without_a_model(tmp_path):
    assert "There is no model at" in _refused(tmp_path / "no-such")
    assert "There is no model at" in _refused(tmp_path)


def test_a_safetensors_file_of_somebody_else(tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.torch.save_file({"w": torch.zeros(3)}, path)
    assert "no model of recurry" in _refused(path)


def test_a_newer_format(path):
    _edit(path, lambda _, description: description.update(format=FORMAT + 1))
    text = _refused(path)
    assert "newer recurry" in text
    assert f"format {FORMAT + 1}" in text
    assert "--upgrade" in text


def test_a_newer_format_may_differ_in_anything_but_its_number(path):
    def change(header, description):
        header["head.bias"] |= {"dtype": "BF16"}
        description.clear()
        description["format"] = FORMAT + 1

    _edit(path, change)
    assert "newer recurry" in _refused(path)


def test_what_is_there_and_cannot_be_read(tmp_path):
    (tmp_path / "model.safetensors").mkdir()
    assert "model.safetensors cannot be read" in _refused(tmp_path)
    assert "File name too long" in _refused(tmp_path / ("a" * 300))
    (tmp_path / "file").touch()
    assert "There is no model at" in _refused(tmp_path / "file" / "model.safetensors")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", "1", "no format number"),
        ("format", 0, "its format is 0"),
        ("kind", "speech model", "speech model"),
        ("sha256", None, "no sum"),
        ("cell", [], "lacks one of the tables"),
        ("codec", {}, ""),
        ("network", {"hidden_size": -1}, "configuration is wrong at 'hidden_size'"),
        ("network", {"hidden_sice": 3}, "hidden_sice"),
        ("dropout", {"input": 2}, "configuration is wrong at 'input'"),
        ("scores", {"x": "y"}, "scores are no numbers"),
    ],
)
def test_a_description_that_is_wrong(path, key, value, words):
    _edit(path, lambda _, description: description.update({key: value}))
    assert words in _refused(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hidden_size": 1_000_000}, "equations ask"),
        ({"num_layers": 1000}, "fewer tensors than layers"),
        ({"num_layers": 1}, "belongs to no part"),
        ({"num_layers": 3}, "is missing"),
        ({"precision": "float64"}, "precision asks F64"),
    ],
)
def test_sizes_that_do_not_fit_the_file(path, change, words):
    _edit(path, lambda _, description: description["network"].update(change))
    assert words in _refused(path)


@pytest.mark.parametrize(
    "equations",
    ["h = ", "h = __import__('os')", "h = " + "(" * 10_000, "h = x\nh = x", 3, None],
)
def test_equations_that_are_wrong(path, equations):
    _edit(path, lambda _, description: description["cell"].update(equations=equations))
    assert "damaged, or no model file" in _refused(path)


def test_a_changed_score_breaks_the_sum(path):
    _edit(path, lambda _, description: description["scores"].update(validation_loss_nats=0.1))
    assert "SHA-256" in _refused(path)


def test_weights_that_are_no_numbers(model, tmp_path):
    with torch.no_grad():
        next(model.network.parameters()).fill_(torch.nan)
    save_model(model, tmp_path / "m.safetensors")
    assert "no numbers" in _refused(tmp_path / "m.safetensors")


def test_a_full_disk_keeps_the_old_file(model, path):
    old = path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(RunError, match="larger than allowed") as caught:
            save_model(replace(model, scores={}), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == old


def test_hostile_files_in_small():
    """The benchmark in small: see bench/fuzz_model_file.py."""
    command = [sys.executable, str(ROOT / "bench" / "fuzz_model_file.py"), "--mutants", "1500"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1500 mutants, 0 failures" in done.stdout
