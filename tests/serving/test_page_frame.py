"""The frame of the page in a real browser: what is told by itself, keys, and what is selected."""

import re

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import expect

from recurry.artefact.model_file import save_model
from recurry.serving.events import EventHub

pytestmark = pytest.mark.browser

# A machine that tests many things at once is slow.
expect.set_options(timeout=60_000)


@pytest.fixture
def watched(serve, open_viewing, model_file):
    """A server that tells its pages of another text or model, and its events."""
    events = EventHub()
    viewing = open_viewing(model_file, events=events)
    viewing.open()
    viewing.shown.recording.wait()
    return serve(viewing, events), events


def test_a_newer_model_is_offered_until_it_is_shown(open_page, watched):
    served, events = watched
    page = open_page(served.address())
    expect(page.locator(".reader i").first).to_be_visible()
    offer = page.locator("#offer")
    events.publish("model", {"made": 5.5, "shown": 5.5})
    events.publish("recording", {"done": 1, "length": 4, "is_finished": False})
    expect(page.locator("#status")).to_contain_text("25 %")
    expect(offer).to_be_empty()
    events.publish("model", {"made": 6.5, "shown": 5.5})
    expect(offer).to_contain_text("The run has a newer model.")
    events.publish("recording", {"done": 4, "length": 4, "is_finished": True})
    expect(page.locator("#status")).to_be_empty()
    expect(offer).to_contain_text("The run has a newer model.")
    with page.expect_response("**/api/reload") as answer:
        page.get_by_role("button", name="Show it").click()
    assert answer.value.json()["version"] == 2
    expect(offer).to_be_empty()


def test_a_problem_that_nobody_asked_for_is_told(open_page, watched):
    served, events = watched
    page = open_page(served.address())
    expect(page.locator(".reader i").first).to_be_visible()
    events.publish("recording", {"done": 1, "length": 4, "is_finished": False})
    expect(page.locator("#status")).to_contain_text("25 %")
    events.publish("problem", "The disk is full.")
    expect(page.get_by_role("alert")).to_have_text("The disk is full.")
    expect(page.locator("#status")).to_be_empty()


def test_the_link_that_skips_to_the_view_keeps_the_address(open_page, served):
    page = open_page(served.address("network"))
    expect(page.locator("#title")).to_have_text("Network")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    expect(page).to_have_url(re.compile("#/network$"))
    page.goto(served.address().replace("/text", "").replace("#", "#main"))
    page.reload()
    expect(page.locator(".reader i").first).to_be_visible()


def test_a_key_for_every_view(open_page, served):
    page = open_page(served.address("network"))
    links = page.locator("nav a")
    expect(links).to_have_count(12)
    codes = [*(f"Digit{number}" for number in (*range(1, 10), 0)), "Minus", "Equal"]
    for place, code in [*enumerate(codes)][2::3]:
        page.keyboard.press(f"Alt+{code}")
        expect(links.nth(place)).to_have_attribute("aria-current", "page")
        expect(links.nth(place)).to_be_focused()
    # A Mac writes another sign with Alt; what counts is the place of the key.
    sign = {"code": "Digit1", "key": "¡", "altKey": True, "bubbles": True}
    page.locator("body").dispatch_event("keydown", sign)
    expect(links.first).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize(
    ("kind", "unfit"),
    [
        ("model_of_language", {"attention", "saliency"}),
        ("tagger", {"write", "errors", "attention"}),
        ("translator", {"write", "errors"}),
    ],
)
def test_a_view_that_is_not_for_the_model_says_why(open_page, serve_model, request, kind, unfit):
    served = serve_model(request.getfixturevalue(kind), "the cat\n" * 20)
    page = open_page(served.address())
    links = page.locator("nav a.unfit")
    expect(page.locator(".reader i").first).to_be_visible()
    assert set(links.evaluate_all("all => all.map(link => link.dataset.view)")) == unfit
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for view in unfit:
        page.locator(f"nav a[data-view={view}]").click()
        notice = page.locator("#view .notice")
        expect(notice).to_have_count(1)
        expect(notice).to_contain_text("A model of the kind")
        reason = notice.locator("p").text_content()
        expect(page.locator(f"nav a[data-view={view}]")).to_have_attribute("title", reason)
        expect(page.locator("#view input, #view .panel, #downloads a")).to_have_count(0)
    assert [url for url in asked if "/api/view/" in url] == []
    page.get_by_role("link", name="Network").click()
    expect(page.locator("#downloads a")).to_have_count(3)


@pytest.fixture
def model_of_language(build_model):
    return build_model()


def test_the_head_takes_one_line_while_there_is_nothing_to_tell(open_page, watched):
    served, events = watched
    page = open_page(served.address())
    expect(page.locator(".reader i").first).to_be_visible()
    subject = page.locator("#subject")
    title = (
        "lstm, 2 layers, 256 units: language, held-out text of the plays, read forwards, of a run"
    )
    subject.evaluate(
        "(element, title) => { element.textContent = title; }", title + " that is long"
    )
    tops = "all => all.map(one => one.getBoundingClientRect()).map(box => box.top + box.height / 2)"
    middles = page.locator(".top > .brand, .top > .subject, .top > .switches").evaluate_all(tops)
    assert max(middles) - min(middles) < 3
    events.publish("recording", {"done": 1, "length": 4, "is_finished": False})
    expect(page.locator("#status")).to_contain_text("25 %")


def test_a_page_that_comes_back_hears_what_it_missed(open_page, watched):
    served, events = watched
    page = open_page(served.address())
    expect(page.locator(".reader i").first).to_be_visible()
    event = "name => window.dispatchEvent(new PageTransitionEvent(name, { persisted: true }))"
    page.evaluate(event, "pagehide")
    events.publish("recording", {"done": 1, "length": 4, "is_finished": False})
    page.wait_for_timeout(500)
    expect(page.locator("#status")).to_be_empty()
    page.evaluate(event, "pageshow")
    expect(page.locator("#status")).to_contain_text("25 %")


def test_a_stretch_of_another_text_is_forgotten(open_page, watched, give_text):
    served, _ = watched
    page = open_page(served.address("text?step=400"))
    expect(page.locator(".reader i.cursor")).to_be_visible()
    page.locator(".reader").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".marked")).to_contain_text("Marked: 2 symbols")
    give_text(page, "bed bed bed")
    expect(page.locator(".marked")).not_to_contain_text("Marked")
    expect(page).to_have_url(re.compile("#/text$"))
    page.get_by_role("link", name="Find").first.click()
    expect(page.locator("#view h2").first).to_contain_text("over th")
    expect(page.locator("#view .notice")).to_have_count(0)


def test_a_unit_that_a_newer_model_has_not_is_forgotten(
    open_page, watched, build_model, model_file
):
    served, events = watched
    page = open_page(served.address("text?layer=1&unit=5"), has_mistakes=True)
    expect(page.get_by_label("Unit, 0 to 5")).to_have_value("5")
    save_model(build_model(hidden_size=3, num_layers=1), model_file)
    events.publish("model", {"made": 6.5, "shown": 5.5})
    page.get_by_role("button", name="Show it").click()
    expect(page.locator("#subject")).to_contain_text("3 units")
    expect(page.get_by_label("Unit, 0 to 2")).to_be_visible()
    assert int(page.get_by_label("Unit, 0 to 2").input_value()) <= 2
    expect(page.locator(".reader i.v32, .reader i.v31, .reader i.v33").first).to_be_attached()
    expect(page.locator("#view .notice")).to_have_count(0)
