"""The search for label sequences, against all of them."""

import itertools

import numpy as np
import pytest

from recurry.network.prefix_beam import prefix_beam


def all_sequences(logs: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of every label sequence."""
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(logs.shape[1]), repeat=len(logs)):
        labels = tuple(label for label, _ in itertools.groupby(path) if label)
        share = float(np.exp(logs[range(len(logs)), list(path)].sum()))
        found[labels] = found.get(labels, 0.0) + share
    return found


def random_logs(rng: np.random.Generator, num_steps: int = 5, num_labels: int = 3) -> np.ndarray:
    return np.log(rng.dirichlet(np.ones(num_labels), size=num_steps))


def test_a_wide_search_finds_all_sequences_with_their_probabilities(rng):
    logs = random_logs(rng)
    everything = all_sequences(logs)
    found = prefix_beam(logs, width=10_000)
    assert {one.labels for one in found} == set(everything)
    for one in found:
        assert np.exp(one.log_probability) == pytest.approx(everything[one.labels])
    assert found[0].labels == max(everything, key=lambda labels: everything[labels])
    assert [one.log_probability for one in found] == sorted(
        (one.log_probability for one in found), reverse=True
    )


def test_a_sequence_wins_by_the_sum_of_its_paths():
    logs = np.log([[0.6, 0.4], [0.6, 0.4]])  # best path: two blanks
    assert prefix_beam(logs)[0].labels == (1,)
    assert np.exp(prefix_beam(logs)[0].log_probability) == pytest.approx(0.64)


def test_narrow_searches_keep_few_and_never_too_much_probability(rng):
    logs = random_logs(rng, num_steps=6, num_labels=4)
    everything = all_sequences(logs)
    for num_labels in (None, 2):
        found = prefix_beam(logs, width=4, num_labels=num_labels)
        assert 1 <= len(found) <= 4
        for one in found:
            assert np.exp(one.log_probability) <= everything[one.labels] * (1 + 1e-9)


def test_no_steps_give_the_empty_sequence():
    (found,) = prefix_beam(np.zeros((0, 3)))
    assert (found.labels, found.log_probability) == ((), 0.0)
