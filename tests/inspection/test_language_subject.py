"""Language models as subjects."""

import numpy as np
import torch

from recurry.backends import Symbols
from recurry.inspection.subject import subject_of


def test_a_model_in_one_line(model, build_model):
    assert subject_of(model).title == "lstm, 2 layers of 6 units, 10 symbols (characters)"
    assert "1 layer of" in subject_of(build_model(num_layers=1)).title


def test_scores_are_those_of_the_network(build_model):
    for options in ({}, {"embedding_size": 6, "is_tied": True}):
        model = build_model(**options)
        subject = subject_of(model)
        ids = np.array([1, 4, 2])
        with torch.no_grad():
            x = subject.inputs(subject.number(ids), 0, 3)
            output, _ = model.network.recurrent(x)
            logits, _ = model.network(torch.from_numpy(ids)[:, None])
        expected = logits[:, 0].log_softmax(1).numpy()
        found = subject.log_probabilities(output[:, 0].numpy())
        np.testing.assert_allclose(found, expected, atol=1e-6)
        losses = subject.losses(output[:2, 0], ids[1:])
        np.testing.assert_allclose(losses, -expected[[0, 1], ids[1:]], atol=1e-6)


def test_unknown_symbols_are_read_as_zeros(model):
    subject = subject_of(model)
    symbols = subject.read("a?b")
    x = subject.inputs(symbols, 0, 3)
    assert x.shape == (3, 1, 10)
    assert x.sum((1, 2)).tolist() == [1, 0, 1]
    assert isinstance(subject.inputs(symbols, 0, 1), Symbols)
    np.testing.assert_array_equal(subject.embed(symbols.ids), x[:, 0])


def test_a_language_model_answers_nothing(model):
    assert subject_of(model).answers("abc") == []
    assert subject_of(model).symbols == model.codec.vocabulary.symbols
