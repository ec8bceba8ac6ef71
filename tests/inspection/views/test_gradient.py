"""The view Gradient through time: what it measures, on which text, beside what."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import torch

from recurry.errors import UsageError
from recurry.inspection.recording import record
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.gradient import GradientOptions, GradientView

TEXT = "abc de\nfgh " * 40


def _session(model, text: str = TEXT) -> Session:
    subject = subject_of(model)
    return Session(subject, record(subject, text))


def _compute(model, text: str = TEXT, **options):
    return GradientView().compute(_session(model, text), GradientOptions(**options))


def test_every_network_has_a_curve_a_layer(model):
    finding = _compute(model, reach=20, places=3, cells="rnn, gru,rnn,lstm")
    networks = [(curve.network, curve.flow.layer) for curve in finding.curves]
    names = ("trained", "untrained", "rnn", "gru")
    assert networks == [(name, layer) for name in names for layer in (0, 1)]
    assert all(curve.flow.norms.shape == (21, 3) for curve in finding.curves)
    assert finding.curves[0].label == "trained, layer 0"
    assert finding.left_out == ["lstm: it is the cell of this model, see untrained"]


def test_an_exploding_matrix_is_seen_and_so_is_a_vanishing_one(build_model):
    for factor in (0.5, 1.5):
        model = build_model(cell="irnn", num_layers=1)
        weights = model.network.recurrent.layers[0].forward._parameters
        weights["U_h"].data.copy_(factor * torch.eye(6))
        weights["b_h"].data.fill_(5.0)  # so that no unit is ever cut off
        finding = _compute(model, "abc " * 10, reach=12, places=2, cells="")
        flow = finding.curves[0].flow
        np.testing.assert_allclose(
            flow.median / flow.median[0], factor ** np.arange(13.0), rtol=1e-3
        )
        (eigenvalues,) = finding.eigenvalues
        np.testing.assert_allclose(eigenvalues.values, factor, rtol=1e-6)


def test_another_state_can_be_asked_for(model):
    by_c, by_h = (_compute(model, reach=5, places=2, cells="", state=s) for s in ("c", "h"))
    assert by_c.curves[0].flow.state == "c"
    assert not np.allclose(by_c.curves[0].flow.norms, by_h.curves[0].flow.norms)
    with pytest.raises(UsageError, match="no state of the cell lstm"):
        _compute(model, state="f")


def test_the_gradient_by_c_begins_above_zero(model):
    finding = _compute(model, reach=5, places=2, state="c")
    for curve in finding.curves[:4]:
        assert curve.flow.norms.min() > 0
        assert curve.flow.shares[0] == 1.0
    assert [curve.network for curve in finding.curves] == ["trained"] * 2 + ["untrained"] * 2


def test_untrained_is_the_whole_model_before_training(model):
    session = _session(model)
    finding = GradientView().compute(session, GradientOptions(reach=5, places=3, cells="gru"))
    untrained = session.untrained
    assert untrained is not None
    alone = Session(untrained, session.recording)
    wanted = GradientView().compute(alone, GradientOptions(reach=5, places=3, cells="gru"))
    curves = {c.label: c.flow.norms for c in finding.curves}
    for curve in wanted.curves[:2]:
        mine = curves[curve.label.replace("trained", "untrained")]
        np.testing.assert_allclose(mine, curve.flow.norms, rtol=1e-5)
    for curve in wanted.curves[4:]:
        np.testing.assert_allclose(curves[curve.label], curve.flow.norms, rtol=1e-5)
    assert finding.fresh == "Untrained: all weights are fresh."


def test_of_a_classifier_only_the_layers_are_fresh(classifier):
    subject = subject_of(classifier)
    session = Session(subject, record(subject, "bad cat good dog"))
    finding = GradientView().compute(session, GradientOptions(reach=3, places=1, cells=""))
    assert finding.to_json()["fresh"].startswith("Untrained: fresh layers between")


def test_cells_that_do_not_fit_are_left_out_with_the_reason(model):
    finding = _compute(model, reach=5, places=2, cells="mut1,gru")
    assert [reason.split(":")[0] for reason in finding.left_out] == ["mut1"]
    assert {curve.network for curve in finding.curves} == {"trained", "untrained", "gru"}
    with pytest.raises(UsageError, match="no cell named"):
        _compute(model, cells="lstn")


def test_every_form_can_be_written(model):
    finding = _compute(model, reach=5, places=2)
    json.dumps(finding.to_json(), allow_nan=False)
    root = ET.fromstring(finding.to_svg())
    assert list(root.iter("{http://www.w3.org/2000/svg}ellipse"))
    texts = {element.text for element in root.iter()}
    assert {"trained, layer 0", "0.99 to the power k", "U_f, layer 0"} <= texts
    rows = finding.to_rows()
    assert len(rows) == 4 * 2 * 6
    assert len({tuple(row) for row in rows}) == 1


@pytest.mark.parametrize(("largest", "edge"), [(0.3, 1.5), (1.9, 2), (8.7, 10), (9.9, 15)])
def test_the_picture_of_eigenvalues_ends_at_a_round_number(model, largest, edge):
    finding = _compute(model, reach=5, places=2)
    values = np.array([largest, 0.1j])
    finding = replace(finding, eigenvalues=[replace(finding.eigenvalues[0], values=values)])
    assert finding.to_json()["edge"] == pytest.approx(edge)


def test_a_gradient_that_overflows_is_no_number_in_json(build_model):
    model = build_model(cell="irnn", num_layers=1)
    weights = model.network.recurrent.layers[0].forward._parameters
    weights["U_h"].data.copy_(1e4 * torch.eye(6))
    finding = _compute(model, "abc " * 10, reach=30, places=2, cells="")
    json.dumps(finding.to_json(), allow_nan=False)
    ET.fromstring(finding.to_svg())


@pytest.mark.parametrize("length", [3, 4, 20])
def test_short_texts_are_looked_at_as_far_as_they_go(model, length):
    finding = _compute(model, TEXT[:length], cells="")
    assert len(finding.curves[0].flow.norms) == length - 1
    with pytest.raises(UsageError, match="too short"):
        _compute(model, TEXT[:2])


def test_no_text_is_refused(model):
    with pytest.raises(UsageError, match="no text"):
        GradientView().compute(Session(subject_of(model), None), GradientOptions())
