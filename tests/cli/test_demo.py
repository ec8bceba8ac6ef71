"""The demo on a tiny network: a model, a sample and a page; a second call shows them again."""

from click.testing import CliRunner

from recurry.cli.main import recurry

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
