"""Lines, arrows and loops."""

import xml.etree.ElementTree as ET

from recurry.compiler.network_links import line, loop, straight


def _paths(parts):
    return [path.attrib["d"] for path in ET.fromstring(f"<g>{parts}</g>")]


def test_a_line_goes_through_all_its_points():
    assert _paths(line((0, 1), (2, 3), (4, 5))) == ["M0.0,1.0 L2.0,3.0 L4.0,5.0"]


def test_the_head_of_an_arrow_is_at_its_end():
    assert [path.split()[0] for path in _paths(straight((5, 40), (5, 10)))] == [
        "M5.0,40.0",
        "M5.0,10.0",
    ]


def test_a_loop_ends_where_it_is_told_to():
    _, head = _paths(loop((60, 0), 20, rise=22, colour="#000000"))
    assert head.startswith("M0.0,20.0")
