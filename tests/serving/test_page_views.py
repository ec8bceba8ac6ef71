"""The views of the page in a real browser: what their controls do."""

import json
import re
import shutil
from dataclasses import dataclass
from typing import Literal

import pytest
from pydantic import Field

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import expect

from recurry.inspection.drawing import sheet
from recurry.inspection.view import EVERY_KIND, ViewOptions
from recurry.serving import views as module

pytestmark = pytest.mark.browser

# A machine that tests many things at once is slow.
expect.set_options(timeout=60_000)
# Names of lines are drawn right of the last grid line, on the canvas.
INK_RIGHT_OF_THE_GRID = """canvas => {
    const over = canvas.parentElement.querySelector(".u-over");
    const ratio = canvas.width / canvas.clientWidth;
    const left = Math.ceil((over.offsetLeft + over.offsetWidth + 2) * ratio);
    const pen = canvas.getContext("2d");
    const { data } = pen.getImageData(left, 0, canvas.width - left, canvas.height);
    return data.filter((byte, place) => place % 4 === 3 && byte > 0).length;
}"""


@pytest.fixture
def run_served(serve, open_viewing, run_folder, model_file):
    """A server of a run with a model that has read a text, and of another run beside it."""
    run_folder("other", [3.0, 2.5])
    folder = run_folder("mine", [3.0, 2.0, 1.0])
    samples = [{"update": 10, "text": "first words"}, {"update": 30, "text": "last words"}]
    (folder / "samples.jsonl").write_text("".join(json.dumps(one) + "\n" for one in samples))
    shutil.copy(model_file, folder / "model.safetensors")
    viewing = open_viewing(folder)
    viewing.open()
    viewing.shown.recording.wait()
    return serve(viewing)


def test_find_picks_cells_and_places(open_page, served):
    page = open_page(served.address("find"))
    page.get_by_label("On from").fill("0.05")
    cells = page.locator("#view .split .table tbody tr")
    expect(cells.first).to_be_visible()
    expect(page.locator("#view h2").first).to_contain_text("on over")
    page.get_by_label("off right before and behind").uncheck()
    page.get_by_label("Cells of").select_option("one")
    page.get_by_label("Layer").select_option(index=0)
    page.get_by_label("Share of the cells elsewhere").fill("0.95")
    expect(page.locator(".places .place").first).to_be_visible()
    cells.last.get_by_role("button").click()
    expect(cells.last).to_have_class("picked")
    page.locator(".places .place").last.click()
    expect(page.locator(".reader i.cursor")).to_be_visible()


def test_errors_beside_shorter_n_grams(open_page, served):
    page = open_page(served.address("errors"))
    expect(page.locator("#view")).to_contain_text("the 6-gram model, which sees 5 symbols back")
    page.get_by_label("Order n of the n-grams").fill("3")
    expect(page.locator("#view")).to_contain_text("the 3-gram model, which sees 2 symbols back")
    assert page.locator("canvas").first.evaluate(INK_RIGHT_OF_THE_GRID) > 50
    page.locator(".place").first.click()
    expect(page.locator("#title")).to_have_text("Text")
    expect(page.locator(".moment")).to_contain_text("After")


def test_meaning_of_a_property_and_of_a_pattern(open_page, served):
    page = open_page(served.address("meaning"), has_mistakes=True)
    detail = page.locator("#view .split > .panel").nth(1)
    page.get_by_role("button", name="word start").click()
    expect(detail.locator("h2")).to_contain_text("word start")
    expect(detail.locator(".labelled").first).to_be_visible()
    page.get_by_role("button", name="capital", exact=True).click()
    expect(detail).to_contain_text("hardly ever here")
    pattern = page.get_by_label("Your own property")
    pattern.fill("(")
    pattern.press("Enter")
    expect(page.locator("#view .notice")).to_be_visible()
    pattern.fill("hea.")
    pattern.press("Enter")
    page.get_by_role("button", name="hea.").click()
    expect(detail.locator("h2")).to_contain_text("hea.")
    page.get_by_role("button", name="Colour the text with this cell").click()
    expect(page.locator("#title")).to_have_text("Text")
    expect(page.locator(".scale").first).to_contain_text("tanh(c)")


def test_gates_of_a_unit_over_the_text(open_page, served):
    page = open_page(served.address("gates"))
    expect(page.locator("#view h2").first).to_contain_text("over 450 symbols")
    page.get_by_label("Gate", exact=True).select_option("o")
    expect(page.locator("#view h2").first).to_contain_text("Gate o, over 450 symbols")
    expect(page.locator("#view")).to_contain_text("Values of o, layer 1")
    expect(page.locator(".disc")).to_have_count(12)
    count = page.get_by_label("Symbols that are counted")
    count.fill("100")
    count.press("Enter")
    expect(page.locator("#view h2").first).to_contain_text("over 100 symbols")
    page.locator("#view .table tbody button").first.click()
    expect(page.locator("#title")).to_have_text("Text")
    expect(page.get_by_label("Value", exact=True)).to_have_value("o")


