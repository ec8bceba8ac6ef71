"""Take the pictures of docs/look.md: every view of `recurry look`, in a browser without a window.

    python docs/take_pictures.py runs/novel --translator RUN --classifier RUN [--only text,find]

RUN of a translator and of a classifier are what Attention and Saliency need. Pictures are written
to docs/pictures, with 128 colours at most, so that they stay small; needs Chromium, playwright and
pillow. `--out FOLDER --width 390 --theme dark` takes others, to be looked at.
"""

import argparse
import io
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from recurry.inspection.subject import Subject
from recurry.serving.application import build_application
from recurry.serving.events import EventHub
from recurry.serving.launch import bind
from recurry.serving.passage import MOST_CHARACTERS, Passage, named_passage, usual_passage
from recurry.serving.viewing import Viewing

PICTURES = Path(__file__).parent / "pictures"
_COLOURS = 128
_WAIT_MS = 120_000
_SOURCE = "a man in a blue shirt is standing on a ladder cleaning a window ."
_REVIEW = "A tired story, badly told, but its last hour is a joy."


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A picture.

    Attributes:
        view: The view and its options, as in the address.
        ready: What is in the page when it can be taken.
        act: What is done before.
        height: Of the window, in pixels.
        theme: Light or dark.
        model: Which model is looked at.
    """

    view: str
    ready: str
    act: Callable[[Page], None] = lambda _: None
    height: int = 800
    theme: str = "light"
    model: str = "language"


def _point(page: Page) -> None:
    page.locator(".reader .row:has(i:nth-child(31))").nth(4).locator("i").nth(30).hover()
    page.wait_for_selector(".moment .bars")
    page.wait_for_selector(".thumbnail canvas")


def _mark(page: Page) -> None:
    """Drag over the first line that begins with a quote."""
    page.wait_for_timeout(4000)
    places = page.evaluate(
        """() => {
          const rows = [...document.querySelectorAll(".reader .row")];
          const row = rows.find((each) => /^"[^"]{20,}/.test(each.textContent)) || rows[2];
          return [0, Math.min(25, row.children.length - 1)].map((at) => {
            const box = row.children[at].getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
          });
        }"""
    )
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=4)
    page.mouse.up()
    page.get_by_label("off right before and behind").uncheck()
    page.wait_for_timeout(4000)


def _compute(page: Page) -> None:
    """Wait until nothing is computed any more."""
    page.get_by_text("computing").first.wait_for(state="hidden", timeout=_WAIT_MS)


def _write(page: Page) -> None:
    page.get_by_role("button", name="100 symbols").first.click()
    page.wait_for_timeout(2500)


SHOTS = {
    "text": Shot(view="text?layer=0&unit=UNIT", ready=".reader i[class^=v]", act=_point),
    "find": Shot(view="find", ready=".reader i[class^=v]", act=_mark),
    "write": Shot(view="write", ready=".view.write .panel", act=_write),
    "errors": Shot(view="errors", ready=".view.errors .panel svg, .view.errors table", height=1000),
    "meaning": Shot(view="meaning", ready=".view.meaning .passage, .view.meaning table"),
    "gates": Shot(view="gates", ready=".view.gates svg circle", height=1000),
    "gradient": Shot(view="gradient", ready=".view.gradient .u-over", act=_compute, height=900),
    "attention": Shot(view="attention", ready=".view img.picture", height=1180, model="translator"),
    "saliency": Shot(view="saliency", ready=".view .passage", height=560, model="classifier"),
    "network": Shot(view="network", ready=".view.network svg", theme="dark", height=900),
    "training": Shot(view="training", ready=".view.training .u-over, .view.training svg"),
    "cell": Shot(view="cell", ready=".view.cell svg", theme="dark", height=900),
}


def main() -> None:
    """Take and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--translator")
    parser.add_argument("--classifier")
    parser.add_argument("--unit", default="0", help="the cell that colours the text")
    parser.add_argument("--only", default=",".join(SHOTS))
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--theme", choices=["light", "dark"])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    models = {
        "language": (options.model, None),
        "translator": (options.translator, _SOURCE),
        "classifier": (options.classifier, _REVIEW),
    }
    wanted = {name: SHOTS[name] for name in options.only.split(",")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for kind, (path, text) in models.items():
            shots = {name: shot for name, shot in wanted.items() if shot.model == kind}
            if not path or not shots:
                continue
            viewing, port = show(Path(path), text)
            for name, shot in shots.items():
                size = {"width": options.width, "height": shot.height}
                page = browser.new_page(
                    viewport=size, color_scheme=options.theme or shot.theme, reduced_motion="reduce"
                )
                address = shot.view.replace("UNIT", options.unit)
                page.goto(f"http://127.0.0.1:{port}/#/{address}")
                page.wait_for_selector(shot.ready, timeout=_WAIT_MS)
                shot.act(page)
                page.wait_for_timeout(1500)
                file = options.out / f"look-{name}.png"
                size_bytes = save(page.screenshot(), file)
                page.close()
                print(f"{file}: {size_bytes / 1e3:.0f} kB", file=sys.stderr)
            viewing.close()
        browser.close()


def show(path: Path, text: str | None) -> tuple[Viewing, int]:
    """Serve a model that has read its text; the port."""
    events = EventHub()

    def passage(subject: Subject) -> Passage:
        if text is not None:
            return named_passage(text, characters=MOST_CHARACTERS)
        return usual_passage(subject, path)

    viewing = Viewing(path, passage=passage, publish=events.publish)
    viewing.open()
    viewing.shown.recording.wait()
    listening = bind("127.0.0.1", 0)
    config = uvicorn.Config(build_application(viewing, events), log_level="error", ws="none")
    run = uvicorn.Server(config).run
    arguments = {"sockets": [listening]}
    threading.Thread(target=run, kwargs=arguments, daemon=True).start()
    return viewing, listening.getsockname()[1]


def save(picture: bytes, file: Path) -> int:
    """Write a picture with few colours; its bytes."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        file, optimize=True
    )
    return file.stat().st_size


if __name__ == "__main__":
    main()
