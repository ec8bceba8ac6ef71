"""Classifiers, taggers and translators as subjects."""

import numpy as np
import pytest
import torch

from recurry.data.examples import Examples
from recurry.errors import UsageError
from recurry.inspection.recording import record
from recurry.inspection.subject import Subject, subject_of
from recurry.tasks.tag import make_words


def test_a_classifier_is_recorded_as_it_reads(classifier):
    recording = record(classifier, "good cat zz")
    subject, network = recording.subject, classifier.network
    assert isinstance(subject, Subject)
    assert subject.symbols == ("no", "yes")
    assert "both ways" in subject.title
    assert "".join(recording.symbols.pieces) == "good cat zz"
    ids = torch.from_numpy(recording.symbols.ids)[:, None]
    with torch.no_grad():
        output, _ = network.eval().recurrent(network.front(ids))
    np.testing.assert_allclose(recording.hidden(), output[:, 0], atol=1e-6)
    for direction, part in (("forward", output[..., :6]), ("backward", output[..., 6:])):
        values = recording.values("h", layer=1, direction=direction)
        np.testing.assert_allclose(values, part[:, 0], atol=1e-6)
    (answer,) = subject.answers("good cat")
    assert answer["label"] in ("no", "yes")


def test_texts_are_cut_where_the_model_cuts_them(classifier):
    subject = subject_of(classifier)
    cut, whole = subject.read("good " * 100), subject.read("good " * 12)
    assert (len(cut), cut.cut_at) == (12, 12)
    assert (len(whole), whole.cut_at) == (12, None)
    nothing = subject.read("")
    assert nothing.pieces == ("",)
    assert nothing.is_known.tolist() == [False]
    assert record(classifier, "").length == 1


def test_a_text_that_is_cut_says_after_how_many_symbols(tagger, translator):
    longest = tagger.settings["words"].longest
    assert subject_of(tagger).read("cat " * (longest + 1)).cut_at == longest
    assert subject_of(tagger).read("cat " * longest).cut_at is None
    longest = translator.settings["text"].longest_source
    cut = subject_of(translator).read("cat " * (longest + 1))
    assert (len(cut), cut.cut_at) == (longest + 1, longest)  # and the sign of the end
    assert subject_of(translator).read("cat " * longest).cut_at is None


def test_a_tagger_reads_words_with_their_spelling(tagger):
    text = " the cat  flew away "
    recording = record(tagger, text)
    assert recording.symbols.pieces == (" the", " cat", "  flew", " away ")
    assert recording.symbols.is_known.tolist() == [True, True, False, False]
    network, words = tagger.network.eval(), text.split()
    examples = Examples(sequences=tagger.knowledge.lexicon.encode([words]))
    with torch.no_grad():
        output = network(make_words(examples, network.device), [4])
    np.testing.assert_allclose(recording.hidden(), output[:, 0], atol=1e-6)
    assert recording.subject.answers(text)[0]["words"] == words
    assert record(tagger, "  ").length == 0
    assert recording.subject.embed(np.array([1])).shape == (
        1,
        recording.subject.recurrent.input_size,
    )


def test_a_translator_is_recorded_as_it_reads(translator):
    recording = record(translator, "the  cat zzz")
    assert recording.symbols.pieces == ("the", " cat", " zzz", "<end>")
    assert recording.symbols.is_known.tolist() == [True, True, False, True]
    ids = torch.from_numpy(translator.knowledge.read("the cat zzz", 100))[:, None]
    np.testing.assert_array_equal(recording.symbols.ids, ids[:, 0])
    network = translator.network.eval()
    with torch.no_grad():
        output, _ = network.encoder(network.source(ids))
    np.testing.assert_allclose(recording.hidden(), output[:, 0], atol=1e-6)
    assert "translation" in recording.subject.answers("the cat")[0]


def test_what_such_models_do_not_do(classifier):
    subject = subject_of(classifier)
    assert subject.log_probabilities(np.zeros((1, 12))) is None
    with pytest.raises(UsageError, match="classify reads texts"):
        record(classifier, np.array([1, 2]))
