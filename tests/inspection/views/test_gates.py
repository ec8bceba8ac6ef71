"""The view Gates shows what gates do."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.recording import record
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views import find_view
from recurry.inspection.views.gates import GatesOptions, GatesView

TEXT = "abc de\nfgh " * 40


def _session(model, text: str | None = TEXT) -> Session:
    subject = subject_of(model)
    return Session(subject, None if text is None else record(subject, text))


def test_shares_are_those_of_the_recorded_values(model):
    session = _session(model)
    finding = GatesView().compute(session, GatesOptions())
    assert [gate.label for gate in finding.gates[:2]] == ["f, layer 0", "i, layer 0"]
    assert len(finding.gates) == 6
    for gate in finding.gates:
        values = session.recording.values(gate.name, layer=gate.layer)
        np.testing.assert_allclose(gate.shut, (values < 0.1).mean(axis=0))
        np.testing.assert_allclose(gate.open, (values > 0.9).mean(axis=0))
        assert gate.counts.sum() == values.size


def test_a_gate_that_is_held_open_lies_in_its_corner(model):
    layer = model.network.recurrent.layers[0].forward
    layer._parameters["b_f"].data[2] = 50.0
    layer._parameters["b_i"].data[3] = -50.0
    found = GatesView().compute(_session(model), GatesOptions()).gates
    shares = {(gate.name, gate.layer): gate for gate in found}
    assert shares["f", 0].open[2] == 1.0
    assert shares["i", 0].shut[3] == 1.0


def test_the_number_of_symbols_is_bounded(model):
    finding = GatesView().compute(_session(model), GatesOptions(symbols=100))
    assert finding.num_symbols == 100
    assert finding.gates[0].counts.sum() == 100 * 6


def test_the_finding_can_be_written_in_every_form(model):
    finding = GatesView().compute(_session(model), GatesOptions())
    json.dumps(finding.to_json(), allow_nan=False)
    root = ET.fromstring(finding.to_svg())
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) >= 6 * 6
    rows = finding.to_rows()
    assert len(rows) == 6 * 6
    assert len({tuple(row) for row in rows}) == 1


def test_a_cell_without_gates_and_a_session_without_text_are_refused(build_model, model):
    with pytest.raises(UsageError, match="has no gates"):
        GatesView().compute(_session(build_model(cell="rnn")), GatesOptions())
    with pytest.raises(UsageError, match="no text"):
        GatesView().compute(_session(model, None), GatesOptions())


def test_the_view_is_found_by_its_name():
    assert find_view("gates").name == "gates"
