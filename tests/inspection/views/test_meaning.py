"""The neuron finder on a model into which a cell was built that knows whether a quote is open."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from recurry.data.codec import Codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.errors import UsageError
from recurry.inspection.recording import record
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.meaning import MeaningOptions, MeaningView, all_levels
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel

SYMBOLS = '\n ",.abcdefghAB12()'


def _quoted_text(rng: np.random.Generator, num_words: int = 1500) -> str:
    """Words of which a fifth stand in quotes, a few at a time."""
    words, left = [], 0
    for _ in range(num_words):
        word = "".join(rng.choice(list("abcdefghAB12"), int(rng.integers(1, 7))))
        if not left and rng.random() < 0.06:
            left = int(rng.integers(1, 7))
            word = '"' + word
        if left:
            left -= 1
            word += '"' * (not left)
        words.append(word + ("\n" if rng.random() < 0.1 else " "))
    return "".join(words) + ('"' if left else "")


def _model_with_quotes(seed: int, unit: int, *, num_units: int = 24) -> LanguageModel:
    """An LSTM with random weights, but for one unit of layer 1 that every quote turns over."""
    vocabulary = Vocabulary(symbols=tuple(SYMBOLS), counts=(1,) * len(SYMBOLS))
    codec = Codec(config=DataConfig(), tokeniser=Characters(), vocabulary=vocabulary)
    config = NetworkConfig(cell="lstm", hidden_size=num_units, num_layers=1)
    model = LanguageModel.build(network_config=config, codec=codec, seed=seed)
    weights = model.network.recurrent.layers[0].forward._parameters
    for name, value in weights.items():
        value.data[unit] = 0.0
        if name == "U_g":
            value.data[unit, unit] = -10.0
    quote = SYMBOLS.index('"')
    for name, at_quotes, bias in (("f", -40.0, 20.0), ("i", 40.0, -20.0)):
        weights[f"W_{name}"].data[unit, quote] = at_quotes
        weights[f"b_{name}"].data[unit] = bias
    weights["b_g"].data[unit] = 3.0  # so that the first quote turns it on
    weights["b_o"].data[unit] = 20.0
    return model


def _session(model: LanguageModel, text: str) -> Session:
    subject = subject_of(model)
    return Session(subject, record(subject, text))


@pytest.fixture
def planted(rng) -> Session:
    return _session(_model_with_quotes(0, 7), _quoted_text(rng))


@pytest.mark.parametrize("seed", range(12))
def test_the_planted_cell_is_found_first_every_time(seed):
    rng = np.random.default_rng(seed)
    unit = int(rng.integers(24))
    session = _session(_model_with_quotes(seed, unit), _quoted_text(rng))
    finding = MeaningView().compute(session, MeaningOptions(only="inside quotes"))
    (known,) = finding.to_json()["properties"]
    best = known["cells"][0]
    assert best["address"] == f"0:c:{unit}"
    assert best["score"] == pytest.approx(1.0, abs=1e-4)
    assert best["is_claimed"]
    assert best["score"] <= 1.0
    assert best["chance"] < 1e-6
    assert not best["is_reversed"]
    assert -1 < best["threshold"] < 1


def test_a_threshold_parts_on_from_off(planted):
    finding = MeaningView().compute(planted, MeaningOptions(only="inside quotes"))
    (known,) = finding.known
    excerpt = known.excerpt
    assert excerpt is not None
    is_on = excerpt.levels / 127 >= known.thresholds[0]
    np.testing.assert_array_equal(is_on, excerpt.labels)
    assert 0 < excerpt.labels.mean() < 1


def test_all_properties_are_asked_and_those_that_never_hold_are_empty(planted):
    found = {
        p["name"]: p
        for p in MeaningView().compute(planted, MeaningOptions()).to_json()["properties"]
    }
    assert found["inside brackets"]["cells"] == []
    assert found["inside brackets"]["baseline"] is None
    assert found["number"]["share"] > 0.05
    assert len(found["inside quotes"]["cells"]) == 5
    assert 0.5 <= found["inside quotes"]["baseline"] < 0.8


def test_a_pattern_of_the_user_is_a_property(planted):
    options = MeaningOptions(pattern='"[^"]*"', top=2)
    (known,) = MeaningView().compute(planted, options).to_json()["properties"]
    assert known["name"] == 'matches "[^"]*"'
    assert len(known["cells"]) == 2
    with pytest.raises(UsageError, match="no regular expression"):
        MeaningView().compute(planted, MeaningOptions(pattern="("))


def test_every_form_can_be_written(planted):
    finding = MeaningView().compute(planted, MeaningOptions())
    json.dumps(finding.to_json(), allow_nan=False)
    texts = [e.text for e in ET.fromstring(finding.to_svg()).iter() if e.text]
    assert any("0:c:7" in text for text in texts)
    rows = finding.to_rows()
    assert rows[0]["cell"] == "0:c:7"
    assert len({tuple(row) for row in rows}) == 1


def test_cells_of_all_layers_have_their_addresses(build_model):
    recording = record(build_model(), "abc " * 20)
    cells, values = all_levels(recording, 50)
    assert [str(cell) for cell in (cells[0], cells[6])] == ["0:c:0", "1:c:0"]
    assert values.shape == (12, 50)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("(abc) b\n" * 6 + "abc d b\n" * 6, "inside brackets", "too few symbols to tell"),
        ("abc", "capital", "too few symbols to tell"),
        ("abc d b\n" * 12, "capital", "hardly ever here"),
        ("(" + "abc d b\n" * 12, "inside brackets", "hardly ever absent here"),
        ("(abc) b\n" * 12, "inside brackets", ""),
    ],
)
def test_why_a_property_has_no_scores(model, text, name, expected):
    finding = MeaningView().compute(_session(model, text), MeaningOptions(only=name))
    (found,) = finding.to_json()["properties"]
    assert found["why_not"] == expected
    assert bool(found["cells"]) == (not expected)


def test_a_short_text_gives_no_scores_and_no_text_is_refused(model):
    finding = MeaningView().compute(_session(model, "abc"), MeaningOptions())
    assert all(known.found is None for known in finding.known)
    assert finding.to_rows() == []
    ET.fromstring(finding.to_svg())
    with pytest.raises(UsageError, match="no text"):
        MeaningView().compute(Session(subject_of(model), None), MeaningOptions())


def test_an_unknown_property_is_refused(planted):
    with pytest.raises(UsageError, match="inside quotes"):
        MeaningView().compute(planted, MeaningOptions(only="inside quote"))
