"""What one can look into."""

import numpy as np
import pytest
import torch

from recurry.artefact.model_file import save_model
from recurry.errors import ModelFileError
from recurry.inspection.subject import (
    Subject,
    Symbols,
    dense,
    make_layers,
    open_subject,
    subject_of,
)
from recurry.network.recurrent import Recurrent


def test_layers_in_the_order_in_which_they_read():
    layers = make_layers(Recurrent("lstm", 3, 4, 2, True))
    assert [layer.label for layer in layers] == ["0", "0 backward", "1", "1 backward"]
    assert [layer.input_size for layer in layers] == [3, 3, 8, 8]
    assert {layer.hidden_size for layer in layers} == {4}
    assert layers[1].names == ("f", "i", "g", "o", "c", "h")
    own = layers[1].recurrent.layers[0].backward
    assert torch.equal(layers[1].tensors["U_f"], own.tensors()["U_f"])
    assert not layers[1].tensors["U_f"].requires_grad


def test_vectors_of_symbols():
    table = torch.arange(6.0).reshape(3, 2)
    found = dense(np.array([2, -1, 0]), table, num_symbols=3)
    assert found.tolist() == [[4, 5], [0, 0], [0, 1]]
    assert dense(np.array([1, -1]), None, num_symbols=2).tolist() == [[0, 1], [0, 0]]


def test_the_length_of_symbols():
    assert len(Symbols(ids=np.zeros(3), pieces=("a", "b", "c"), is_known=np.ones(3))) == 3


def test_a_subject_is_one_already(model):
    subject = subject_of(model)
    assert isinstance(subject, Subject)
    assert subject_of(subject) is subject


def test_models_in_files(model, tmp_path):
    save_model(model, tmp_path / "model.safetensors")
    for path in (tmp_path, tmp_path / "model.safetensors"):
        assert open_subject(path).title == subject_of(model).title
    with pytest.raises(ModelFileError, match="There is no model"):
        open_subject(tmp_path / "other")
