"""The view Find shows cells that are on over a stretch, and other places."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.keeping import WINDOW
from recurry.inspection.recording import record
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.find import FindOptions, FindView, first_stretch

TEXT = 'he said "abc def" and "gh a" <b>\n' * 20


@pytest.fixture
def session(model):
    """Unit 2 of layer 1 is on within quotes, and nothing else is on anywhere."""
    recording = record(model, TEXT)
    inside = np.cumsum([c == '"' for c in TEXT]) % 2
    levels = np.zeros((2, 1, 6, WINDOW), dtype=np.int8)
    levels[1, 0, 2, : len(TEXT)] = 110 * inside
    for layer in recording.subject.layers:
        recording._files.painted[layer].write(0, levels[layer.index])
    return Session(subject_of(model), recording)


def test_a_planted_cell_and_all_its_places(session):
    found = FindView().compute(session, FindOptions(start=8, stop=16))
    assert [str(cell.address) for cell in found.cells] == ["1:c:2"]
    assert found.num_places == 39
    data = json.loads(json.dumps(found.to_json()))
    assert data["text"] == '"abc def'
    assert data["cells"][0]["unit"] == 2
    assert {place["text"] for place in data["places"]} == {'"abc def', '"gh a'}
    assert data["places"][0]["text"] == '"abc def'  # as long as the stretch
    assert data["places"][0]["after"].startswith('" and')
    assert max(data["profile"]["largest"]) == 1.0
    rows = found.to_rows()
    assert len(rows) == 39
    assert rows[0]["share_of_cells"] == 1.0


def test_the_profile_has_the_mean_of_each_part(session):
    found = FindView().compute(session, FindOptions(start=8, stop=16))
    mean, largest = (np.array(found.to_json()["profile"][name]) for name in ("mean", "largest"))
    is_on = np.zeros(session.recording.length)
    for place in found.places:
        is_on[place.start : place.stop] = 1
    is_on[8:16] = 1
    edges = np.unique(np.linspace(0, len(is_on), 401).astype(int))
    expected = [is_on[a:b].mean() for a, b in pairwise(edges)]
    np.testing.assert_allclose(mean, expected, atol=1e-4)
    assert (mean < largest).any()


def test_one_place_is_not_called_places(session):
    found = FindView().compute(session, FindOptions(start=8, stop=16))
    one = replace(found, places=found.places[:1], num_places=1)
    assert "; 1 other place<" in one.to_svg()


def test_a_first_stretch_is_chosen(session):
    assert first_stretch(session.recording, 0.3) == (8, 16)
    found = FindView().compute(session, FindOptions(most=3))
    assert found.stretch == (8, 16)
    assert len(found.places) == 3
    svg = found.to_svg()
    ET.fromstring(svg)
    assert "39 other places" in svg


def test_nothing_is_on(session):
    found = FindView().compute(session, FindOptions(start=0, stop=4))
    assert found.cells == []
    assert found.to_json()["places"] == []
    ET.fromstring(found.to_svg())
    assert FindView().compute(session, FindOptions(start=8, stop=16, layer=0)).cells == []


def test_what_is_not_there(session, model):
    with pytest.raises(UsageError, match="no layer 7"):
        FindView().compute(session, FindOptions(layer=7))
    with pytest.raises(UsageError, match="no stretch"):
        FindView().compute(session, FindOptions(start=5, stop=3))
    with pytest.raises(UsageError, match="no text to look at"):
        FindView().compute(Session(subject_of(model), None), FindOptions())
