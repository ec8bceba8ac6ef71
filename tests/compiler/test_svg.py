"""The shapes of the drawings."""

import xml.etree.ElementTree as ET

from recurry.compiler import svg


def test_a_document_is_well_formed_and_escapes_its_words():
    parts = [
        svg.box((10, 10), (8, 6), fill="#fff", stroke="#000", radius=2),
        svg.label((10, 10), "a < b & W_f"),
        svg.heading((1, 2), "<script>"),
        svg.arrow([(0, 0), (10, 5), (20, 5), (30, 9)], colour="#123456"),
    ]
    root = ET.fromstring(svg.document(parts, width=40, height=20, title="a < b"))
    assert root.attrib["viewBox"] == "0 0 40 20"
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "a < b"
    assert root.find(".//{*}script") is None


def test_what_follows_an_underscore_is_a_subscript():
    assert ">f</tspan>" in svg.label((0, 0), "W_f x")
    assert ">t−1</tspan>" in svg.label((0, 0), "h_{t−1}")


def test_wider_words_are_wider():
    assert svg.text_width("W_h x + b_h") > svg.text_width("W_h x") > svg.text_width("W_h") > 0


def test_an_arrow_ends_where_it_points():
    assert "M30.0,9.0 l-8,-4 v8 z" in svg.arrow([(0, 0), (30, 9)], colour="#000")


def test_words_are_safe_and_anchored():
    found = ET.fromstring(svg.words((1, 2), "<b>\x00&", anchor="end"))
    assert found.text == "<b> &"
    assert found.attrib["text-anchor"] == "end"


def test_a_long_name_is_cut_with_an_ellipsis():
    assert svg.shorten("abcdef", 6) == "abcdef"
    assert svg.shorten("abcdefg", 6) == "abcde…"


def test_a_line_needs_points():
    assert svg.line([], colour="#000", width=1) == ""
    assert 'points="0.0,1.0 2.0,3.0"' in svg.line([(0, 1), (2, 3)], colour="#000", width=1)


def test_words_are_wrapped_where_a_line_is_full():
    lines = svg.wrap("some words of a note and averyverylongwordindeed", 70, size=12)
    assert " ".join(lines) == "some words of a note and averyverylongwordindeed"
    assert len(lines) > 3
    assert all(svg.text_width(line, size=12) <= 70 for line in lines[:-1])
    assert svg.wrap("", 70) == []
