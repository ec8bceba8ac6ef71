"""Painted text as HTML."""

import re
from html.parser import HTMLParser

import numpy as np

from recurry.inspection.html import Painting, fragment, spans, style, write_page


class Text(HTMLParser):
    """The text inside <pre>, as a browser would copy it."""

    def __init__(self):
        super().__init__()
        self.text, self.open_tags, self.is_pre = "", [], False

    def handle_starttag(self, tag, attrs):
        self.is_pre |= tag == "pre"
        if tag not in ("meta", "link", "br"):
            self.open_tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag
        self.is_pre &= tag != "pre"

    def handle_data(self, data):
        if self.is_pre:
            self.text += data


def painting(text: str) -> Painting:
    return Painting(title="layer 0 <&>", pieces=list(text), values=np.linspace(-1, 1, len(text)))


def test_a_page_is_well_formed_and_keeps_the_text():
    text = 'To <b>be</b> & "or"\n\tnot\n'
    parser = Text()
    parser.feed(write_page([painting(text)], title="A <title>", note="5 > 4"))
    assert parser.text == text
    assert parser.open_tags == []


def test_a_page_loads_nothing():
    page = write_page([painting("abc")], title="t")
    assert not re.search(r"(src|href)=|url\(|@import|<script|https?://", page)


def test_every_class_that_is_used_has_a_rule():
    page = write_page([painting("x" * 200)], title="t")
    used = set(re.findall(r'class="(v\d+)"', page))
    assert used <= set(re.findall(r"\.(v\d+)\{", page))
    assert len(used) > 30


def test_neighbours_of_one_colour_share_an_element():
    assert spans(["a", "b", "c"], np.array([0.5, 0.5, -0.5])).count("<i") == 2


def test_titles_are_escaped():
    assert "layer 0 &lt;&amp;&gt;" in fragment(painting("a"))


def test_the_legend_says_what_is_painted():
    assert "tanh(c) = -1" in write_page([painting("a")], title="t")
    of_output = Painting(title="t", pieces=["a"], values=np.zeros(1), state="h")
    assert "h = -1" in write_page([of_output], title="t")


def test_styles_keep_white_space():
    assert "white-space:pre-wrap" in style()


def test_control_characters_neither_disturb_nor_hide():
    shown = spans(["a", "\r", "\n", "\x00"], np.zeros(4))
    assert "\r" not in shown
    assert "\x00" not in shown
    assert "a␍" in shown
