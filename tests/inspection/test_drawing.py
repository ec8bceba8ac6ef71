"""Pictures are well-formed, safe and true to their numbers."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recurry.inspection import drawing
from recurry.inspection.drawing import Series, sheet

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("x")</script>\x00\u202e'


def _line(name: str = "a", count: int = 5) -> Series:
    x = np.arange(count, dtype=np.float64)
    return Series(name=name, x=x, y=x + 1, band=(x, x + 2))


def _root(*panels: drawing.Panel) -> ET.Element:
    return ET.fromstring(sheet(panels, title="t", note="n"))


def _texts(root: ET.Element) -> set[str]:
    return {element.text or "" for element in root.iter(f"{SVG}text")}


def test_a_title_is_cut_where_the_picture_ends():
    panels = [drawing.curves([_line()], title="a", labels=("x", "y"))]
    shown = ET.fromstring(sheet(panels, title="word " * 40)).find(f"{SVG}g/{SVG}text[last()]")
    assert shown.text.startswith("word word")
    assert shown.text.endswith("…")
    assert len(shown.text) < 60


def test_a_narrow_sheet_is_as_wide_as_its_note_and_a_long_note_is_wrapped():
    panel = drawing.Panel(width=200, height=50, parts=())
    short, note = "nine words that need more room than this panel", "a note of several words; " * 12
    root = ET.fromstring(sheet([panel], title="t", note=short))
    assert short in _texts(root)
    assert float(root.get("width")) > 7 * len(short)
    root = ET.fromstring(sheet([panel], title="t", note=note))
    lines = [text for text in root.iter(f"{SVG}text") if "note" in (text.text or "")]
    assert len(lines) > 1
    assert " ".join(line.text for line in lines) == note.strip()
    assert len({line.get("y") for line in lines}) == len(lines)
    lowest = max(float(line.get("y")) for line in lines)
    (moved,) = root.findall(f".//{SVG}g[@transform]")
    assert float(moved.get("transform").split()[1].rstrip(")")) > lowest


def test_curves_have_a_line_each_and_say_which():
    series = [_line("first"), _line("second")]
    root = _root(drawing.curves(series, title="two", labels=("steps", "nats")))
    assert len(list(root.iter(f"{SVG}polyline"))) == 2
    assert {"two", "steps", "nats", "first", "second"} <= _texts(root)
    dashes = [line.get("stroke-dasharray") for line in root.iter(f"{SVG}polyline")]
    assert len(set(dashes)) == 2


def _legend_of(y):
    series = [Series(name=name, x=np.arange(len(y)), y=np.array(y)) for name in ("a", "b")]
    root = _root(drawing.curves(series, title="t", labels=("x", "y")))
    boxes = [box for box in root.iter(f"{SVG}rect") if box.get("fill-opacity") == "0.85"]
    return float(boxes[0].get("x")), float(boxes[0].get("y"))


@pytest.mark.parametrize(
    ("y", "is_right", "is_upper"),
    [
        ([9.0, 4, 2, 1, 1, 1], True, True),
        ([1.0, 1, 1, 2, 4, 9], False, True),
        ([0.0, 9, 9, 9, 9, 9.5], False, True),
    ],
)
def test_a_legend_stands_where_it_covers_no_line(y, is_right, is_upper):
    left, top = _legend_of(y)
    assert (left > drawing.WIDTH / 2) == is_right
    assert (top < drawing.HEIGHT / 2) == is_upper


def test_events_are_marked_and_named():
    events = Series(name="clipped, 2", x=np.array([1, 2]), y=np.array([1.0, 2.0]))
    panel = drawing.curves([_line("norm")], title="t", labels=("x", "y"), events=events)
    root = _root(panel)
    assert "clipped, 2" in _texts(root)
    assert len(list(root.iter(f"{SVG}circle"))) == 3  # two and that of the legend


def test_logarithmic_curves_leave_out_what_has_no_logarithm():
    one = Series(name="a", x=np.arange(4), y=np.array([1.0, 0.0, -1.0, 100.0]))
    panel = drawing.curves([one], title="t", labels=("k", "norm"), is_logarithmic=True)
    (line,) = _root(panel).iter(f"{SVG}polyline")
    places = [float(pair.split(",")[1]) for pair in line.get("points", "").split()]
    assert len(places) == 2
    assert places[0] > places[1]


@pytest.mark.parametrize("count", [0, 1, 2, 10 * drawing.MOST_POINTS])
def test_any_number_of_points_is_drawn(count):
    curve = drawing.curves([_line(count=count)], title="t", labels=("x", "y"))
    points = drawing.scatter([_line(count=count)], title="t", labels=("x", "y"))
    root = _root(curve, points)
    assert len(list(root.iter(f"{SVG}circle"))) <= drawing.MOST_POINTS
    lines = [line.get("points", "").split() for line in root.iter(f"{SVG}polyline")]
    assert all(len(line) <= drawing.MOST_POINTS for line in lines)


def test_what_is_not_finite_is_left_out():
    one = Series(name="a", x=np.array([0.0, 1.0, np.nan, 3.0]), y=np.array([1.0, np.inf, 1.0, 2.0]))
    panel = drawing.scatter([one], title="t", labels=("x", "y"))
    assert len(list(_root(panel).iter(f"{SVG}circle"))) == 2
    assert "nan" not in sheet([panel], title="t")


def test_a_circle_lies_on_all_points_and_is_round_where_the_frame_is():
    one = Series(name="a", x=np.zeros(9), y=np.linspace(-1, 1, 9))
    sizes = {"width": 500.0, "height": 502.0, "limits": ((-1.6, 1.6), (-1.6, 1.6))}
    panel = drawing.scatter([one], title="t", labels=("x", "y"), radius=1.0, **sizes)
    shapes = [element for element in _root(panel).iter() if element.tag.startswith(SVG)]
    kinds = [shape.tag.removeprefix(SVG) for shape in shapes]
    assert kinds.index("ellipse") > max(at for at, kind in enumerate(kinds) if kind == "circle")
    circle = next(shape for shape in shapes if shape.tag == f"{SVG}ellipse")
    assert circle.attrib["rx"] == circle.attrib["ry"]


def test_a_scatter_keeps_its_limits():
    one = Series(name="a", x=np.array([0.5]), y=np.array([0.5]))
    panel = drawing.scatter([one], title="t", labels=("x", "y"), limits=((0, 1), (0, 1)))
    (disc,) = _root(panel).iter(f"{SVG}circle")
    frame = drawing._frame(drawing.WIDTH)
    assert float(disc.get("cx", 0)) == pytest.approx((frame.left + frame.right) / 2, abs=0.1)
    assert float(disc.get("cy", 0)) == pytest.approx((frame.top + frame.bottom) / 2, abs=0.1)


def test_columns_are_as_high_as_their_counts():
    panel = drawing.histogram(
        np.array([1, 2, 0]), np.array([0.0, 0.5, 1.0, 1.5]), title="t", labels=("v", "share")
    )
    columns = [r for r in _root(panel).iter(f"{SVG}rect") if r.get("fill") == drawing.SERIES[0]]
    heights = [float(column.get("height", 0)) for column in columns]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2)
    assert heights[2] == 0


def test_bars_are_as_long_as_their_numbers():
    rows = [("short", 1.0), ("long", 3.0), ("none", float("nan"))]
    root = _root(drawing.bars(rows, title="t", label="nats"))
    found = [r for r in root.iter(f"{SVG}rect") if r.get("fill") == drawing.SERIES[0]]
    lengths = [float(bar.get("width", 0)) for bar in found]
    assert lengths[1] == pytest.approx(3 * lengths[0], abs=0.2)
    assert lengths[2] == 0
    assert {"short", "long", "nats"} <= _texts(root)


def test_a_sheet_puts_panels_side_by_side():
    panel = drawing.curves([_line()], title="t", labels=("x", "y"))
    two, one = sheet([panel, panel], title="t", columns=2), sheet([panel, panel], title="t")
    widths = [float(ET.fromstring(svg).get("width", 0)) for svg in (two, one)]
    assert widths[0] == pytest.approx(2 * panel.width, abs=1)
    assert widths[1] == pytest.approx(panel.width, abs=1)


def test_hostile_words_are_shown_not_run():
    series = [_line(HOSTILE), _line()]
    panels = [
        drawing.curves(series, title=HOSTILE, labels=(HOSTILE, HOSTILE)),
        drawing.scatter(series, title=HOSTILE, labels=(HOSTILE, HOSTILE)),
        drawing.bars([(HOSTILE, 1.0)], title=HOSTILE, label=HOSTILE),
    ]
    svg = sheet(panels, title=HOSTILE, note=HOSTILE)
    assert not list(ET.fromstring(svg).iter(f"{SVG}script"))
    assert "\x00" not in svg
    assert "\u202e" not in svg
