"""`recurry look`, but for the running page."""

import csv
import io
import json

import pytest

from recurry.artefact.model_file import save_model
from recurry.cli import look as module
from recurry.cli.main import main
from recurry.errors import UsageError
from recurry.runs.run import train_language_model

TEXT = "to be or not to be, that is the question\n" * 60


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with a small model."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    overrides = {"training.epochs": 1, "network.cell": "lstm", "network.hidden_size": 8}
    train_language_model(TEXT, run=folder, preset="lecture", overrides=overrides)
    return folder


def call(*arguments, capsys):
    """Standard output, standard error and exit code."""
    code = 0
    try:
        main(["look", *map(str, arguments)])
    except SystemExit as stop:
        code = stop.code or 0
    shown = capsys.readouterr()
    return shown.out, shown.err, code


def test_a_view_is_written_as_its_ending_says(run, tmp_path, capsys):
    for ending, start in (("svg", "<svg"), ("csv", "part,name"), ("json", '{"title"')):
        path = tmp_path / f"network.{ending}"
        _, err, code = call(run, "--view", "network", "--out", path, capsys=capsys)
        assert code == 0
        assert path.read_text().startswith(start)
        assert f"Network: {path}" in err


def test_options_of_a_view_are_set_by_name(run, tmp_path, capsys):
    path = tmp_path / "network.json"
    call(run, "--view", "network", "--set", "steps=2", "--out", path, capsys=capsys)
    assert "unrolled over 2 steps" in json.loads(path.read_text())["unrolled"]


def test_rows_are_printed_as_a_table(run, capsys):
    arguments = ("--view", "write", "--set", "prime=to", "--set", "length=3")
    out, _, code = call(run, *arguments, capsys=capsys)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["symbol"] for row in rows[:2]] == ["t", "o"]
    assert len(rows) == 5


def test_the_text_is_painted_in_256_and_24_bit_colours(run, capsys, monkeypatch):
    arguments = (run, "to be or not", "--view", "text", "--set", "count=2", "--paint", "always")
    monkeypatch.setenv("COLORTERM", "truecolor")
    out, _, code = call(*arguments, capsys=capsys)
    assert code == 0
    assert "\x1b[38;2;" in out
    assert out.count("──") == 4
    monkeypatch.delenv("COLORTERM")
    out, _, _ = call(*arguments, capsys=capsys)
    assert "\x1b[38;5;" in out
    assert "\x1b[38;2;" not in out


