"""Rules for labels of spans, against checking whole sequences."""

import itertools

import pytest
import torch

from recurry.errors import DataError, UsageError
from recurry.network.transitions import Transitions

LABELS = {
    "bio": ["O", "B-a", "I-a", "B-b", "I-b"],
    "bioes": ["O", "B-a", "I-a", "E-a", "S-a", "B-b", "E-b", "I-b"],
}


def is_valid(path: tuple[str, ...], scheme: str) -> bool:
    """Whether a sequence can be cut into spans, by reading it from left to right."""
    rest = list(path)
    while rest:
        letter, _, kind = rest.pop(0).partition("-")
        if letter in ("I", "E"):
            return False
        if letter == "B":
            while rest and rest[0] == f"I-{kind}":
                rest.pop(0)
            if scheme == "bioes" and (not rest or rest.pop(0) != f"E-{kind}"):
                return False
    return True


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_rules_allow_exactly_what_can_be_cut_into_spans(scheme: str):
    labels = LABELS[scheme]
    rules = Transitions.of_spans(labels, scheme)
    for length in (1, 2, 3):
        for path in itertools.product(range(len(labels)), repeat=length):
            allowed = (
                rules.first[path[0]]
                and rules.last[path[-1]]
                and all(rules.between[a, b] for a, b in itertools.pairwise(path))
            )
            assert allowed == is_valid(tuple(labels[k] for k in path), scheme), path


def test_forbidden_scores_are_minus_infinity():
    rules = Transitions.of_spans(["O", "I-a"])
    between, first, last = rules.forbid(torch.ones(2, 2), torch.ones(2), torch.ones(2))
    assert between.tolist() == [[1, -torch.inf], [1, 1]]
    assert first.tolist() == [1, -torch.inf]
    assert last.tolist() == [1, 1]


@pytest.mark.parametrize("label", ["X-a", "B", "O-a", "", "E-a"])
def test_a_label_of_another_scheme_is_named(label: str):
    with pytest.raises(DataError, match="does not mark a span in the way of BIO"):
        Transitions.of_spans(["O", label])


def test_an_unknown_scheme_is_named():
    with pytest.raises(UsageError, match="no scheme of labels named 'iob'"):
        Transitions.of_spans(["O"], "iob")


def test_too_many_labels_are_refused():
    with pytest.raises(DataError, match="too many labels"):
        Transitions.of_spans(["O", *(f"B-{number}" for number in range(2000))])
