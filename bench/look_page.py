"""How long the page of `recurry look` takes to answer somebody who points at a symbol.

    python bench/look_page.py

A model of random weights (one layer of 512 units) reads a text of 1 MB; Chromium scrolls through it
and points at symbols. Measured inside the browser: from the event of the mouse to the panel that
shows what is expected, and the time from the start of the page to its first paint. Needs playwright
and Chromium.
"""

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import uvicorn
from playwright.sync_api import Page, sync_playwright

from recurry.artefact.model_file import save_model
from recurry.data import shakespeare_path
from recurry.data.codec import Codec, make_tokeniser
from recurry.data.configuration import DataConfig
from recurry.data.vocabulary import Vocabulary
from recurry.network.configuration import NetworkConfig
from recurry.serving.application import build_application
from recurry.serving.events import EventHub
from recurry.serving.launch import bind
from recurry.serving.passage import Passage
from recurry.serving.viewing import Viewing
from recurry.tasks.language import LanguageModel

# Notes for every symbol that is pointed at when its panel was drawn.
_WATCH = """() => {
  window.times = [];
  let began = 0;
  const panel = document.querySelector('.moment');
  document.querySelector('.rows').addEventListener('mouseover', (event) => {
    if (event.target.closest('i')) began = performance.now();
  }, true);
  new MutationObserver(() => {
    if (began) window.times.push(performance.now() - began);
    began = 0;
  }).observe(panel, { childList: true });
}"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--characters", type=int, default=1_000_000)
    options = parser.parse_args()
    text = shakespeare_path().read_text()[: options.characters]
    with tempfile.TemporaryDirectory() as folder:
        viewing = open_model(Path(folder) / "model.safetensors", text, units=options.units)
        began = time.perf_counter()
        viewing.shown.recording.wait()
        print(f"text read in {time.perf_counter() - began:.1f} s more")
        port = serve(viewing)
        with sync_playwright() as playwright:
            path = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"http://127.0.0.1:{port}/#/text")
            page.wait_for_selector(".reader i")
            paint = page.evaluate("performance.getEntriesByName('first-paint')[0].startTime")
            times = point(page, options.points)
            browser.close()
        viewing.close()
    print(f"first paint {paint:.0f} ms")
    print(
        f"{len(times)} symbols pointed at: median {statistics.median(times):.1f} ms, "
        f"95th percentile {np.percentile(times, 95):.1f} ms, longest {max(times):.1f} ms"
    )


def open_model(path: Path, text: str, *, units: int) -> Viewing:
    """A model of random weights that begins to read a text."""
    symbols = tuple(sorted(set(text)))
    config = DataConfig()
    codec = Codec(
        config=config,
        tokeniser=make_tokeniser(config),
        vocabulary=Vocabulary(symbols=symbols, counts=(1,) * len(symbols)),
    )
    network = NetworkConfig(cell="lstm", hidden_size=units, num_layers=1)
    save_model(LanguageModel.build(network_config=network, codec=codec, seed=0), path)
    passage = Passage(text=text, name="Shakespeare")
    viewing = Viewing(path, passage=lambda _: passage, publish=lambda *_: None)
    viewing.open()
    return viewing


def serve(viewing: Viewing) -> int:
    """Answer in a thread; the port."""
    listening = bind("127.0.0.1", 0)
    app = build_application(viewing, EventHub())
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    arguments = {"sockets": [listening]}
    threading.Thread(target=server.run, kwargs=arguments, daemon=True).start()
    return listening.getsockname()[1]


def point(page: Page, count: int) -> list[float]:
    """Scroll to random places, point at symbols there; milliseconds of each."""
    rng = np.random.default_rng(0)
    page.evaluate(_WATCH)
    reader = page.locator(".reader")
    box = reader.bounding_box()
    assert box is not None
    for number in range(count):
        if number % 10 == 0:
            share = rng.random()
            reader.evaluate("(e, share) => { e.scrollTop = share * e.scrollHeight; }", float(share))
            page.wait_for_timeout(400)
        x = box["x"] + 12 + rng.random() * 200
        y = box["y"] + 5 + rng.random() * (box["height"] - 10)
        page.mouse.move(x, y)
        page.wait_for_timeout(60)
    return page.evaluate("window.times")


if __name__ == "__main__":
    main()