def test_a_sheet_of_one_view(run, tmp_path, capsys):
    path = tmp_path / "page.html"
    _, err, code = call(run, "--view", "network", "--out", path, capsys=capsys)
    assert code == 0
    assert "open it in a browser" in err
    assert path.read_text().count("<section") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--view", "nothing"), "no view named 'nothing'"),
        (("--out", "x.svg"), "holds one view, and none was named"),
        (("--view", "network", "--out", "x.pdf"), "not known what to write"),
        (("--view", "network", "--set", "stepz=2"), "did you mean steps"),
        (("--view", "network", "--set", "steps"), "sets nothing"),
        (("--set", "steps=2"), "sets an option of a view"),
        (("missing.txt", "--view", "network"), "no file missing.txt"),
        (("--host", "0.0.0.0"), "anybody in reach"),
        (("--host", "0.0.0.0", "--token", "short"), "can be guessed"),
        (("--token", "a b;c"), "does not fit into an address"),
        (("--view", "network", "--port", "8642"), "--port belongs to the page"),
        (("--view", "network", "--no-browser"), "--no-browser belongs to the page"),
        (("--view", "network", "--paint", "always"), "--paint belongs to --view text"),
        (("--view", "gradient", "--set", "cells=lstmm"), "lstmm"),
    ],
)
def test_wrong_use_gets_words(run, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    out, err, code = call(run, *arguments, capsys=capsys)
    assert (out, code) == ("", 2)
    assert words in err


def test_no_model_and_a_file_that_is_none(tmp_path, capsys):
    _, err, code = call(tmp_path / "nothing", capsys=capsys)
    assert code == 2
    assert "There is no model at" in err
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_text("a text")
    _, err, code = call(wrong, "--view", "network", capsys=capsys)
    assert code == 1
    assert "error:" in err
    assert "Traceback" not in err


def test_an_empty_run_is_waited_for_by_the_page_alone(tmp_path):
    assert module._find(str(tmp_path), is_page=True) == tmp_path
    with pytest.raises(UsageError):
        module._find(str(tmp_path), is_page=False)
    (tmp_path / "photo.jpg").write_text("")
    with pytest.raises(UsageError):
        module._find(str(tmp_path), is_page=True)


def test_a_long_text_is_cut_and_says_so(run, tmp_path, capsys):
    path = tmp_path / "long.txt"
    path.write_text(TEXT)
    arguments = (run, path, "--characters", 20, "--view", "text")
    out, err, _ = call(*arguments, capsys=capsys)
    assert "long.txt, its first 20 characters" in err
    out, _, _ = call(run, "--characters", 20, "--view", "text", capsys=capsys)
    assert len(list(csv.DictReader(io.StringIO(out)))) == 20


def test_a_view_without_rows_says_so(run, capsys):
    out, err, code = call(run, "to be", "--view", "meaning", capsys=capsys)
    assert (out, code) == ("", 0)
    assert "Meaning has found nothing to list" in err


def test_the_training_of_a_run_without_a_model_is_shown(run, tmp_path, capsys):
    young = tmp_path / "young"
    young.mkdir()
    for name in ("run.toml", "log.jsonl"):
        (young / name).write_bytes((run / name).read_bytes())
    out, _, code = call(young, "--view", "training", capsys=capsys)
    assert code == 0
    assert "loss_nats" in out.splitlines()[0]


def test_views_of_the_model_alone_read_no_text(run, capsys, monkeypatch):
    monkeypatch.setattr("recurry.inspection.recording.Recording.start", lambda self: None)
    for view in ("network", "write", "training"):
        assert call(run, "--view", view, capsys=capsys)[2] == 0


def test_the_page_is_served_and_a_browser_opened(run, capsys, monkeypatch):
    opened = []

    def serve(app, listening, *, events, on_start):
        on_start()

    monkeypatch.setattr("recurry.serving.launch.serve", serve)
    monkeypatch.setattr("recurry.serving.launch.open_browser", opened.append)
    _, err, code = call(run, "--port", 0, capsys=capsys)
    assert code == 0
    assert opened[0].startswith("http://127.0.0.1:")
    assert opened[0] in err
    _, err, _ = call(run, "--port", 0, "--no-browser", capsys=capsys)
    assert len(opened) == 1
    assert "http://127.0.0.1:" in err


@pytest.fixture
def classifier_file(classifier, tmp_path):
    """The file of a classifier, and a text of two records beside it."""
    save_model(classifier, tmp_path / "task.safetensors")
    (tmp_path / "two.txt").write_text("good cat\n\nbad dog\n")
    return tmp_path / "task.safetensors"


def test_a_record_of_a_text_is_chosen(classifier_file, tmp_path, capsys):
    arguments = (classifier_file, tmp_path / "two.txt", "--view", "text")
    out, err, _ = call(*arguments, capsys=capsys)
    assert [row["symbol"] for row in csv.DictReader(io.StringIO(out))] == ["good", " cat"]
    assert "Reading two.txt, record 1 of 2   (--record N reads another)" in err
    out, err, _ = call(*arguments, "--record", 2, capsys=capsys)
    assert [row["symbol"] for row in csv.DictReader(io.StringIO(out))] == ["bad", " dog"]
    assert "The model answers: " in err
    out, err, code = call(*arguments, "--record", 3, capsys=capsys)
    assert (out, code) == ("", 2)
    assert "no record 3 in two.txt" in err


def test_a_report_says_which_record_was_read(classifier_file, tmp_path, capsys):
    path = tmp_path / "report.html"
    arguments = (classifier_file, tmp_path / "two.txt", "--record", 2, "--view", "text")
    assert call(*arguments, "--out", path, capsys=capsys)[2] == 0
    assert "reading two.txt, record 2 of 2" in path.read_text()


def test_a_model_of_running_text_has_no_records(run, capsys):
    _, err, code = call(run, "to be or not", "--view", "text", "--record", 1, capsys=capsys)
    assert code == 2
    assert "running text, which has no records" in err


def test_a_record_that_is_too_long_says_so(classifier_file, capsys):
    _, err, _ = call(classifier_file, "cat " * 20, "--view", "text", capsys=capsys)
    assert "Reading the first 12 symbols of your text\n" in err


def test_the_answer_stands_above_the_painted_text(classifier_file, capsys):
    arguments = (classifier_file, "good cat", "--view", "text", "--set", "count=1")
    out, err, _ = call(*arguments, "--paint", "always", capsys=capsys)
    assert out.index("The model answers") < out.index("layer")
    assert err.count("+1") == 1  # the legend


def test_a_terminal_gets_pictures_of_control_characters(run, capsys, monkeypatch):
    arguments = (run, "to \x1b[31m be\x07\nor not", "--view", "text")
    out, _, _ = call(*arguments, capsys=capsys)
    assert "\x1b" in out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    out, _, code = call(*arguments, capsys=capsys)
    assert code == 0
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "␛" in out
