"""The verb generate: what is printed, what contradicts itself."""

import json
import re

import pytest
import torch
from click.testing import CliRunner

from recurry.artefact.model_file import save_model
from recurry.cli.generate import unescape
from recurry.cli.main import recurry
from recurry.data.codec import Codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.errors import DataError, UsageError
from recurry.generation.beam import beam_search
from recurry.generation.sample import Sampling, generate
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel


@pytest.fixture
def model(tmp_path, monkeypatch) -> LanguageModel:
    """A random model of a few letters, saved as m.safetensors in the working folder."""
    monkeypatch.chdir(tmp_path)
    symbols = "\n abcdefgh"
    codec = Codec(
        config=DataConfig(),
        tokeniser=Characters(),
        vocabulary=Vocabulary(symbols=tuple(symbols), counts=(1,) * len(symbols)),
    )
    config = NetworkConfig(cell="lstm", hidden_size=12, num_layers=2)
    model = LanguageModel.build(network_config=config, codec=codec, seed=0)
    with torch.no_grad():
        for weight in model.network.parameters():
            weight.mul_(2)
    save_model(model, "m.safetensors")
    return model


def run(*arguments: str, text: str | bytes | None = None):
    """What the verb prints for m.safetensors; an error is raised as main() would get it."""
    command = ["generate", "m.safetensors", *arguments]
    result = CliRunner().invoke(recurry, command, standalone_mode=False, input=text)
    if result.exception is not None:
        raise result.exception
    return result


def strip(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace(" \n", "\n")


def test_a_text_with_a_line_end_behind_it(model):
    expected = generate(model, "ab", length=40, sampling=Sampling(temperature=0.8), seed=3)[0]
    printed = run("--prime", "ab", "--length", "40", "--temperature", "0.8", "--seed", "3").stdout
    assert printed.removesuffix("\n") == expected.removesuffix("\n")


def test_limits_and_stop_strings_reach_the_sampling(model):
    sampling = Sampling(top_k=3, top_p=0.9)
    expected = generate(model, length=60, sampling=sampling, stop=["a\n", "cc"])[0]
    options = ["--top-k", "3", "--top-p", "0.9", "--stop", r"a\n", "--stop", "cc"]
    assert run("--length", "60", *options).stdout.rstrip("\n") == expected.rstrip("\n")


def test_escapes_in_stop_strings():
    assert unescape(r"a\nb\tc") == "a\nb\tc"
    assert unescape(r"a\\nb") == r"a\nb"


def test_a_prime_from_standard_input(model):
    assert run("--prime", "-", "--length", "0", text="abc\nab").stdout == "abc\nab\n"


def test_samples_are_clearly_apart(model):
    printed = run("--num-samples", "3", "--length", "10").stdout
    assert printed.startswith("──── sample 1 of 3 ────\n")
    assert printed.count("\n\n──── sample") >= 2
    texts = generate(model, length=10, num_samples=3)
    assert all(text in printed for text in texts)


def test_one_sample_of_many_is_printed_bare(model):
    assert "────" not in run("--num-samples", "1", "--length", "5").stdout


def test_json_of_samples(model):
    found = json.loads(run("--json", "--num-samples", "2", "--length", "9", "--prime", "ab").stdout)
    texts = generate(model, "ab", length=9, num_samples=2)
    assert found == {"prime": "ab", "seed": 0, "samples": [{"text": text} for text in texts]}


def test_beams(model):
    beams = beam_search(model, "ab", length=9, width=3)
    result = run("--beam", "3", "--length", "9", "--prime", "ab")
    assert result.stdout.rstrip("\n") == beams[0].text.rstrip("\n")
    assert "log-probability" in result.stderr
    found = json.loads(run("--beam", "3", "--length", "9", "--prime", "ab", "--json").stdout)
    assert [beam["text"] for beam in found["beams"]] == [beam.text for beam in beams]


@pytest.mark.parametrize("cell", ["0:3", "5", "varying"])
def test_painting_changes_no_letter(model, cell, monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    plain = run("--length", "30", "--prime", "ab").stdout
    painted = run("--length", "30", "--prime", "ab", "--colour", cell, "--paint", "always").stdout
    assert "\x1b[38;2;" in painted
    assert strip(painted).startswith(plain.rstrip("\n").rstrip(" "))


def test_painted_values_are_those_of_a_recording(model):
    from recurry.inspection.colour import squash
    from recurry.inspection.html import spans
    from recurry.inspection.recording import record

    run("--length", "30", "--prime", "ab", "--colour", "0:3", "--html", "page.html")
    recording = record(model, generate(model, "ab", length=30)[0])
    values = squash(recording.values("c", layer=0)[:, 3], "c")
    expected = spans(recording.symbols.pieces, values)
    with open("page.html", encoding="utf-8") as file:
        assert expected in file.read()


def test_a_page_of_the_cells_that_vary_most(model):
    result = run("--length", "20", "--colour", "varying", "--html", "page.html", "--json")
    assert json.loads(result.stdout)
    assert "page.html" in result.stderr
    with open("page.html", encoding="utf-8") as file:
        assert file.read().count("<figure") == 10


def test_many_painted_samples(model):
    run("--num-samples", "2", "--length", "5", "--colour", "1", "--html", "page.html")
    with open("page.html", encoding="utf-8") as file:
        page = file.read()
    assert page.count("<figure") == 2
    assert "sample 2, layer 1, unit 1 of c" in page


def test_without_a_terminal_it_says_where_colours_are(model):
    assert "--paint always" in run("--length", "5", "--colour", "1").stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--beam", "3", "--temperature", "1"], "--temperature"),
        (["--beam", "3", "--top-k", "2", "--num-samples", "2"], "--top-k and --num-samples"),
        (["--beam", "3", "--seed", "1"], "--seed"),
        (["--beam", "0"], "width is out of range"),
        (["--temperature", "0", "--top-p", "0.5"], "would have no effect"),
        (["--temperature", "-1"], "temperature is out of range"),
        (["--top-k", "0"], "top-k is out of range"),
        (["--top-p", "2"], "top-p is out of range"),
        (["--length", "-1"], "length is out of range"),
        (["--seed", "-1"], "seed is out of range"),
        (["--num-samples", "0"], "number of samples is out of range"),
        (["--stop", ""], "stop string is empty"),
        (["--html", "x.html"], "no cell to paint"),
        (["--json", "--colour", "1"], "would have no effect"),
        (["--colour", "9:1"], "no layer 9"),
        (["--colour", "12"], "no unit 12"),
        (["--colour", "f:1"], "not a recurrent state"),
        (["--colour", "1", "--html", "no/x.html", "--length", "1000000"], "cannot be written"),
        (["--colour", "1", "--html", ".", "--length", "1000000"], "cannot be written"),
        (["--colour", "Varying"], "or varying, for the ten"),
        (["--paint", "always"], "no cell was named"),
        (["--json", "--paint", "always", "--colour", "1", "--html", "x.html"], "cannot hold"),
    ],
)
def test_wrong_use(model, options, message):
    with pytest.raises(UsageError, match=message):
        run(*options)


