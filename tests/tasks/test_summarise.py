"""Summaries: scored through rouge-score beside first sentences and whole texts."""

import json
import sys

import pytest

from recurry.errors import MissingExtra
from recurry.runs.configuration import load_config
from recurry.runs.run import start
from recurry.tasks.summarise import Summarise, first_sentence
from recurry.tasks.written import Answered
from recurry.tasks.written_loss import WrittenLoss

LOSS = WrittenLoss(loss_nats=1.0, perplexity=2.7, num_symbols=3, num_records=2)


def _judge(**values):
    return Summarise().judge(LOSS, Answered(**values))


def test_answers_stand_beside_what_needs_no_learning():
    scores = _judge(
        sources=["Cats sleep. Dogs bark at night."],
        answers=["dogs barking"],
        references=[["dogs bark"]],
    )
    assert (scores.rouge_1, scores.rouge_2, scores.rouge_l) == pytest.approx((100, 100, 100))
    assert (scores.lead_rouge_1, scores.lead_rouge_2) == (0, 0)
    assert scores.copy_rouge_1 == pytest.approx(100 * 2 * 2 / (2 + 6))
    assert scores.headline.startswith("ROUGE-1/2/L 100.0/100.0/100.0, first sentences 0.0")


def test_the_best_reference_counts_for_each_number():
    scores = _judge(
        sources=["x", "x"], answers=["a b c", "q"], references=[["c b a", "a b"], ["z"]]
    )
    assert scores.rouge_1 == pytest.approx(50)  # the first reference
    assert scores.rouge_2 == pytest.approx(100 * 2 * (1 / 2) / (1 + 1 / 2) / 2)  # the second
    assert scores.num_references == 3


@pytest.mark.parametrize(
    ("text", "first"),
    [("One two. Three.", "One two."), ("A. b\nC", "A. b"), ("Nothing", "Nothing"), ("", "")],
)
def test_first_sentences(text, first):
    assert first_sentence(text) == first


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "rouge_score.rouge_scorer", None)
    with pytest.raises(MissingExtra, match=r"recurry\[scores\]"):
        Summarise().require()


def test_a_run_from_lines_of_json(tmp_path):
    records = [
        {"source": [f"We show {a} .", f"It is {b} ."], "target": [f"{a} is {b}", f"{b} {a}"]}
        for a in ("cats", "dogs", "cows", "hens")
        for b in ("old", "new", "red", "hot")
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, records)) + "\n")
    settings = {
        "data.paths": [str(path)],
        "data.test": 0.2,
        "text.vocabulary_size": 300,
        "network.embedding_size": 8,
        "network.hidden_size": 8,
        "training.epochs": 2,
    }
    run = start(load_config("summarise", overrides=settings), tmp_path / "run")
    list(run.train())
    assert len(run.prepared.train) == 2 * (16 - 2 - 3)  # each reference is learnt from
    scores = run.best_model().scores
    assert scores["test_num_references"] == 6
    assert scores["test_copy_rouge_1"] > 0
    (answer,) = Summarise().predict(run.best_model(), ["We show geese.\nThey are loud."])
    assert set(answer) == {"summary"}
