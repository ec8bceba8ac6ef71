"""Spans of entities against another implementation of the rules of conlleval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.spans import Span, find_scheme, find_spans


def _is_end(before: str, before_kind: str, tag: str, kind: str) -> bool:
    """Whether a chunk ends before a tag, as the script conlleval of CoNLL-2000 says it."""
    if before in ("E", "S"):
        return True
    if before in ("B", "I") and tag in ("B", "S", "O"):
        return True
    return before != "O" and before_kind != kind


def _is_start(before: str, before_kind: str, tag: str, kind: str) -> bool:
    """Whether a chunk starts at a tag."""
    if tag in ("B", "S"):
        return True
    if before in ("E", "S", "O") and tag in ("E", "I"):
        return True
    return tag != "O" and before_kind != kind


def conlleval_spans(labels: list[str]) -> list[Span]:
    """The chunks of a sentence."""
    found, start, before, before_kind = [], 0, "O", ""
    for at, label in enumerate([*labels, "O"]):
        tag, kind = (label[0], label[2:]) if label != "O" else ("O", "")
        if _is_end(before, before_kind, tag, kind):
            found.append(Span(before_kind, start, at))
        if _is_start(before, before_kind, tag, kind):
            start = at
        before, before_kind = tag, kind
    return found


LABELS = [f"{letter}-{kind}" for letter in "BIES" for kind in ("PER", "LOC")] + ["O"]


@given(st.lists(st.sampled_from(LABELS), max_size=12))
def test_the_same_spans_as_conlleval(labels):
    assert find_spans(labels) == conlleval_spans(labels)


def test_by_hand():
    labels = ["B-A", "I-A", "I-B", "O", "S-A", "B-A", "E-A", "E-A"]
    assert find_spans(labels) == [
        Span("A", 0, 2),
        Span("B", 2, 3),
        Span("A", 4, 5),
        Span("A", 5, 7),
        Span("A", 7, 8),
    ]


@pytest.mark.parametrize(
    ("names", "scheme"),
    [
        (["O", "B-x", "I-x-y"], "bio"),
        (["O", "S-x", "B-x", "E-x"], "bioes"),
        (["O", "B-x", "X"], "none"),
        (["I-x", "O"], "none"),
        (["B-", "O"], "none"),
        (["O"], "none"),
        ([], "none"),
    ],
)
def test_the_scheme_of_labels(names, scheme):
    assert find_scheme(names) == scheme