def test_wrong_cells_are_told_before_a_long_text_is_written(model):
    with pytest.raises(UsageError, match="no unit 99"):
        run("--colour", "99", "--num-samples", "3", "--length", "1000000")


def test_an_unknown_character_in_the_prime(model):
    with pytest.raises(DataError, match=r"(?s)not in the vocabulary.*the prime"):
        run("--prime", "abß")


def test_a_prime_that_is_no_utf_8(model):
    with pytest.raises(DataError, match=r"(?s)prime is not UTF-8.*byte 2 is 0xff"):
        run("--prime", "-", text=b"ab\xff")


def test_a_missing_model_is_told_before_standard_input_is_read(model, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    command = ["generate", "n.safetensors", "--prime", "-"]
    result = CliRunner().invoke(recurry, command, standalone_mode=False)
    assert isinstance(result.exception, UsageError)


@pytest.mark.parametrize("cell", ["1", "varying"])
def test_an_empty_text_can_be_painted(model, cell):
    run("--length", "0", "--colour", cell, "--html", "page.html", "--paint", "always")
    with open("page.html", encoding="utf-8") as file:
        assert "<title>Generated text</title>" in file.read()


def test_one_painted_cell_comes_with_a_legend(model):
    result = run("--length", "5", "--colour", "1", "--paint", "always")
    assert result.stderr.rstrip().endswith("+1")


def test_no_model_can_steer_a_terminal_without_colours(model, monkeypatch):
    monkeypatch.setattr("recurry.cli.generate._values", lambda *_: iter([("\x1b[2J", 0.0)]))
    assert "\x1b[2J" in run("--colour", "1").stdout
    monkeypatch.setattr("recurry.cli.generate._is_terminal", lambda: True)
    assert "␛[2J" in run("--colour", "1").stdout
