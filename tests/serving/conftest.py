"""A small model in a file, the page's application over it, and a browser that shows it."""

import json
import shutil
import threading

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
from recurry.serving.launch import bind
from recurry.serving.passage import Passage
from recurry.serving.viewing import Viewing
from recurry.serving.views import all_views
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


class Served:
    """A server in a thread."""

    def __init__(self, viewing, events, port=0):
        import uvicorn

        self.listening = bind("127.0.0.1", port)
        self.port = self.listening.getsockname()[1]
        app = build_application(viewing, events)
        config = uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.events = events
        arguments = {"sockets": [self.listening]}
        self.thread = threading.Thread(target=self.server.run, kwargs=arguments, daemon=True)
        self.thread.start()

    def address(self, view="text"):
        return f"http://127.0.0.1:{self.port}/#/{view}"

    def stop(self):
        self.events.close()
        self.server.should_exit = True
        self.thread.join(10)
        self.listening.close()


@pytest.fixture
def serve():
    """A maker of running servers."""
    made = []

    def build(viewing, events=None, port=0):
        made.append(Served(viewing, events or EventHub(), port))
        return made[-1]

    yield build
    for served in made:
        served.stop()


@pytest.fixture
def served(serve, viewing):
    """A server of a model that has read a text."""
    return serve(viewing)


@pytest.fixture
def serve_model(serve, open_viewing, tmp_path):
    """A maker of servers of a model that has read a text."""

    def build(model, text: str):
        save_model(model, tmp_path / "task.safetensors")
        viewing = open_viewing(tmp_path / "task.safetensors", text=text)
        viewing.open()
        viewing.shown.recording.wait()
        return serve(viewing)

    return build


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    driver = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium: apt-get install chromium")
    all_views()  # imported here, as the import hook of tests cannot parse in playwright's threads
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, serve, open_viewing):
    """A maker of pages that note what goes wrong in them; they close before their servers.

    Only where `has_mistakes` the server may refuse what a page asks for.
    """
    contexts, problems = [], []

    def note(line, has_mistakes):
        # A server that was stopped on purpose is no problem of the page.
        known = ("net::ERR_", *(["status of 400"] if has_mistakes else []))
        if line.type == "error" and not any(words in line.text for words in known):
            problems.append(line.text)

    def build(address, *, context=None, has_mistakes=False, **options):
        if context is None:
            context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
            context.set_default_navigation_timeout(60_000)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: note(line, has_mistakes))
        page.goto(address)
        return page

    yield build
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def give_text():
    """What somebody does who gives the page another text."""
    expect = pytest.importorskip("playwright.sync_api", reason="pip install playwright").expect

    def give(page, text: str) -> None:
        page.get_by_role("button", name="Another text").click()
        page.get_by_label("Your own text").fill(text)
        page.get_by_role("button", name="Read it").click()
        expect(page.locator("#subject")).to_contain_text("your own text")

    return give
