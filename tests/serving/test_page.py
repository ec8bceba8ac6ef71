"""The page in a real browser."""

import itertools
import json
import shutil
import socket
import time
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import expect

from recurry.serving.events import EventHub
from recurry.serving.views import all_views

pytestmark = pytest.mark.browser

ANSWERING = ("classifier", "tagger", "translator")
AXE = Path(__file__).parent / "axe" / "axe.min.js"
SIZES = ((1440, 900), (1024, 768), (390, 844))
VIEWS = tuple(view.name for view in all_views())
# A machine that tests many things at once is slow.
expect.set_options(timeout=20_000)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_can_be_used_by_everybody(
    open_page, serve, open_viewing, run_folder, model_file, view
):
    folder = run_folder("mine", [3.0, 2.0, 1.0])
    shutil.copy(model_file, folder / "model.safetensors")
    viewing = open_viewing(folder)
    viewing.open()
    page = open_page(serve(viewing).address(view), bypass_csp=True)
    expect(page.locator(f"nav a[data-view={view}]")).to_have_attribute("aria-current", "page")
    # A language model attends to nothing and answers nothing: two views say so.
    expect(page.locator("#view .panel, #view .notice").first).to_be_attached()
    expect(page.locator("#view [aria-busy]")).to_have_count(0, timeout=90_000)
    assert_usable(page)


@pytest.mark.parametrize(
    ("view", "kind"),
    [("text", "tagger"), ("attention", "translator"), *(("saliency", k) for k in ANSWERING)],
)
def test_every_view_of_answers_can_be_used_by_everybody(
    open_page, serve_model, request, view, kind
):
    served = serve_model(request.getfixturevalue(kind), "the cat 3")
    page = open_page(served.address(view), bypass_csp=True)
    expect(page.locator("#view .parts button, #view .reader i").first).to_be_visible()
    expect(page.locator("#view [aria-busy]")).to_have_count(0)
    assert_usable(page)


def assert_usable(page):
    """Contrast, labels and keyboard, and nothing that is wider than the window, at three sizes in
    two themes."""
    page.evaluate(AXE.read_text())
    for size, scheme in itertools.product(SIZES, ("light", "dark")):
        page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(200)  # colours change softly
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        problems = [(one["id"], one["nodes"][0]["html"]) for one in found]
        assert problems == [], (size, scheme)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, size


def test_pointing_at_a_symbol_shows_what_is_expected(open_page, served):
    page = open_page(served.address())
    page.locator(".reader i").nth(5).hover()
    panel = page.locator(".moment")
    expect(panel).to_contain_text("The model expects")
    expect(panel.locator(".bars").first.locator(".piece")).to_have_count(5)
    for name in ("f", "i", "g", "o", "c", "h"):
        expect(panel.locator(".bars").nth(1).get_by_text(name, exact=True)).to_be_visible()


