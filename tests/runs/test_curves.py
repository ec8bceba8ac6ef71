"""Learning curves: a table with every number, a picture that is well-formed and true."""

import csv
import io
import math
import re
import xml.etree.ElementTree as ET

import pytest

from recurry.runs.curves import COLUMNS, MAX_POINTS, curves_csv, curves_svg

SVG = "{http://www.w3.org/2000/svg}"


def _rows(count: int) -> list[dict]:
    rows = []
    for number in range(1, count + 1):
        row = {
            "update": 10 * number,
            "epoch": 1,
            "num_symbols": number,
            "loss_nats": 1 + 3 / number,
        }
        row |= {"learning_rate": 0.1, "gradient_norm": 0.5}
        if number % 50 == 0:
            row["validation_loss_nats"] = 1.5 + 2 / number
        rows.append(row)
    return rows


def _texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def test_the_table_has_every_number():
    rows = list(csv.DictReader(io.StringIO(curves_csv(_rows(50)))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 50
    assert rows[0]["validation_loss_nats"] == ""
    assert float(rows[-1]["validation_loss_nats"]) == 1.54


def test_axes_carry_their_units_and_the_best_is_named():
    texts = _texts(curves_svg(_rows(200), title="A < B & C", unit="character"))
    assert {"A < B & C", "updates", "loss (nats per character)"} <= set(texts)
    assert "validation, best 1.510 at update 2,000" in texts
    assert "training, last 1.015" in texts


def test_ticks_are_round_and_cover_the_curve():
    texts = _texts(curves_svg(_rows(200), title="t"))
    assert {"0", "500", "1,000", "1,500", "2,000"} <= set(texts)
    losses = [float(text) for text in texts if re.fullmatch(r"\d\.\d", text)]
    assert min(losses) <= 1.015
    assert max(losses) >= 2


def test_a_long_log_is_thinned_but_keeps_its_means():
    svg = curves_svg(_rows(5 * MAX_POINTS), title="t")
    lines = [line.get("points", "") for line in ET.fromstring(svg).iter(f"{SVG}polyline")]
    assert len(lines[0].split()) == MAX_POINTS


@pytest.mark.parametrize("count", [0, 1, 2])
def test_short_logs_are_drawn(count):
    assert ET.fromstring(curves_svg(_rows(count), title="t")).tag == f"{SVG}svg"


def test_what_is_no_number_is_left_out():
    rows = [{"update": 1, "loss_nats": math.nan}, {"update": 2, "loss_nats": 1.0}]
    assert "nan" not in curves_svg(rows, title="t")


def test_a_constant_loss_is_drawn():
    rows = [{"update": update, "loss_nats": 0.0} for update in (1, 2, 3)]
    assert "training, last 0.000" in _texts(curves_svg(rows, title="t"))


def test_a_title_with_control_characters_is_still_xml():
    assert "a b" in _texts(curves_svg([], title="a\x07b"))
