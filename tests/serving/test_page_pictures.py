"""The pictures of the page in a real browser: what is drawn where, and that it can be read."""

import json
import shutil
from itertools import pairwise

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)
# Notes what is written on each canvas since it was last cleared.
NOTE_WORDS = """
const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.clearRect = function (...place) {
  this.canvas.words = [];
  return clearRect.apply(this, place);
};
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const turn = this.getTransform();
  const { width } = this.measureText(text);
  const at = turn.transformPoint({ x, y });
  const isTurned = turn.b !== 0;
  this.canvas.words?.push({ text, x: at.x, y: at.y, width, align: this.textAlign, isTurned });
  return fillText.call(this, text, x, y);
};
"""


@pytest.fixture
def note_words(browser):
    """A window whose canvases know what is written on them."""
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    context.add_init_script(NOTE_WORDS)
    context.set_default_navigation_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def run_with_norms(serve, open_viewing, run_folder, model_file):
    """A server of a run whose norms lie within a power of ten."""
    folder = run_folder("mine", [3.0, 2.0, 1.0, 0.9])
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    for line, norm in zip(lines, (0.76, 0.4, 0.2, 0.15), strict=True):
        line |= {"gradient_norm": norm, "learning_rate": norm / 100}
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shutil.copy(model_file, folder / "model.safetensors")
    viewing = open_viewing(folder)
    viewing.open()
    viewing.shown.recording.wait()
    return serve(viewing)


def _check_axis(canvas):
    """The numbers of the upright axis keep their distance from each other and from its name."""
    words = canvas.evaluate("canvas => canvas.words")
    numbers = [word for word in words if word["text"] and word["align"] == "right"]
    (name,) = [word for word in words if word["isTurned"]]
    heights = sorted(number["y"] for number in numbers)
    assert len(heights) >= 3
    assert min(b - a for a, b in pairwise(heights)) >= 15
    assert name["x"] + 7 < min(number["x"] - number["width"] for number in numbers)


def test_numbers_of_small_charts_do_not_lie_on_one_another(open_page, run_with_norms, note_words):
    page = open_page(run_with_norms.address("training"), context=note_words)
    for title in ("Gradient norm", "Learning rate"):
        panel = page.locator("section.panel", has=page.get_by_role("heading", name=title))
        expect(panel.locator("canvas")).to_be_visible()
        _check_axis(panel.locator("canvas"))
    page = open_page(run_with_norms.address("gradient"), context=note_words)
    powers = page.get_by_role("img", name="0.99 and 1.01 to the power n").locator("canvas")
    expect(powers).to_be_visible()
    _check_axis(powers)


def test_the_unit_circle_lies_on_the_eigenvalues(open_page, served):
    page = open_page(served.address("gradient"))
    circle = page.locator(".scatter .circle").last
    expect(circle).to_be_attached()
    last = page.locator(".scatter").evaluate("picture => picture.lastElementChild.classList.value")
    assert last == "circle"
    ink = page.evaluate(
        "getComputedStyle(document.querySelector('.scatter .circle:last-child')).stroke"
    )
    assert ink == page.evaluate("getComputedStyle(document.body).color")
    numbers = page.locator(".scatter .tick").all_text_contents()
    assert {"-1", "0", "1"} <= set(numbers)
    inside = """picture => [...picture.querySelectorAll("text")].every((words) => {
        const [box, all] = [words.getBoundingClientRect(), picture.getBoundingClientRect()];
        return box.left >= all.left && box.right <= all.right;
    })"""
    assert page.locator(".scatter").evaluate(inside)


def test_the_profile_goes_from_0_to_1(open_page, served, note_words):
    page = open_page(served.address("find"), context=note_words)
    chart = page.get_by_role("img", name="The share of the cells that is on").locator("canvas")
    expect(chart).to_be_visible()
    words = chart.evaluate("canvas => canvas.words")
    numbers = [float(word["text"]) for word in words if word["align"] == "right"]
    assert (min(numbers), max(numbers)) == (0, 1)


def test_places_show_the_match_whatever_stands_around_it(open_page, served):
    page = open_page(served.address("find"))
    page.get_by_label("On from").fill("0.05")
    page.get_by_label("off right before and behind").uncheck()
    page.get_by_label("Share of the cells elsewhere").fill("0.95")
    expect(page.locator(".places .place").first).to_be_visible()
    seen = page.evaluate("""() => {
        const place = document.querySelector(".places .place");
        const [before, behind] = place.children;
        before.firstElementChild.textContent = "many words that stand before it ".repeat(9) + "<";
        behind.children[0].textContent = "the match";
        behind.children[1].textContent = "> and after it".repeat(30);
        const last = document.createRange();
        const { firstChild: text } = before.firstElementChild;
        last.setStart(text, text.length - 1);
        last.setEnd(text, text.length);
        const box = (element) => element.getBoundingClientRect();
        const [all, mark] = [box(place), box(behind.children[0])];
        return {
            isMatchSeen: mark.left > all.left + 40 && mark.right < all.right - 40,
            isWhole: behind.children[0].scrollWidth <= Math.ceil(mark.width),
            isEndSeen: box(last).right <= mark.left + 1 && box(last).left > all.left,
        };
    }""")
    assert seen == {"isMatchSeen": True, "isWhole": True, "isEndSeen": True}


def test_the_numbers_of_places_stand_beside_the_places(open_page, served):
    page = open_page(served.address("find"))
    gap = page.locator(".places").evaluate("""places => {
        const { columnGap, paddingLeft, fontSize } = getComputedStyle(places);
        return [columnGap, paddingLeft].map((size) => parseFloat(size) / parseFloat(fontSize));
    }""")
    assert min(gap) >= 2.5  # five digits and a stop
