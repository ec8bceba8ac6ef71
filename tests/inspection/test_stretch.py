"""A stretch of text read again."""

from functools import partial

import numpy as np
import pytest
import torch

from recurry.inspection.stretch import Stretch, equations_of
from recurry.network.dropout import Dropout
from recurry.network.recurrent import Recurrent


def _edge(layer):
    torch.manual_seed(layer.index)
    size = (1, layer.hidden_size)
    return {name: torch.randn(size, dtype=layer.recurrent.dtype) for name in layer.cell.states}


@pytest.mark.parametrize("is_both", [False, True])
def test_from_any_state(make_subject, is_both):
    subject = make_subject(Recurrent("lstm", 3, 4, 1, is_both, precision="float64"))
    symbols = subject.number(np.arange(8) % 5)
    stretch = Stretch(subject, symbols, 2, 7, edge=_edge)
    x = subject.inputs(symbols, 2, 7).vectors().numpy()
    for layer in subject.layers:
        turn = -1 if layer.direction == "backward" else 1
        weights = {name: value.numpy() for name, value in layer.tensors.items()}
        state = {name: value.numpy() for name, value in _edge(layer).items()}
        expected = layer.cell.interpret(weights, x[::turn], state).values
        for name in layer.names:
            values = stretch.values(layer, name)
            np.testing.assert_allclose(values, expected[name][::turn, 0], atol=1e-9)
        entered = stretch.entered(layer)["c"]
        first = -1 if layer.direction == "backward" else 0
        np.testing.assert_allclose(entered[first], state["c"][0])
    assert len(stretch) == 5
    assert stretch.hidden().shape == (5, subject.recurrent.output_size)


@pytest.mark.parametrize("cell", ["lstm", "gru_after", "h = tanh(W @ x + U @ h)"])
@pytest.mark.parametrize("is_both", [False, True])
def test_parts_side_by_side_are_as_one_after_the_other(make_subject, cell, is_both):
    subject = make_subject(Recurrent(cell, 3, 4, 2, is_both, precision="float64"))
    symbols = subject.number(np.arange(12) % 5)
    one = [Stretch(subject, symbols, at, at + 4, edge=_edge) for at in (0, 4, 8)]

    def edges(layer):
        return {name: edge.expand(3, -1).contiguous() for name, edge in _edge(layer).items()}

    all_at_once = Stretch(subject, symbols, 0, 12, edge=edges, parts=3)
    same = partial(np.testing.assert_allclose, atol=1e-12)
    for layer in subject.layers:
        for name in layer.names:
            same(all_at_once.values(layer, name), torch.cat([s.values(layer, name) for s in one]))
        for name, entered in all_at_once.entered(layer).items():
            same(entered, torch.cat([s.entered(layer)[name] for s in one]))
    same(all_at_once.hidden(), torch.cat([stretch.hidden() for stretch in one]))


@pytest.mark.parametrize(
    "cell", ["lstm", "gru", "z = tanh(x)\nk = 0.5\nh = k * tanh(W @ z + U @ h)"]
)
def test_one_unit_is_as_among_all(make_subject, cell):
    subject = make_subject(Recurrent(cell, 3, 5))
    layer, symbols = subject.layers[0], subject.number(np.arange(6) % 5)
    for unit in (0, 4):
        stretch = Stretch(subject, symbols, 0, 6, edge=_edge)
        whole = Stretch(subject, symbols, 0, 6, edge=_edge)
        for name in layer.names:
            expected, found = whole.values(layer, name), stretch.unit_values(layer, name, unit)
            if unit >= expected.shape[1]:
                assert found is None
            else:
                np.testing.assert_allclose(found, expected[:, unit], atol=1e-6)


def test_values_of_the_size_of_the_input(make_subject):
    cell = "z = tanh(x)\nh = tanh(W @ z + U @ h)"
    subject = make_subject(Recurrent(cell, 3, 5))
    symbols = subject.number(np.arange(4))
    stretch = Stretch(subject, symbols, 0, 4, edge=_edge)
    x = subject.embed(symbols.ids)
    np.testing.assert_allclose(stretch.values(subject.layers[0], "z"), np.tanh(x), atol=1e-6)


def test_equations_with_zoneout(make_subject):
    plain = make_subject(Recurrent("gru", 3, 4)).layers[0]
    assert equations_of(plain) is plain.cell.graph
    zoned = make_subject(Recurrent("gru", 3, 4, dropout=Dropout(zoneout=0.2))).layers[0]
    assert "new h" in equations_of(zoned).named