def test_cells_are_chosen_by_mouse_and_keyboard(open_page, served):
    page = open_page(served.address("text?layer=0&unit=1"))
    unit = page.get_by_label("Unit, 0 to 5")
    expect(unit).to_have_value("1")
    before = page.locator(".reader i").evaluate_all("all => all.map(i => i.className)")
    page.get_by_role("button", name="unit 4", exact=True).click()
    expect(unit).to_have_value("4")
    expect(page.get_by_role("button", name="unit 4")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(500)
    assert before != page.locator(".reader i").evaluate_all("all => all.map(i => i.className)")
    page.get_by_role("button", name="cell ›").focus()
    page.keyboard.press("Enter")
    expect(unit).to_have_value("5")
    page.get_by_label("Layer").select_option("1")
    page.get_by_label("Value").select_option("f")
    expect(page.locator(".scale").first).to_contain_text("f = 0, shut")


def test_a_stretch_is_marked_and_found_elsewhere(open_page, served):
    page = open_page(served.address())
    expect(page.locator(".reader i").first).to_be_visible()
    page.locator(".reader").focus()
    page.keyboard.press("ArrowRight")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
        page.wait_for_timeout(60)
    expect(page.locator(".marked")).to_contain_text("Marked: 4 symbols")
    page.get_by_role("link", name="Find cells and places").click()
    expect(page.locator("#title")).to_have_text("Find")
    expect(page.locator("#view h2").first).to_contain_text("over th")


def test_the_arrow_keys_walk_through_the_text(open_page, served):
    page = open_page(served.address())
    expect(page.locator(".reader i").first).to_be_visible()
    page.locator(".reader").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
        page.wait_for_timeout(80)
    expect(page.locator(".moment")).to_contain_text("After")
    row = page.locator(".reader i.cursor").evaluate(
        "i => [...i.closest('.rows').children].indexOf(i.parentElement)"
    )
    assert row == 2


def test_writing_drawing_going_back_and_forking(open_page, served):
    page = open_page(served.address("write"))
    text = page.locator(".line.active .written i")
    expect(text).to_have_count(1)
    page.get_by_label("Type a text").press_sequentially("head", delay=30)
    expect(text).to_have_count(5)
    page.get_by_label("Type a text").press("Backspace")
    expect(text).to_have_count(4)
    page.get_by_role("button", name="100 symbols").click()
    expect(text).to_have_count(104)
    page.get_by_role("button", name="Fork").click()
    expect(page.locator(".line")).to_have_count(2)
    page.get_by_role("button", name="One symbol").click()
    expect(page.locator(".line.active .written i")).to_have_count(105)
    page.get_by_role("button", name="Go on with text 1").click()
    expect(page.locator(".line.active .written i")).to_have_count(104)
    page.locator(".choice").first.click()
    expect(page.locator(".line.active .written i")).to_have_count(105)
    page.get_by_label("Temperature").fill("0")
    expect(page.locator(".bars").first).to_contain_text("100.0 %")
    page.get_by_role("button", name="Let it write").click()
    expect(page.locator(".line.active .written i").nth(110)).to_be_attached()
    page.get_by_role("button", name="Stop").click()


def test_a_named_block_of_the_cell_shows_its_values(open_page, served):
    page = open_page(served.address("network"))
    page.locator("[data-name=f]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".values h2")).to_have_text("f while the model reads")
    expect(page.locator(".values tbody tr")).to_have_count(6)
    page.get_by_label("Steps").fill("2")
    expect(page.locator(".network-forms")).to_contain_text("unrolled over 2 steps")


def test_discs_are_reached_and_picked_by_keyboard(open_page, served):
    page = open_page(served.address("gates"))
    discs = page.locator(".scatter .disc")
    expect(discs.first).to_be_visible()
    page.locator(".scatter .disc[tabindex='0']").focus()
    first = page.locator(".disc:focus").get_attribute("aria-label")
    page.keyboard.press("ArrowRight")
    second = page.locator(".disc:focus").get_attribute("aria-label")
    assert first != second
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("Text")  # coloured by the unit that was picked


def test_curves_grow_while_training_runs(open_page, serve, open_viewing, run_folder, monkeypatch):
    monkeypatch.setattr("recurry.serving.viewing._LOOK_SECONDS", 0.1)
    folder, events = run_folder("live", []), EventHub()
    viewing = open_viewing(folder, events=events)
    viewing.start()
    page = open_page(serve(viewing, events).address(""))
    expect(page.locator("#title")).to_have_text("Training")
    expect(page.locator("#subject")).to_contain_text("no model yet")
    expect(page.locator("#view")).to_contain_text("Nothing has been logged yet")
    line = {"num_symbols": 9, "gradient_norm": 1.0}
    for update in range(1, 6):
        with open(folder / "log.jsonl", "a") as log:
            log.write(json.dumps({**line, "update": update, "loss_nats": 1 / update}) + "\n")
        time.sleep(0.15)
    expect(page.locator("#view tbody td").nth(1)).to_have_text("5")
    expect(page.locator("canvas").first).to_be_visible()


def test_a_model_that_comes_is_shown_by_itself(
    open_page, serve, open_viewing, run_folder, model_file, monkeypatch
):
    monkeypatch.setattr("recurry.serving.viewing._LOOK_SECONDS", 0.1)
    folder, events = run_folder("live", [2.0]), EventHub()
    viewing = open_viewing(folder, events=events)
    viewing.start()
    page = open_page(serve(viewing, events).address("text"))
    expect(page.locator("#subject")).to_contain_text("no model yet")
    shutil.copy(model_file, folder / "part")
    (folder / "part").rename(folder / "model.safetensors")
    expect(page.locator("#subject")).to_contain_text("lstm, 2 layers")


HOSTILE = (
    "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>\n"
    "\x00\x07\x1b[31mred\x1b[0m\u202ertl\u202c شكرا עברית "
    "👩‍👩‍👧 e\u0301\u0301\u0301 \ufeff\u2028\n&lt;b&gt;\n"
)


def test_hostile_text_is_shown_as_text(open_page, serve, open_viewing, model_file):
    viewing = open_viewing(model_file, text=HOSTILE)
    viewing.open()
    served = serve(viewing)
    page = open_page(served.address(), has_mistakes=True)
    expect(page.locator(".reader")).to_contain_text("<script>window.hacked=1</script>")
    expect(page.locator(".reader")).to_contain_text("␛[31mred")
    expect(page.locator(".reader .unknown").first).to_be_visible()
    for view in VIEWS:
        page.goto(served.address(view))
        page.wait_for_timeout(300)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#view script, #view img[src=x]").count() == 0


def test_another_text_is_given_on_the_page(open_page, serve, open_viewing, model_file, give_text):
    events = EventHub()
    viewing = open_viewing(model_file, events=events)
    viewing.open()
    page = open_page(serve(viewing, events).address())
    expect(page.locator(".reader")).to_contain_text("head a bed")
    give_text(page, "bed bed bed")
    expect(page.locator(".reader")).to_contain_text("bed bed bed")


def test_a_line_of_ten_million_symbols_stays_usable(open_page, serve, open_viewing, model_file):
    viewing = open_viewing(model_file, text="abcdefgh" * 1_250_000)
    viewing.open()
    page = open_page(serve(viewing).address())
    expect(page.locator(".reader .row").first).to_contain_text("abcdefgh", timeout=30_000)
    page.locator(".reader").evaluate("frame => { frame.scrollTop = frame.scrollHeight / 2; }")
    page.wait_for_timeout(500)
    expect(page.locator(".reader .row").first).to_contain_text("abcdefgh")
    assert page.locator(".reader i").count() < 20_000


def test_ten_tabs_hear_the_same(browser, open_page, serve, viewing):
    events = EventHub()
    served = serve(viewing, events)
    context = browser.new_context()
    pages = [open_page(served.address("network"), context=context) for _ in range(10)]
    for page in pages:
        expect(page.locator("[data-name=f]")).to_be_visible(timeout=20_000)
    progress = {"done": 1, "length": 4, "is_finished": False}
    events.publish("recording", progress)
    for page in pages:
        expect(page.locator("#status")).to_contain_text("25 %")
    context.close()


def test_a_page_finds_its_server_again(open_page, serve, open_viewing, viewing, model_file):
    first = serve(viewing)
    page = open_page(first.address())
    expect(page.locator(".reader i").first).to_be_visible()
    page.wait_for_timeout(500)
    first.stop()
    expect(page.locator("#status")).to_contain_text("server is gone")
    other = open_viewing(model_file, text="a bed\n")
    other.open()
    serve(other, port=first.port)
    expect(page.locator("#status")).to_contain_text("Connected again")
    expect(page.locator(".reader")).to_contain_text("a bed")


def test_colours_and_themes_are_switched_and_remembered(open_page, served):
    page = open_page(served.address())
    expect(page.locator(".reader i").first).to_be_visible()
    first = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Theme").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != first
    page.get_by_label("Colours").select_option("orange-purple")
    page.reload()
    expect(page.get_by_label("Theme")).to_have_value("dark")
    assert page.evaluate("document.documentElement.dataset.scale") == "orange-purple"


def test_the_port_is_given_back(served):
    served.stop()
    with socket.create_server(("127.0.0.1", served.port)):
        pass
