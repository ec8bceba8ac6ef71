"""The page in a real browser when answers take long: nothing old, nothing lost, and a sign."""

import contextlib
import itertools

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import Error, expect

pytestmark = pytest.mark.browser

# A machine that tests many things at once is slow.
expect.set_options(timeout=60_000)
# View -> the control that asks anew, two values for it, and what is shown for the second.
CHANGES = {
    "errors": ("Order n of the n-grams", "3", "4", "the 4-gram model"),
    "gates": ("Symbols that are counted", "200", "300", "over 300 symbols"),
    "meaning": ("Symbols that are read", "200", "300", "of 300 symbols"),
    "network": ("Steps", "2", "3", "unrolled over 3 steps"),
}


class Held:
    """Requests that wait until they are let go."""

    def __init__(self, page, pattern):
        self.page, self.routes = page, []
        page.route(pattern, self.keep)

    def keep(self, route):
        self.routes.append(route)

    def wait_for(self, count):
        for _ in range(600):
            if len(self.routes) >= count:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.routes)} requests came, not {count}")

    def release(self, place):
        with contextlib.suppress(Error):  # the page may have taken it back
            self.routes[place].continue_()


def set_value(page, label, value):
    """Choose a value in a list, on a slider or in a field."""
    control = page.locator("#view").get_by_label(label, exact=True)
    if control.evaluate("element => element.localName") == "select":
        control.select_option(value)
    else:
        control.fill(value)
        control.press("Enter")


@pytest.mark.parametrize("view", CHANGES)
def test_an_older_answer_never_comes_after_a_newer_one(open_page, served, view):
    label, older, newer, shown = CHANGES[view]
    page = open_page(served.address(view))
    expect(page.locator("#view .panel h2").first).to_be_visible()
    expect(page.locator("#view [aria-busy]")).to_have_count(0)
    held = Held(page, f"**/api/view/{view}?**")
    set_value(page, label, older)
    held.wait_for(1)
    expect(page.locator("#view .computing")).to_have_text("computing …")
    expect(page.locator("#view .panel h2").first).to_be_visible()  # what was there stays
    set_value(page, label, newer)
    held.wait_for(2)
    held.release(1)
    expect(page.locator("#view")).to_contain_text(shown)
    held.release(0)
    page.wait_for_timeout(300)
    expect(page.locator("#view")).to_contain_text(shown)
    expect(page.locator("#view .computing")).to_have_count(0)
    expect(page.locator("#view [aria-busy]")).to_have_count(0)


def test_a_gradient_that_is_not_wanted_any_more_is_not_waited_for(open_page, served):
    page = open_page("about:blank")
    held = Held(page, "**/api/view/gradient?**")
    page.goto(served.address("gradient"))
    held.wait_for(1)  # of four networks over a hundred steps, which takes long
    for cell in ("rnn", "gru"):
        page.get_by_label(f"{cell}, untrained", exact=True).uncheck()
    for label, value in [("Steps back", "5"), ("Gradient by", "c"), ("Gradient by", "h")]:
        set_value(page, label, value)
    held.wait_for(6)
    held.release(5)
    heading = page.locator("#view .panel h2").first
    expect(heading).to_contain_text("by h, k steps")
    held.release(4)
    page.wait_for_timeout(300)
    expect(heading).to_contain_text("by h, k steps")
    expect(page.locator("#view .panel").first.locator(".u-legend .u-series")).to_have_count(7)


def test_the_values_of_the_box_that_was_picked_last_are_shown(open_page, served):
    page = open_page(served.address("network"))
    expect(page.locator(".values tbody tr")).to_have_count(6)
    held = Held(page, "**/api/named?**")
    for place, name in enumerate("fi"):
        page.locator(f"[data-name={name}]").click()
        held.wait_for(place + 1)
    held.release(1)
    expect(page.locator(".values h2")).to_have_text("i while the model reads")
    held.release(0)
    page.wait_for_timeout(300)
    expect(page.locator(".values h2")).to_have_text("i while the model reads")