def test_gradient_by_another_state_and_beside_other_cells(open_page, run_served):
    page = open_page(run_served.address("gradient"))
    lines = page.locator("#view .panel").first
    names = lines.locator(".u-legend .u-series")
    # Steps, two layers of four networks, two powers; computing them takes long.
    expect(names).to_have_count(1 + 8 + 2, timeout=120_000)
    expect(lines.locator("h2")).to_contain_text("by h")
    assert lines.locator("canvas").evaluate(INK_RIGHT_OF_THE_GRID) > 200
    page.get_by_label("as a share of k = 0").uncheck()
    expect(names).to_have_count(1 + 8)
    for cell in ("rnn", "gru"):
        page.get_by_label(f"{cell}, untrained", exact=True).uncheck()
    reach = page.get_by_label("Steps back", exact=True)
    reach.fill("5")
    reach.press("Enter")
    page.get_by_label("Gradient by", exact=True).select_option("c")
    expect(lines.locator("h2")).to_contain_text("by c")
    expect(names).to_have_count(1 + 4)
    page.get_by_label("Steps n", exact=True).fill("1000")
    expect(page.locator(".powers")).to_contain_text("0.991000 = 4.32e-5")
    expect(page.locator("#view")).to_contain_text("Clipping while it was trained")
    expect(page.locator(".scatter .disc").first).to_be_attached()


@pytest.mark.parametrize(
    ("view", "kind", "field"),
    [
        ("attention", "translator", "Source"),
        ("saliency", "tagger", "Text"),
        ("saliency", "translator", "Text"),
    ],
)
def test_a_part_of_the_answer_is_picked_and_another_text_given(
    open_page, serve_model, request, view, kind, field
):
    served = serve_model(request.getfixturevalue(kind), "the cat 3")
    page = open_page(served.address(view))
    text = page.locator("#view").get_by_label(field, exact=True)
    parts, read = page.locator("#view .parts button"), page.locator("#view .passage i")
    expect(text).to_have_value("the cat 3")
    expect(parts.first).to_have_attribute("aria-pressed", "true")
    parts.last.click()
    expect(parts.last).to_have_attribute("aria-pressed", "true")
    expect(parts.first).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#view .panel p").first).to_contain_text(parts.last.text_content())
    expect(read.first).to_have_attribute("title", re.compile(r"\d"))
    told = page.locator("#view .panel p").first
    parts.first.hover()  # shows it, and the other one stays picked
    expect(told).to_contain_text(parts.first.text_content())
    expect(parts.last).to_have_attribute("aria-pressed", "true")
    read.first.hover()
    expect(told).to_contain_text(parts.last.text_content())

    def drawn() -> str:
        picture = page.locator("img.picture")
        assert picture.evaluate("image => image.decode().then(() => image.width)")
        return page.request.get(picture.evaluate("image => image.src")).text()

    assert ">the<" in drawn()
    text.fill("cat cat")
    text.press("Enter")
    expect(read.first).to_have_text("cat")
    assert ">the<" not in drawn()
    assert ">cat<" in drawn()


def test_the_classes_of_a_classifier_are_beside_its_text(open_page, serve_model, classifier):
    page = open_page(serve_model(classifier, "good cat").address())
    answer = page.locator("#view .panel", has_text="The model answers")
    expect(answer.locator(".piece")).to_have_count(2)
    expect(page.locator(".moment")).not_to_contain_text("expects")
    page.get_by_role("link", name="Saliency").click()
    parts = page.locator("#view .parts button")
    expect(parts).to_have_text(["no", "yes"])
    expect(page.locator("#view h2").first).to_contain_text("The model answers")
    expect(page.locator("img.picture")).to_have_count(0)


def test_the_labels_of_a_word_are_shown_where_it_is_pointed_at(open_page, serve_model, tagger):
    page = open_page(serve_model(tagger, "the cat sat").address("text?step=2"))
    expect(page.locator(".reader .row")).to_have_text(["the cat sat"])
    expect(page.locator(".moment")).to_contain_text("Its label")
    expect(page.locator(".moment .bars").first.locator(".piece")).to_have_count(3)


def test_a_translation_is_beside_its_source(open_page, serve_model, translator):
    page = open_page(serve_model(translator, "the cat 3").address())
    answer = page.locator("#view .panel", has_text="The model answers")
    expect(answer.get_by_role("region", name="The answer")).to_be_visible()


def test_training_beside_another_run_with_samples(open_page, run_served):
    page = open_page(run_served.address("training"))
    rows = page.locator("#view .table tbody tr")
    expect(page.locator("#view")).to_contain_text("last words")
    page.get_by_text("Other runs beside it").click()
    page.get_by_label("other", exact=True).check()
    expect(page.locator("#view")).to_contain_text("other: validation")
    expect(rows.nth(1)).to_contain_text("2.500")
    page.get_by_label("Evaluation").fill("0")
    expect(page.locator(".sample")).to_have_text("first words")
    page.get_by_label("other", exact=True).uncheck()
    expect(page.locator("#view")).not_to_contain_text("other: validation")


