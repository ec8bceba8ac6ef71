"""The verb evaluate: scores of files and of a run's own text."""

import json
import math
import os

import numpy as np
import pytest
from click.testing import CliRunner

from recurry.artefact.model_file import save_model
from recurry.cli.main import recurry
from recurry.data.codec import byte_codec
from recurry.data.configuration import DataConfig
from recurry.data.prepare import prepare
from recurry.errors import DataError, UsageError
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel
from recurry.tasks.scoring import score

TEXT = "the quick brown fox jumps over the lazy dog\n" * 20


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    """A run folder r with prepared text and a random model, and the text itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    prepared = prepare(DataConfig(paths=("text.txt",), validation=0.2), tmp_path / "r" / "data")
    config = NetworkConfig(cell="gru", hidden_size=12)
    model = LanguageModel.build(network_config=config, codec=prepared.codec, seed=0)
    save_model(model, tmp_path / "r" / "model.safetensors")
    save_model(model, tmp_path / "m.safetensors")
    return tmp_path / "r"


def run(*arguments: str, text: str | bytes | None = None):
    """What the verb prints; an error is raised as main() would get it."""
    command = ["evaluate", *arguments]
    result = CliRunner().invoke(recurry, command, standalone_mode=False, input=text)
    if result.exception is not None:
        raise result.exception
    return result


def test_three_scores_with_the_number_of_symbols(run_folder):
    lines = run("m.safetensors", "text.txt").stdout.splitlines()
    assert lines[0] == f"{len(TEXT) - 1:,} characters predicted in text.txt"
    nats, bits, perplexity = (float(line.split()[0]) for line in lines[1:])
    assert bits == pytest.approx(nats / math.log(2), abs=1e-3)
    assert perplexity == pytest.approx(math.exp(nats), rel=1e-3)


def test_json_holds_the_same_as_python(run_folder):
    from recurry.artefact.model_file import load_model

    model = load_model("m.safetensors")
    expected = score(model, model.codec.encode(TEXT))
    found = json.loads(run("m.safetensors", "text.txt", "--json").stdout)
    assert found["loss_nats"] == pytest.approx(expected.loss_nats)
    assert found["num_symbols"] == expected.num_symbols == len(TEXT) - 1
    assert found["unit"] == "character"


def test_a_run_is_scored_on_what_it_held_out(run_folder):
    found = json.loads(run("r", "--json").stdout)
    assert found["text"] == "the validation part of r"
    assert found["num_symbols"] == len(TEXT) // 5 - 1
    assert json.loads(run("r", "--part", "train", "--json").stdout)["num_symbols"] > 500
    assert json.loads(run("r/model.safetensors", "--json").stdout) == found


def test_standard_input(run_folder):
    found = json.loads(run("m.safetensors", "-", "--json", text="the fox\n").stdout)
    assert found["num_symbols"] == 7


def test_painted_text(run_folder, monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    result = run("r", "--colour", "3", "--paint", "always", "--characters", "50")
    assert "layer 0, unit 3 of h" in result.stdout
    assert "\x1b[38;2;" in result.stdout
    run("m.safetensors", "text.txt", "--colour", "varying", "--html", "page.html")
    page = (run_folder.parent / "page.html").read_text()
    assert page.count("<figure") == 10
    assert "text.txt" in page


def test_bytes_are_scored_as_they_are(run_folder):
    config = NetworkConfig(cell="rnn", hidden_size=4)
    save_model(
        LanguageModel.build(network_config=config, codec=byte_codec(), seed=0), "bytes.safetensors"
    )
    (run_folder.parent / "raw.bin").write_bytes(np.arange(256, dtype=np.uint8).tobytes())
    found = json.loads(run("bytes.safetensors", "raw.bin", "--json").stdout)
    assert (found["unit"], found["num_symbols"]) == ("byte", 255)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["m.safetensors"], "no text to evaluate on"),
        (["n.safetensors", "text.txt"], "There is no model at"),
        (["r", "text.txt", "--part", "train"], "cannot be combined with FILES"),
        (["r", "--part", "test"], "has no test part"),
        (["r", "--colour", "12"], "no unit 12"),
        (["r", "--html", "x.html"], "no cell to paint"),
        (["r", "--characters", "50"], "no cell to paint"),
        (["r", "--json", "--colour", "1"], "would have no effect"),
    ],
)
def test_wrong_use(run_folder, arguments, message):
    with pytest.raises(UsageError, match=message):
        run(*arguments)


def test_a_wrong_cell_is_told_before_the_text_is_read(run_folder):
    with pytest.raises(UsageError, match="no unit 99"):
        run("m.safetensors", "no such file", "--colour", "99")


def test_unknown_characters_and_short_texts(run_folder):
    with pytest.raises(DataError, match="not in the vocabulary"):
        run("m.safetensors", "-", text="THE ß")
    with pytest.raises(DataError, match="too short"):
        run("m.safetensors", "-", text="t")


def test_a_file_whose_name_is_no_utf_8(run_folder):
    name = os.fsdecode(b"caf\xe9.txt")
    (run_folder.parent / name).write_text(TEXT)
    result = run("m.safetensors", name, "--json", "--colour", "1", "--html", "page.html")
    assert result.stdout.isascii()
    assert json.loads(result.stdout)["text"] == name
    assert "caf&#56553;.txt" in (run_folder.parent / "page.html").read_text(encoding="utf-8")
