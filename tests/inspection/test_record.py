"""States and gates along a text."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from recurry.errors import DataError, UsageError
from recurry.inspection.address import CellAddress
from recurry.inspection.record import most_varying, record, record_gates

TEXT = "abc def\ngh abc"


def test_the_last_state_is_that_of_one_run_over_the_text(model):
    recording = record(model, TEXT)
    ids = torch.from_numpy(model.codec.encode(TEXT))[:, None]
    with torch.no_grad():
        _, state = model.network.eval()(ids)
    for name in ("h", "c"):
        assert recording.states[name].shape == (2, len(TEXT), 6)
        np.testing.assert_allclose(recording.states[name][:, -1], state[name][:, 0], atol=1e-6)


def test_pieces_are_the_text(model):
    assert "".join(record(model, TEXT).pieces) == TEXT


def test_ids_are_taken_as_well(model):
    ids = model.codec.encode(TEXT)
    np.testing.assert_array_equal(record(model, ids).states["c"], record(model, TEXT).states["c"])


def test_an_empty_text_is_an_empty_recording(model):
    recording = record(model, "")
    assert recording.states["c"].shape == (2, 0, 6)
    assert recording.painted(CellAddress(layer=0, state="c", unit=0)).shape == (0,)


def test_unknown_characters_are_an_error(model):
    with pytest.raises(DataError, match="not in the vocabulary"):
        record(model, "xyz")


def test_painted_values_are_tanh_of_c_or_h_itself(model):
    recording = record(model, TEXT)
    painted = recording.painted(CellAddress(layer=1, state="c", unit=3))
    np.testing.assert_allclose(painted, np.tanh(recording.states["c"][1, :, 3]))
    painted = recording.painted(CellAddress(layer=0, state="h", unit=2))
    np.testing.assert_allclose(painted, recording.states["h"][0, :, 2])


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru_after", "rnn", "sru", "scrn", "mut2"])
@pytest.mark.parametrize("network", [{}, {"has_residual": True, "num_layers": 3}])
def test_gates_agree_with_the_recorded_states(build_model, cell, network):
    model = build_model(cell=cell, embedding_size=6, **network)
    recording = record(model, TEXT)
    for layer in range(model.network_config.num_layers):
        gates = record_gates(model, recording, layer=layer)
        assert set(gates) == set(model.cell.graph.named)
        for name in model.cell.states:
            np.testing.assert_allclose(gates[name], recording.states[name][layer], atol=1e-5)


def test_gates_of_one_hot_models(model):
    gates = record_gates(model, record(model, TEXT), layer=0)
    assert gates["f"].shape == (len(TEXT), 6)
    assert ((gates["f"] > 0) & (gates["f"] < 1)).all()


def test_a_layer_that_does_not_exist_is_named(model):
    with pytest.raises(UsageError, match="no layer 2") as caught:
        record_gates(model, record(model, TEXT), layer=2)
    assert "from 0 to 1" in str(caught.value)


def test_most_varying_are_those_with_the_largest_deviation(model):
    recording = record(model, TEXT * 3)
    found = most_varying(model, recording, 4, span=1)
    spread = np.tanh(recording.states["c"]).std(axis=1)
    assert [spread[a.layer, a.unit] for a in found] == sorted(spread.ravel(), reverse=True)[:4]
    assert len(most_varying(model, recording, 99)) == 12


def test_flicker_does_not_count_as_varying(model):
    recording = record(model, TEXT * 4)
    values = np.zeros_like(recording.states["c"])
    values[0, ::2, 1] = 3.0  # on and off at every symbol
    values[1, :20, 2] = 0.5  # on for a long while
    made = replace(recording, states={"c": values})
    assert most_varying(model, made, 1)[0].unit == 2
    assert most_varying(model, made, 1, span=1)[0].unit == 1
    assert len(most_varying(model, replace(made, states={"c": values[:, :3]}), 5)) == 5


def test_no_cell_varies_over_an_empty_text(model):
    assert most_varying(model, record(model, "")) == []
