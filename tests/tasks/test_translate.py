"""Translations: scored through sacrebleu, with one and with several references."""

import sys

import pytest

from recurry.errors import MissingExtra
from recurry.tasks.translate import Translate
from recurry.tasks.written import Answered
from recurry.tasks.written_loss import WrittenLoss

LOSS = WrittenLoss(loss_nats=1.0, perplexity=2.7, num_symbols=3, num_records=2)
RIGHT = "the cat sat on the mat ."


def _judge(answers, references):
    answered = Answered(sources=["a"] * len(answers), answers=answers, references=references)
    return Translate().judge(LOSS, answered)


def test_the_same_is_perfect_and_case_counts():
    scores = _judge([RIGHT], [[RIGHT]])
    assert (scores.bleu, scores.bleu_single, scores.chrf) == pytest.approx((100, 100, 100))
    assert scores.headline == "BLEU 100.00"
    assert _judge([RIGHT.title()], [[RIGHT]]).bleu < 50
    assert scores.exact == 1
    assert _judge([RIGHT, RIGHT.title()], [["x", RIGHT], [RIGHT]]).exact == 0.5


def test_the_package_says_the_same():
    sacrebleu = pytest.importorskip("sacrebleu")
    answers = ["the cat sat on a mat .", "it rains today again ."]
    references = [RIGHT, "it rains again today ."]
    scores = _judge(answers, [[text] for text in references])
    assert scores.bleu == sacrebleu.corpus_bleu(answers, [references]).score
    assert scores.chrf == sacrebleu.corpus_chrf(answers, [references]).score
    assert scores.bleu == scores.bleu_single


def test_texts_may_have_different_numbers_of_references():
    other = "a dog ran over the street ."
    scores = _judge([RIGHT, other], [["one two three", RIGHT], [other]])
    assert scores.bleu == pytest.approx(100)
    assert scores.bleu_single < 90
    assert scores.num_references == 3


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingExtra, match=r"recurry\[scores\]"):
        Translate().require()