def test_a_mistake_in_a_cell_is_shown_where_it_is(open_page, served):
    page = open_page(served.address("cell"))
    editor, start = page.locator("textarea"), page.get_by_role("button", name="Train for a minute")
    expect(page.locator("#view")).to_contain_text("; states: h, c")
    expect(start).to_be_enabled()
    editor.fill("r = U @ h\nh = tanh(W @ x + r) + foo(r)")
    expect(page.locator("#mistake")).to_contain_text("There is no function named foo.")
    expect(page.locator("#mistake")).to_contain_text("line 2: h = tanh(W @ x + r) + foo(r)")
    expect(editor).to_have_attribute("aria-invalid", "true")
    expect(start).to_be_disabled()
    page.get_by_role("button", name="Go there").click()
    assert editor.evaluate("text => text.value.slice(text.selectionStart)") == "foo(r)"
    editor.fill("h = tanh(W @ x + U @ h)")
    expect(page.locator("#mistake")).to_be_empty()
    expect(page.locator("#view")).to_contain_text("weights a layer: W, U; states: h")
    expect(start).to_be_enabled()
    units = page.get_by_label("Units", exact=True)
    units.fill("3")
    units.press("Enter")
    expect(page.locator("#view")).to_contain_text("18 weights a layer")


def test_a_trial_is_started_followed_and_stopped(open_page, served):
    """The trainings are pretended: their server's side has tests of its own."""
    runs, sent = [], []

    def answer(route):
        if route.request.method == "POST":
            sent.append((route.request.url.rpartition("/api/")[2], route.request.post_data_json))
        if sent and sent[-1][0] == "trial" and not runs:
            curve = {"update": [5, 10], "loss_nats": [2.5, 2.25]}
            last = {"update": 10, "loss_nats": 2.25}
            runs.extend({"name": name, "last": last, **curve} for name in ("mine", "lstm"))
        left = 60.0 if runs and sent[-1][0] == "trial" else 0.0
        route.fulfill(json={"runs": runs, "seconds_left": left, "notes": {}})

    page = open_page("about:blank")
    page.route("**/api/trial**", answer)
    page.goto(served.address("cell"))
    editor = page.get_by_label("Equations", exact=True)
    expect(page.locator("#view")).to_contain_text("weights a layer")
    editor.fill("h = tanh(W @ x + U @ h)")
    page.get_by_role("button", name="Train for a minute").click()
    expect(page.locator("#view")).to_contain_text("mine: loss 2.25 after 10 updates; lstm: loss")
    expect(page.locator("#view")).to_contain_text("60 s left.")
    expect(page.locator(".u-legend")).to_contain_text("mine")
    assert sent == [("trial", {"equations": "h = tanh(W @ x + U @ h)", "hidden_size": 128})]
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#view")).to_contain_text("Done.")
    assert sent[-1][0] == "trial/stop"


class LengthsOptions(ViewOptions):
    """What can be chosen."""

    most: int = Field(default=2, ge=1, le=9)
    order: Literal["as they come", "backwards"] = "as they come"
    is_upper: bool = False


@dataclass
class Lengths:
    """Lines of a text with their lengths."""

    lines: list[str]

    def to_json(self):
        return {"rows": self.to_rows()}

    def to_rows(self):
        return [{"line": line, "length": len(line)} for line in self.lines]

    def to_svg(self):
        return sheet([], title=" ".join(self.lines))


class LengthsView:
    """A view that somebody adds, without a line for the page."""

    name, title, caption = "lengths", "Lengths", "How long the first lines of the text are."
    Options = LengthsOptions
    kinds = EVERY_KIND

    def compute(self, session, options):
        lines = [line.upper() if options.is_upper else line for line in ("abc", "head a bed", "x")]
        lines = lines[: options.most]
        return Lengths(lines if options.order == "as they come" else lines[::-1])


def test_a_view_without_a_module_has_its_options_picture_and_table(open_page, served, monkeypatch):
    monkeypatch.setitem(module._views(), "lengths", LengthsView())
    page = open_page(served.address("lengths"))
    rows, picture = page.locator("#view tbody tr"), page.locator("img.picture")
    expect(page.get_by_role("link", name="Lengths")).to_have_attribute("aria-current", "page")
    expect(rows).to_have_text(["abc3", "head a bed10"])
    page.get_by_label("Most").fill("3")
    page.get_by_label("Order").select_option("backwards")
    page.get_by_label("Is Upper").check()
    expect(rows).to_have_text(["X1", "HEAD A BED10", "ABC3"])
    expect(picture).to_have_attribute("src", re.compile("order=backwards.*is_upper=true"))
    assert picture.evaluate("image => image.decode().then(() => image.width)")
