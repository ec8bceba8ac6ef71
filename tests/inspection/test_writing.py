"""A model that writes and can be looked at."""

from types import SimpleNamespace

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection import writing as module
from recurry.inspection.recording import record
from recurry.inspection.subject import subject_of
from recurry.inspection.writing import MOST_SYMBOLS, Writer
from recurry.network.sampling import Sampling

TEXT = "head a bed\n"


@pytest.fixture
def writer(model):
    return Writer(subject_of(model))


@pytest.mark.parametrize("cell", ["lstm", "gru", "mingru", "rnn"])
def test_points_are_those_of_a_recording(build_model, cell):
    model = build_model(cell=cell)
    writer, recording = Writer(subject_of(model)), record(model, TEXT)
    ids = recording.symbols.ids.tolist()
    for place in range(len(ids)):
        point = writer.after(ids[: place + 1])
        for layer, painted in enumerate(writer.painted(point)):
            values = recording.levels(layer=layer, start=place, stop=place + 1)[:, 0] / 127
            np.testing.assert_allclose(painted, values, atol=0.005)
    logs = writer.subject.log_probabilities(recording.hidden(place, place + 1))
    np.testing.assert_allclose(point.logits, logs, atol=1e-4)


def test_a_text_read_at_once_and_step_by_step_ends_at_the_same_point(writer, model):
    ids = model.codec.encode(TEXT).tolist()
    at_once = Writer(writer.subject).after(ids)
    for place in range(len(ids)):
        step = writer.after(ids[: place + 1])
    np.testing.assert_allclose(step.logits, at_once.logits, atol=1e-5)


def test_points_that_were_forgotten_are_made_again(writer, monkeypatch):
    monkeypatch.setattr(module, "_MOST_KEPT", 2)
    first = writer.after([1, 2]).logits
    for number in range(5):
        writer.after([number])
    np.testing.assert_allclose(writer.after([1, 2]).logits, first, atol=1e-6)
    assert len(writer._kept) <= 2


def test_the_text_so_far_decides_what_is_drawn(writer):
    sampling = Sampling(temperature=1.0)
    whole = writer.draw([1], 10, sampling=sampling, seed=3)
    assert writer.draw([1, *whole[:4]], 6, sampling=sampling, seed=3) == whole[4:]
    greedy = writer.draw([1], 3, sampling=Sampling(temperature=0), seed=0)
    assert greedy[0] == int(writer.after([1]).logits.argmax())


def test_no_more_is_written_than_can_be_kept(writer, monkeypatch):
    monkeypatch.setattr(module, "MOST_SYMBOLS", 3)
    assert len(writer.draw([1], 10, sampling=Sampling(), seed=0)) == 2
    with pytest.raises(UsageError, match="too long"):
        writer.after([1] * 4)


@pytest.mark.parametrize("number", [-2, 99])
def test_a_symbol_that_is_none_is_refused(writer, number):
    with pytest.raises(UsageError, match="no such symbol"):
        writer.after([number])


def test_models_that_write_nothing_are_refused():
    with pytest.raises(UsageError, match="writes nothing symbol by symbol"):
        Writer(SimpleNamespace(kind="classify"))


def test_the_longest_text_is_long_enough():
    assert MOST_SYMBOLS >= 1000
