"""A text that a model writes."""

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.write import WriteOptions, WriteView, entropy, expected


def write(model, **options):
    return WriteView().compute(Session(subject_of(model), None), WriteOptions(**options))


def test_the_text_begins_as_was_asked_and_goes_on(model):
    finding = write(model, prime="head", length=12, seed=1, layer=1, unit=2)
    shown = finding.to_json()
    assert shown["text"].startswith("head")
    assert len(shown["rows"]) == 16
    assert shown["rows"] == write(model, prime="head", length=12, seed=1, layer=1, unit=2).to_rows()


def test_probabilities_are_those_of_the_model(model):
    rows = write(model, prime="a", length=5, temperature=1.0).to_rows()
    for row in rows:
        assert 0 < row["probability"] <= 1
        assert 0 < row["entropy_nats"] <= np.log(model.codec.num_symbols) + 1e-9
        assert -1 <= row["value"] <= 1
    greedy = write(model, prime="a", length=5, temperature=0).to_rows()
    assert all(row["probability"] == 1 for row in greedy[1:])


def test_the_drawing_shows_text_and_uncertainty(model):
    drawing = write(model, prime="a", length=5).to_svg()
    assert "Layer 0, unit 0" in drawing
    assert "entropy" in drawing


def test_unknown_symbols_do_not_stop_it(model):
    rows = write(model, prime="aΩ", length=2).to_rows()
    assert rows[1]["symbol"] == "Ω"
    assert rows[1]["probability"] == 0


@pytest.mark.parametrize("options", [{"layer": 2}, {"unit": 6}])
def test_a_cell_that_is_not_there_is_named(model, options):
    with pytest.raises(UsageError, match="There is no cell"):
        write(model, **options)


def test_entropy_of_equal_and_of_certain_choices():
    assert entropy(np.full(8, 1 / 8)) == pytest.approx(np.log(8))
    assert entropy(np.array([1.0, 0.0])) == 0


def test_symbols_that_are_not_shown_share_the_rest(model):
    shares = np.zeros(model.codec.num_symbols)
    shares[:2] = 0.75, 0.25
    found = expected(subject_of(model), shares)
    assert [each["share"] for each in found] == [0.75, 0.25, 0.0]
    assert found[0]["symbol"] == subject_of(model).symbols[0]
