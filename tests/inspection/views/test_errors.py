"""The view Errors: losses that are the model's, n-grams that never saw what they are asked."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import recurry
from recurry.data.prepare import load_prepared
from recurry.errors import UsageError
from recurry.inspection.error_kinds import KINDS
from recurry.inspection.ngram import NgramModel
from recurry.inspection.recording import record
from recurry.inspection.session import Session
from recurry.inspection.subject import subject_of
from recurry.inspection.views.errors import ErrorsOptions, ErrorsView
from recurry.tasks.scoring import symbol_losses


def _text(seed: int = 0, count: int = 400) -> str:
    rng = np.random.default_rng(seed)
    return "".join(rng.choice(["abc ", "def\n", "fade ", "gag "]) for _ in range(count))


def _session(model, text: str | None = None, **more) -> Session:
    subject = subject_of(model)
    return Session(subject, record(subject, _text() if text is None else text), **more)


def test_losses_are_the_models_and_ngrams_count_the_first_half_only(model):
    session = _session(model)
    finding = ErrorsView().compute(session, ErrorsOptions(order=3))
    ids = session.recording.symbols.ids
    half = len(ids) // 2
    assert finding.start == half
    assert finding.counted == "the first half of this text"
    np.testing.assert_allclose(finding.losses, symbol_losses(model, ids)[half - 1 :], atol=1e-4)
    ngram = NgramModel(ids[:half], order=3, num_symbols=10).probabilities(ids)[half:]
    np.testing.assert_allclose(finding.ngram_losses, -np.log(ngram))


def test_an_untrained_model_is_worse_than_ngrams_and_mended_by_them(model):
    found = ErrorsView().compute(_session(model), ErrorsOptions()).to_json()
    assert found["loss"] > 2.0
    assert found["ngram_loss"] < 1.2
    shares = {kind["name"]: kind["share"] for kind in found["kinds"]}
    assert set(shares) == set(KINDS)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["n-gram"] > 0.5
    assert found["share_wrong"] > 0.9


def test_the_hardest_places_are_hard_and_apart(model):
    session = _session(model)
    finding = ErrorsView().compute(session, ErrorsOptions(hardest=5))
    losses = [place.loss for place in finding.hardest]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == np.nanmax(finding.losses)
    places = sorted(place.at for place in finding.hardest)
    assert min(np.diff(places)) >= 20
    text = "".join(session.recording.symbols.pieces)
    for place in finding.hardest:
        assert text[place.at] == place.piece
        assert text[: place.at].endswith(place.before)


def test_a_run_lends_its_training_text(tmp_path):
    text = _text(1, 600)
    model = recurry.train_language_model(
        text,
        run=tmp_path / "run",
        preset="lecture",
        overrides={"training.epochs": 1, "network.hidden_size": 8},
    )
    session = _session(model, _text(2), run_folder=tmp_path / "run")
    finding = ErrorsView().compute(session, ErrorsOptions())
    assert finding.start == 1
    whole = len(load_prepared(tmp_path / "run" / "data").train)
    assert finding.counted == f"all {whole:,} symbols that the model was trained on"
    part = ErrorsView().compute(session, ErrorsOptions(counted=100))
    assert part.counted == "the first 100 symbols that the model was trained on"
    assert len(finding.losses) == len(_text(2)) - 1
    moved = _session(model, _text(2), run_folder=tmp_path)
    assert ErrorsView().compute(moved, ErrorsOptions()).counted == "the first half of this text"


def test_unknown_symbols_have_no_loss_and_stop_nothing(model):
    finding = ErrorsView().compute(_session(model, _text() + "?!x" * 30), ErrorsOptions())
    assert np.isnan(finding.losses).sum() >= 90
    json.dumps(finding.to_json(), allow_nan=False)


def test_every_form_can_be_written(model):
    finding = ErrorsView().compute(_session(model), ErrorsOptions(order=4))
    found = finding.to_json()
    json.dumps(found, allow_nan=False)
    assert len(found["at"]) == len(found["curve"]) == len(found["ngram_curve"]) <= 400
    texts = [element.text or "" for element in ET.fromstring(finding.to_svg()).iter()]
    assert any(text.startswith("4-gram, mean") for text in texts)
    assert len({tuple(row) for row in finding.to_rows()}) == 1


@pytest.mark.parametrize("length", [2, 3, 5])
def test_short_texts_have_errors_too(model, length):
    finding = ErrorsView().compute(_session(model, "abcde"[:length]), ErrorsOptions())
    assert len(finding.losses) >= 1
    json.dumps(finding.to_json(), allow_nan=False)
    ET.fromstring(finding.to_svg())


def test_other_models_and_no_text_are_refused(model):
    with pytest.raises(UsageError, match="no text"):
        ErrorsView().compute(_session(model, "a"), ErrorsOptions())

    class Silent:
        kind = "classify"

    with pytest.raises(UsageError, match="no loss along a text"):
        ErrorsView().compute(Session(Silent(), None), ErrorsOptions())
