"""A run folder as training leaves it, made without training."""

import json
from pathlib import Path

import pytest

from recurry.artefact.model_file import save_model
from recurry.data.configuration import DataConfig
from recurry.data.prepare import prepare
from recurry.network.configuration import NetworkConfig
from recurry.runs.configuration import load_config, to_toml
from recurry.runs.curves import curves_svg
from recurry.tasks.language import LanguageModel

TEXT = "KATE:\nThe quick brown fox & the <lazy> dog.\n\n" * 60


def make_run(folder: Path, *, cell: str = "lstm", tokens: str = "characters") -> LanguageModel:
    """Write a run folder and return its model."""
    folder.mkdir(parents=True)
    text = folder.parent / "fox.txt"
    text.write_text(TEXT)
    config = DataConfig(paths=(str(text),), validation=0.5, tokens=tokens)
    prepared = prepare(config, folder / "data")
    network = NetworkConfig(cell=cell, hidden_size=9, num_layers=2)
    model = LanguageModel.build(network_config=network, codec=prepared.codec, seed=0)
    model = model.with_scores(
        {
            "validation_loss_nats": 1.5,
            "validation_bits": 2.164,
            "validation_perplexity": 4.4817,
            "validation_num_symbols": 1349,
        }
    )
    save_model(model, folder / "model.safetensors")
    rows = [
        {"update": n, "loss_nats": 3 - n / 9, "num_symbols": 100 * n, "epoch": 1} for n in range(9)
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    times = [{"process_seconds": seconds} for seconds in (1.0, 5.0, 2.0, 60.0)]
    (folder / "times.jsonl").write_text("".join(json.dumps(time) + "\n" for time in times))
    (folder / "curves.svg").write_text(curves_svg(rows, title="Learning curves"))
    (folder / "run.toml").write_text(to_toml(load_config("lecture")))
    return model


@pytest.fixture
def make():
    """The maker itself."""
    return make_run


@pytest.fixture
def run_folder(tmp_path) -> Path:
    """A run folder whose model is in its model file."""
    make_run(tmp_path / "my run")
    return tmp_path / "my run"
