"""A small model in a file, and the page's application over it."""

import json

import pytest
from starlette.testclient import TestClient

from recurry.artefact.model_file import save_model
from recurry.data.codec import Codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.network.configuration import NetworkConfig
from recurry.serving.application import build_application
from recurry.serving.events import EventHub
from recurry.serving.passage import Passage
from recurry.serving.viewing import Viewing
from recurry.tasks.language import LanguageModel

TEXT = "abc\nhead a bed\n" * 30


@pytest.fixture
def build_model():
    """A maker of language models that know a few letters."""
    symbols = "\n abcdefgh"
    vocabulary = Vocabulary(symbols=tuple(symbols), counts=(1,) * len(symbols))
    codec = Codec(config=DataConfig(), tokeniser=Characters(), vocabulary=vocabulary)

    def build(**network) -> LanguageModel:
        config = NetworkConfig(**{"cell": "lstm", "hidden_size": 6, "num_layers": 2, **network})
        return LanguageModel.build(network_config=config, codec=codec, seed=0)

    return build


@pytest.fixture
def model_file(build_model, tmp_path):
    """The path of a model file."""
    path = tmp_path / "small.safetensors"
    save_model(build_model(), path)
    return path


@pytest.fixture
def open_viewing():
    """A maker of viewings, which are closed at the end."""
    made = []

    def build(path, text=TEXT, events=None) -> Viewing:
        publish = (events or EventHub()).publish
        viewing = Viewing(
            path, passage=lambda _: Passage(text=text, name="a test"), publish=publish
        )
        made.append(viewing)
        return viewing

    yield build
    for viewing in made:
        viewing.close()


@pytest.fixture
def viewing(open_viewing, model_file) -> Viewing:
    """A model that has read a text."""
    viewing = open_viewing(model_file)
    viewing.open()
    viewing.shown.recording.wait()
    return viewing


@pytest.fixture
def client(viewing):
    """A browser's side of the application."""
    app = build_application(viewing, EventHub())
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def run_folder(tmp_path):
    """A maker of run folders that hold nothing but settings and a log."""

    def build(name: str, losses: list[float]):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "run.toml").write_text('[network]\ncell = "gru"\n')
        lines = [
            {
                "update": 10 * (place + 1),
                "num_symbols": 100,
                "loss_nats": loss,
                "gradient_norm": 2.0,
            }
            for place, loss in enumerate(losses)
        ]
        if lines:
            lines[-1]["validation_loss_nats"] = losses[-1] + 0.1
        (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    return build
