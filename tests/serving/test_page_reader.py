"""The text of the page in a real browser: where its rows end, and what is marked in it."""

import re

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import expect

from recurry.inspection.colour import NUM_LEVELS, SCALES, contrast

pytestmark = pytest.mark.browser

# A machine that tests many things at once is slow.
expect.set_options(timeout=60_000)
# Pixels that each row takes more than it has, and the numbers of its symbols.
ROWS = """rows => rows.map(row => [row.scrollWidth - row.clientWidth, row.children.length])"""
# Colours of a symbol of each level: behind it, and of the two lines of its mark.
MARKS = """([reader, count]) => Array.from({ length: count }, (_, level) => {
    const symbol = document.createElement("i");
    symbol.className = `v${level} unknown`;
    reader.append(symbol);
    const style = getComputedStyle(symbol);
    const found = [style.backgroundColor, style.outlineColor, style.boxShadow];
    symbol.remove();
    return found;
})"""


def test_no_word_is_cut_off_at_the_edge(open_page, serve_model, tagger):
    words = [("the", "cat", "sat", "counter-revolutionaries")[place % 4] for place in range(90)]
    page = open_page(serve_model(tagger, " ".join(words)).address())
    expect(page.locator(".reader i").first).to_be_visible()
    rows = page.locator(".reader .row").evaluate_all(ROWS)
    assert max(over for over, _ in rows) <= 0
    assert min(symbols for _, symbols in rows[:-1]) > 0
    assert len(rows) > 5


def test_a_word_that_is_wider_than_a_row_says_so(open_page, serve_model, tagger):
    page = open_page(serve_model(tagger, f"the {'cat' * 100} sat").address())
    rows = page.locator(".reader .row")
    expect(rows).to_have_count(3)
    long = rows.nth(1)
    assert long.evaluate("row => row.scrollWidth > row.clientWidth")
    assert long.evaluate("row => getComputedStyle(row).textOverflow") == "ellipsis"
    long.locator("i").hover()
    expect(page.locator(".moment")).to_contain_text("cat" * 100)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_the_model_does_not_know_is_seen_on_every_colour(open_page, served, scheme):
    page = open_page(served.address(), color_scheme=scheme)
    expect(page.locator(".reader i").first).to_be_visible()
    for scale in SCALES:
        page.get_by_label("Colours").select_option(scale)
        reader = page.locator(".reader").element_handle()
        for found in page.evaluate(MARKS, [reader, NUM_LEVELS]):
            back, line, other = ([int(part) for part in parts(text)] for text in found)
            assert contrast(line, other) > 7
            assert max(contrast(back, line), contrast(back, other)) >= 3  # of WCAG, for graphics


def parts(colour: str) -> list[str]:
    """Red, green and blue of a computed colour or shadow."""
    (found,) = re.findall(r"rgb\((\d+), (\d+), (\d+)\)", colour)
    return found
