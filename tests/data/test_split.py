"""Which records are held out: by the seed alone, each in one part."""

import numpy as np
import pytest

from recurry.data.split import split_groups, split_records
from recurry.errors import DataError


def test_every_record_is_in_one_part():
    parts = split_records(103, validation=0.1, test=0.2, seed=0)
    assert {part: len(members) for part, members in parts.items()} == {
        "test": 21,
        "validation": 10,
        "train": 72,
    }
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(103))


def test_the_seed_decides():
    first, again, other = (
        split_records(50, validation=0.2, test=0.0, seed=seed)["validation"].tolist()
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_part_without_records():
    with pytest.raises(DataError, match="too few records") as caught:
        split_records(4, validation=0.1, test=0.0, seed=0)
    assert "4 records" in str(caught.value)
    assert len(split_records(4, validation=0.0, test=0.0, seed=0)["train"]) == 4


def test_a_group_stays_together():
    groups = ["a", "b", "a", "c", "d", "b"] * 5 + ["e", "f", "g", "h", "i", "j"]
    parts = split_groups(groups, validation=0.2, test=0.2, seed=0)
    found = [{groups[member] for member in members} for members in parts.values()]
    assert sum(map(len, found)) == len(set(groups)) == len(set().union(*found))
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(len(groups)))
    with pytest.raises(DataError, match="too few records"):
        split_groups(["a"] * 50, validation=0.1, test=0.0, seed=0)
    with pytest.raises(DataError, match="too few different texts") as caught:
        split_groups(["a"] * 50, validation=0.1, test=0.0, seed=0, called="different texts")
    assert "1 different texts" in str(caught.value)
