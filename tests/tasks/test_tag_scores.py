"""Scores of labels, by hand and against another implementation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.spans import Span, find_spans
from recurry.tasks.tag_scores import score_entities, score_words


def _words():
    return score_words(
        np.array([0, 1, 2, 0]),
        np.array([0, 1, 1, -1]),
        is_unknown=np.array([False, True, True, False]),
        loss_nats=0.5,
        num_records=2,
    )


def test_words():
    scores = _words()
    assert (scores.accuracy, scores.unknown_accuracy) == (0.5, 0.5)
    assert (scores.num_words, scores.num_unseen, scores.num_unknown) == (4, 1, 2)
    assert scores.headline == "accuracy 50.00 %"
    nothing = np.zeros(0, dtype=int)
    empty = score_words(nothing, nothing, is_unknown=nothing > 0, loss_nats=0.0, num_records=0)
    assert (empty.accuracy, empty.unknown_accuracy) == (0, 0)


def test_entities_by_hand():
    truth = [[Span("A", 0, 2), Span("B", 3, 4)], [Span("A", 0, 1)]]
    answers = [[Span("A", 0, 2), Span("A", 3, 4)], []]
    scores = score_entities(_words(), answers, truth)
    assert (scores.precision, scores.recall) == (1 / 2, 1 / 3)
    assert scores.f1 == pytest.approx(2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3))
    assert (scores.num_entities, scores.accuracy) == (3, 0.5)
    assert scores.headline == "F1 40.00 %"
    assert scores.criterion == pytest.approx(0.6)
    assert score_entities(_words(), [[]], [[]]).f1 == 0


def _counted(truth: list[str], answers: list[str]) -> tuple[int, int, int]:
    """Right, answered and true entities, counted word by word in one pass as conlleval does."""
    right = num_answers = num_true = 0
    is_same = False
    before, before_found = ("O", ""), ("O", "")
    for label, answer in zip([*truth, "O"], [*answers, "O"], strict=True):
        now, found = (tuple((x + "-").split("-")[:2]) for x in (label, answer))
        ends = [_ends(*pair) for pair in ((before, now), (before_found, found))]
        if is_same and any(ends):
            right += all(ends)
            is_same = False
        starts = [_starts(*pair) for pair in ((before, now), (before_found, found))]
        is_same = is_same or (all(starts) and now[1] == found[1])
        num_true, num_answers = num_true + starts[0], num_answers + starts[1]
        before, before_found = now, found
    return right, num_answers, num_true


def _ends(before, now) -> bool:
    return before[0] != "O" and (now[0] in ("B", "O") or before[1] != now[1])


def _starts(before, now) -> bool:
    return now[0] == "B" or (now[0] == "I" and (before[0] == "O" or before[1] != now[1]))


LABELS = st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y"])


@given(st.lists(st.tuples(LABELS, LABELS), max_size=12))
def test_entities_as_conlleval_counts_them(pairs):
    truth, answers = [one for one, _ in pairs], [other for _, other in pairs]
    scores = score_entities(_words(), [find_spans(answers)], [find_spans(truth)])
    right, num_answers, num_true = _counted(truth, answers)
    assert scores.num_entities == num_true
    assert scores.precision == (right / num_answers if num_answers else 0)
    assert scores.recall == (right / num_true if num_true else 0)
