"""What a model is made of."""

import xml.etree.ElementTree as ET

import pytest

from recurry.compiler.draw_network import MOST_DRAWN
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.network import NetworkOptions, NetworkView


def find(model, **options):
    return NetworkView().compute(Session(subject_of(model), None), NetworkOptions(**options))


def test_every_weight_is_counted_once(model):
    finding = find(model)
    total = sum(weight.numel() for weight in model.network.parameters())
    assert finding.to_json()["total"] == total
    assert sum(row["weights"] for row in finding.to_rows()) == total


def test_rows_name_parts_shapes_and_beginnings(model):
    rows = find(model).to_rows()
    first = next(row for row in rows if row["part"] == "layer 1" and row["name"] == "U_f")
    assert first["shape"] == "6 × 6"
    assert first["starts_as"] == model.cell.effective_initial()["U_f"]
    assert any(row["part"] == "around the layers" for row in rows)


def test_drawings_are_rolled_up_and_unrolled(model):
    shown = find(model, steps=3).to_json()
    assert "rolled up" in shown["rolled"]
    assert "unrolled over 3 steps" in shown["unrolled"]


def test_a_picture_has_all_that_the_page_shows(model):
    finding = find(model, steps=3)
    words = "".join(ET.fromstring(finding.to_svg()).itertext()).replace("\u200b", "")
    for shown in ("rolled up", "unrolled over 3 steps", "6 units", "10 symbols", "The cell lstm"):
        assert shown in words
    for equation in model.cell.equations.strip().split("\n"):
        assert equation.strip() in words
    for row in finding.to_rows():
        assert row["shape"] in words


def test_of_many_tensors_a_picture_says_how_many_it_leaves_out(build_model):
    finding = find(build_model(num_layers=6, hidden_size=2))
    num_rows = len(finding.to_rows())
    assert f"{num_rows - 60} more are left out" in finding.to_svg()


def test_named_blocks_of_the_cell_can_be_found(model):
    cell = find(model).to_json()["cell"]
    for name in ("f", "i", "g", "o", "c", "h"):
        assert f'data-name="{name}"' in cell["drawing"]
    assert cell["math"].startswith("<math")
    assert cell["equations"] == model.cell.equations


def test_too_many_layers_are_not_drawn(build_model):
    finding = find(build_model(num_layers=MOST_DRAWN + 1, hidden_size=2))
    assert finding.to_json()["unrolled"] == ""
    assert "The cell lstm" in finding.to_svg()


def test_options_have_bounds():
    with pytest.raises(ValueError):
        NetworkOptions(steps=13)
