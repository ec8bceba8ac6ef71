"""Batches: every record once an epoch, of like lengths, and a function of the update alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.batches import Batches, cut_by_length, in_order, padding_share
from recurry.errors import DataError


def _batches(lengths, **options) -> Batches:
    settings = {"records": 8, "steps": 100, "epochs": 3, "seed": 0} | options
    return Batches(np.asarray(lengths), **settings)


@pytest.fixture
def lengths(rng) -> np.ndarray:
    return rng.integers(1, 40, size=203)


def test_every_record_once_an_epoch(lengths):
    batches = _batches(lengths)
    for epoch in range(3):
        updates = range(epoch * batches.num_batches, (epoch + 1) * batches.num_batches)
        members = np.concatenate([batches.at(update).members for update in updates])
        assert sorted(members.tolist()) == list(range(len(lengths)))
        assert {batches.at(update).epoch for update in updates} == {epoch}
        assert [batches.at(update).is_last for update in updates][-2:] == [False, True]


def test_an_update_is_the_same_whenever_it_is_asked_for(lengths):
    forwards, backwards = _batches(lengths), _batches(lengths)
    updates = range(forwards.num_updates)
    found = {update: forwards.at(update).members.tolist() for update in updates}
    for update in reversed(updates):
        assert backwards.at(update).members.tolist() == found[update]


def test_epochs_and_seeds_differ(lengths):
    first = np.concatenate(_batches(lengths).epoch(0)).tolist()
    assert first != np.concatenate(_batches(lengths).epoch(1)).tolist()
    assert first != np.concatenate(_batches(lengths, seed=1).epoch(0)).tolist()


def test_records_of_equal_length_are_mixed_anew():
    batches = _batches([5] * 64)
    groups = [{frozenset(members.tolist()) for members in batches.epoch(e)} for e in (0, 1)]
    assert groups[0] != groups[1]


@given(
    lengths=st.lists(st.integers(0, 50), min_size=1, max_size=60),
    records=st.integers(1, 10),
    steps=st.integers(1, 120),
)
def test_no_batch_is_larger_than_asked_for(lengths, records, steps):
    for members in _batches(lengths, records=records, steps=steps).epoch(0):
        assert 1 <= len(members) <= records
        size = len(members) * max(lengths[number] for number in members)
        assert size <= steps or len(members) == 1


def test_little_is_padding(lengths):
    sorted_share = padding_share(lengths, _batches(lengths).epoch(0))
    in_any_order = np.split(np.arange(200), 25)
    assert sorted_share < 0.15 < padding_share(lengths, in_any_order)
    assert padding_share(np.array([3, 1]), [np.array([0, 1])]) == pytest.approx(2 / 6)
    assert padding_share(np.array([]), []) == 0.0


def test_the_fraction_of_an_epoch(lengths):
    batches = _batches(lengths)
    half = batches.at(batches.num_batches + batches.num_batches // 2)
    assert half.epochs_before == pytest.approx(1.5, abs=0.02)


def test_cuts_of_lengths():
    assert cut_by_length(np.array([1, 1, 2, 9]), records=2, steps=6) == [2, 3, 4]


def test_batches_for_answering_hold_everything(lengths):
    batches = in_order(lengths, steps=200)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(members) * lengths[members].max() <= 200 for members in batches)
    assert in_order(np.array([], dtype=int), steps=9) == []


def test_no_record():
    with pytest.raises(DataError, match="no record"):
        _batches([])
