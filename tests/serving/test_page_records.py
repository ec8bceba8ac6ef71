"""The page of a model that reads a text record by record."""

import pytest

from recurry.artefact.model_file import save_model
from recurry.serving.events import EventHub

expect = pytest.importorskip("playwright.sync_api", reason="pip install playwright").expect

RECORDS = "the cat sat\n\nbad dog\ngood cat\n"


@pytest.fixture
def serve_records(serve, open_viewing, tmp_path):
    """A maker of servers of a model that reads records, whose pages hear of another one."""

    def build(model, text=RECORDS):
        save_model(model, tmp_path / "task.safetensors")
        events = EventHub()
        viewing = open_viewing(tmp_path / "task.safetensors", text=text, events=events)
        viewing.open()
        return serve(viewing, events)

    return build


@pytest.mark.parametrize(
    ("kind", "view", "shown"),
    [
        ("classifier", "text", ".reader"),
        ("tagger", "saliency", ".passage"),
        ("translator", "attention", ".passage"),
    ],
)
def test_records_are_walked_through(open_page, serve_records, request, kind, view, shown):
    served = serve_records(request.getfixturevalue(kind))
    page = open_page(served.address(view))
    subject, text = page.locator("#subject"), page.locator(f"#view {shown}").first
    field = page.get_by_label("Record, 1 to 3")
    before = page.get_by_role("button", name="‹ record")
    behind = page.get_by_role("button", name="record ›")
    expect(subject).to_contain_text("record 1 of 3")
    expect(text).to_contain_text("the cat sat")
    expect(before).to_be_disabled()
    behind.focus()
    page.keyboard.press("Enter")
    expect(subject).to_contain_text("record 2 of 3")
    expect(text).to_contain_text("bad dog")
    expect(field).to_have_value("2")
    expect(behind).to_be_focused()
    page.keyboard.press("Enter")
    expect(text).to_contain_text("good cat")
    expect(behind).to_be_disabled()
    expect(field).to_be_focused()
    field.fill("1")
    field.press("Enter")
    expect(text).to_contain_text("the cat sat")


def test_another_text_has_records_of_its_own(open_page, serve_records, classifier, give_text):
    page = open_page(serve_records(classifier).address())
    page.get_by_role("button", name="record ›").click()
    expect(page.locator("#subject")).to_contain_text("record 2 of 3")
    give_text(page, "bad cat\ngood dog")
    expect(page.locator("#subject")).to_contain_text("your own text, record 1 of 2")
    expect(page.locator(".reader")).to_contain_text("bad cat")
    give_text(page, "bad cat")
    expect(page.get_by_label("Record, 1 to")).to_have_count(0)


def test_a_record_that_is_not_there_is_refused_in_words(open_page, serve_records, classifier):
    page = open_page(serve_records(classifier).address(), has_mistakes=True)
    field = page.get_by_label("Record, 1 to 3")
    field.evaluate("field => { field.max = 9; }")
    field.fill("9")
    field.press("Enter")
    expect(page.locator("#view .notice")).to_contain_text("There is no record 9")


def test_a_file_that_is_no_text_is_refused(open_page, serve_records, classifier):
    page = open_page(serve_records(classifier).address())
    for data in (b"one\xfftwo", b"one\x00two"):
        page.get_by_role("button", name="Another text").click()
        file = {"name": "a.bin", "mimeType": "text/plain", "buffer": data}
        page.get_by_label("A file with a text").set_input_files(file)
        page.get_by_role("button", name="Read it").click()
        expect(page.locator("dialog .notice")).to_contain_text("no text in UTF-8: a.bin")
        page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#subject")).to_contain_text("a test")
