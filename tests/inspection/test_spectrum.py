"""Eigenvalues of what multiplies states."""

import numpy as np
import pytest
import torch

from recurry.cells import cell
from recurry.inspection import spectrum
from recurry.inspection.spectrum import diagonal_vectors, spectra
from recurry.inspection.subject import make_layers
from recurry.network.recurrent import Recurrent


def test_a_rotation_has_its_angle():
    layers = Recurrent("rnn", 3, 2)
    angle = 0.7
    turn = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    layers.layers[0].forward._parameters["U_h"].data.copy_(0.9 * turn)
    (found,) = spectra(make_layers(layers)[0]).values()
    np.testing.assert_allclose(np.abs(found), 0.9, rtol=1e-6)
    np.testing.assert_allclose(sorted(np.angle(found)), [-angle, angle], rtol=1e-6)


def test_orthogonal_matrices_lie_on_the_circle_and_gates_have_one_each():
    found = spectra(make_layers(Recurrent("lstm", 3, 8))[0])
    assert set(found) == {"U_f", "U_i", "U_g", "U_o"}
    for values in found.values():
        np.testing.assert_allclose(np.abs(values), 1.0, rtol=1e-5)


def test_vectors_that_multiply_a_state_are_diagonals():
    layers = Recurrent("indrnn", 3, 4)
    layers.layers[0].forward._parameters["u_h"].data.copy_(torch.tensor([0.1, -0.9, 0.5, 0.2]))
    (found,) = spectra(make_layers(layers)[0]).values()
    np.testing.assert_allclose(found, [-0.9, 0.5, 0.2, 0.1], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "vectors"), [("lstm", set()), ("rnn", set()), ("indrnn", {"u_h"})]
)
def test_diagonals_are_read_off_the_equations(name, vectors):
    assert diagonal_vectors(cell(name).graph) == vectors


def test_very_large_layers_are_left_out(monkeypatch):
    monkeypatch.setattr(spectrum, "LARGEST", 4)
    assert spectra(make_layers(Recurrent("rnn", 3, 5))[0]) == {}