def test_another_run_beside_it_does_not_vanish_again(open_page, serve, open_viewing, run_folder):
    run_folder("other", [3.0, 2.5])
    served = serve(open_viewing(run_folder("mine", [3.0, 2.0])))
    page = open_page(served.address("training"))
    page.get_by_text("Other runs beside it").click()
    held = Held(page, "**/api/view/training**")
    served.events.publish("training", {"bytes": 1})
    held.wait_for(1)
    page.get_by_label("other", exact=True).check()
    held.wait_for(2)
    held.release(1)
    rows = page.locator("#view .table tbody tr")
    expect(rows).to_have_count(2)
    held.release(0)
    page.wait_for_timeout(300)
    expect(rows).to_have_count(2)


@pytest.fixture
def writing(open_page, served):
    """A page of the view Write, what it asks for, and its answers held."""
    page = open_page(served.address("write"))
    expect(page.locator(".line.active .written i")).to_have_count(1)
    return page, Held(page, "**/api/write")


def finish(held, count):
    """Let a number of steps happen, one after another; gives what was asked."""
    asked = []
    for place in range(count):
        held.wait_for(place + 1)
        asked.append(held.routes[place].request.post_data_json)
        held.release(place)
    return asked


def test_what_is_done_while_a_step_is_under_way_is_done_after_it(writing):
    page, held = writing
    text = page.locator(".line.active .written i")
    page.get_by_role("button", name="One symbol").click()
    held.wait_for(1)
    typed = page.get_by_label("Type a text")
    typed.press_sequentially("head")
    for _ in range(2):
        page.get_by_role("button", name="Take back one").click()
    page.get_by_role("button", name="Fork").click()
    typed.press_sequentially("a")
    asked = finish(held, 4)
    expect(page.locator(".line")).to_have_count(2)
    expect(text).to_have_count(1 + 1 + 4 - 2 + 1)
    page.wait_for_timeout(200)
    assert len(held.routes) == 4
    drawn, headed, taken_back, added = asked
    assert (drawn["draw"], headed["typed"], added["typed"]) == (1, "head", "a")
    assert len(headed["ids"]) == 2
    assert headed["ids"][:1] == drawn["ids"]
    assert taken_back["ids"][:2] == headed["ids"]
    assert len(taken_back["ids"]) == 4
    assert added["ids"] == taken_back["ids"]
    assert text.all_text_contents()[2:] == ["h", "e", "a"]
    expect(page.locator(".line").first.locator(".written i")).to_have_count(4)


def test_what_is_typed_while_the_model_writes_is_written(open_page, served):
    page = open_page(served.address("write"))
    sent = []

    def note(request):
        if request.url.endswith("/api/write"):
            sent.append(request.post_data_json)

    page.on("request", note)
    page.get_by_role("button", name="Let it write").click()
    text = page.locator(".line.active .written i")
    expect(text.nth(4)).to_be_attached()
    page.get_by_label("Type a text").press_sequentially("head", delay=20)
    expect(text.nth(20)).to_be_attached()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Let it write")).to_be_visible()
    page.wait_for_timeout(200)
    assert "".join(one.get("typed", "") for one in sent).strip() == "head"
    # Nothing is lost: each step begins with all that the one before had and has added.
    for before, after in itertools.pairwise(sent):
        added = len(before.get("typed", "")) + before.get("draw", 0)
        assert after["ids"][: len(before["ids"])] == before["ids"]
        assert len(after["ids"]) == len(before["ids"]) + added


def test_what_waits_behind_a_step_that_fails_is_dropped(writing):
    page, held = writing
    page.get_by_role("button", name="One symbol").click()
    held.wait_for(1)
    page.get_by_role("button", name="Take back one").click()
    held.routes[0].abort()
    expect(page.locator("#view .notice")).to_contain_text("The server does not answer")
    expect(page.locator(".line.active .written i")).to_have_count(1)
    page.get_by_role("button", name="One symbol").click()
    held.wait_for(2)
    held.release(1)
    expect(page.locator(".line.active .written i")).to_have_count(2)
    expect(page.locator("#view .notice")).to_have_count(0)
