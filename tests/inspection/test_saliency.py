"""Gradient times input."""

import numpy as np
import pytest
import torch

from recurry.errors import UsageError
from recurry.inspection.saliency import find_saliency
from recurry.inspection.subject import subject_of


def _differences(score, x, step=1e-2):
    """What the score grows by along x itself, for each step of x."""
    found = []
    for number in range(len(x)):
        moved = []
        for sign in (1, -1):
            other = x.clone()
            other[number] *= 1 + sign * step
            moved.append(float(score(other)))
        found.append((moved[0] - moved[1]) / (2 * step))
    return found


def test_a_classifier(classifier):
    subject, network = subject_of(classifier), classifier.network.eval()
    found = find_saliency(subject, "good cat")
    assert found.answers == ("no", "yes")
    assert found.values.shape == (2, len(found.pieces))
    x = subject.inputs(subject.read("good cat"), 0, len(found.pieces)).vectors().detach()
    lengths = [len(x)]
    with torch.no_grad():
        for row in (0, 1):

            def score(other, row=row):
                return network.head(network.recurrent(other, lengths=lengths)[0], lengths)[0, row]

            np.testing.assert_allclose(found.values[row], _differences(score, x), atol=2e-4)
    answer = subject.answers("good cat")[0]["label"]
    assert [found.answers[row] for row in found.chosen] == [answer]


def test_a_tagger(tagger):
    subject, network = subject_of(tagger), tagger.network.eval()
    found = find_saliency(subject, "the cat sat")
    labels = subject.answers("the cat sat")[0]["labels"]
    assert [name.split(": ")[1] for name in found.answers] == labels
    assert found.values.shape == (3, 3)
    assert found.chosen == (0, 1, 2)
    x = subject.inputs(subject.read("the cat sat"), 0, 3)
    place = subject.symbols.index(labels[1])
    with torch.no_grad():
        differences = _differences(
            lambda other: network.head(network.recurrent(other)[0])[1, 0, place], x
        )
    np.testing.assert_allclose(found.values[1], differences, atol=2e-4)


def test_a_translator(translator):
    subject, network = subject_of(translator), translator.network.eval()
    found = find_saliency(subject, "the cat")
    assert found.pieces == ("the", " cat", "<end>")
    assert len(found.answers) == len(found.values)
    assert np.isfinite(found.values).all()
    weight = network.source.weight
    numbers = subject.read("the cat").ids
    from recurry.tasks.translations import Reading

    reading = Reading.of(translator.knowledge, ["the cat"], longest=99, has_copying=False)
    written = network.writer(reading.block([0], weight.device))
    first = int(written.step(torch.tensor([written.begin]), written.start())[0].argmax())

    def score(scale):
        with torch.no_grad():
            kept = weight.clone()
            weight[numbers[0]] *= scale
            writer = network.writer(reading.block([0], weight.device))
            logs, _ = writer.step(torch.tensor([writer.begin]), writer.start())
            weight.copy_(kept)
        return float(logs[0, first])

    np.testing.assert_allclose(found.values[0, 0], (score(1.01) - score(0.99)) / 0.02, atol=2e-4)


def test_models_without_answers(model, classifier):
    with pytest.raises(UsageError, match="kind language gives no answers"):
        find_saliency(subject_of(model), "abc")


def test_an_empty_text(tagger):
    with pytest.raises(UsageError, match="empty"):
        find_saliency(subject_of(tagger), "   ")
