"""The demo on a tiny network: a model, a sample and a page; a second call shows them again."""

import pytest
from click.testing import CliRunner

from recurry.cli.main import recurry
from recurry.errors import Interrupted, UsageError
from recurry.runs.configuration import load_config, to_toml

TINY = [
    "--set=network.hidden_size=8",
    "--set=training.epochs=1",
    "--set=training.lanes=512",
]


def test_the_demo_leaves_a_model_and_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = CliRunner().invoke(recurry, ["demo", *TINY], catch_exceptions=False)
    assert first.exit_code == 0
    assert "validation" in first.stdout
    assert "runs/demo/report.html" in first.stdout
    page = (tmp_path / "runs" / "demo" / "report.html").read_text()
    assert "<svg" in page
    model = (tmp_path / "runs" / "demo" / "model.safetensors").read_bytes()

    again = CliRunner().invoke(recurry, ["demo", *TINY], catch_exceptions=False)
    assert again.exit_code == 0
    assert "report.html" in again.stdout
    assert (tmp_path / "runs" / "demo" / "model.safetensors").read_bytes() == model


def test_the_demo_of_a_novel(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(recurry, ["demo", "novel", *TINY], catch_exceptions=False)
    assert result.exit_code == 0
    assert "next: recurry look runs/novel" in result.stderr
    settings = (tmp_path / "runs" / "novel" / "run.toml").read_text()
    assert "war-and-peace.txt" in settings


def test_other_settings_are_not_silently_ignored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    config = load_config("laptop", overrides={"network.hidden_size": 8})
    (tmp_path / "runs" / "demo" / "run.toml").write_text(to_toml(config))
    (tmp_path / "runs" / "demo" / "log.jsonl").touch()
    for options in (["--preset=lecture"], ["--set=network.hidden_size=9"]):
        result = CliRunner().invoke(recurry, ["demo", *options], standalone_mode=False)
        assert isinstance(result.exception, UsageError)
        assert "begun with other settings" in str(result.exception)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ([], "recurry demo"),
        (["--run", "my demo"], "recurry demo --run 'my demo'"),
        (["novel"], "recurry demo novel"),
        (["novel", "--run", "runs/demo"], "recurry demo novel --run runs/demo"),
    ],
)
def test_a_stopped_demo_says_how_it_goes_on_to_its_page(options, hint, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise Interrupted("Stopped after update 3.", hint="recurry resume runs/demo")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recurry.cli.train.conduct", stop)
    result = CliRunner().invoke(recurry, ["demo", *options], standalone_mode=False)
    assert isinstance(result.exception, Interrupted)
    assert (result.exception.what, result.exception.hint) == ("Stopped after update 3.", hint)
