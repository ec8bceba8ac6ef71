"""The parts of a data set: shares of one file, and files of their own."""

import pytest

from recurry.data.parts import read_parts
from recurry.data.record_configuration import HeldOutConfig
from recurry.data.records import Rows
from recurry.errors import DataError


def _read(paths: tuple[str, ...]) -> Rows[str]:
    rows = [f"{path}{number}" for path in paths for number in range(10)]
    return Rows(rows=rows, sha256="-".join(paths), notes=(f"read {paths[0]}",))


def test_shares():
    config = HeldOutConfig(paths=("a", "b"), validation=0.2, test=0.1)
    parts, sums, notes = read_parts(config, _read)
    assert {part: len(rows) for part, rows in parts.items()} == {
        "train": 14,
        "validation": 4,
        "test": 2,
    }
    assert sorted(row for rows in parts.values() for row in rows) == sorted(_read(("a", "b")).rows)
    assert (sums, notes) == ("a-b", ["read a"])


def test_files_of_their_own():
    parts, sums, notes = read_parts(HeldOutConfig(paths=("a",), validation="v"), _read)
    assert parts["train"] == _read(("a",)).rows
    assert parts["validation"] == _read(("v",)).rows
    assert "test" not in parts
    assert (sums, notes) == ("a-v", ["read a", "read v"])


def test_nothing_is_left_to_learn_from():
    with pytest.raises(DataError, match="too few records"):
        read_parts(HeldOutConfig(paths=("a",), validation=0.99), _read)


def test_records_of_a_group_are_in_one_part():
    config = HeldOutConfig(paths=("a", "b"), validation=0.2, test=0.1)
    parts, _, _ = read_parts(config, _read, group=lambda row: row[1:])
    numbers = [{row[1:] for row in rows} for rows in parts.values()]
    assert {part: len(rows) for part, rows in parts.items()} == {
        "train": 14,
        "validation": 4,
        "test": 2,
    }
    assert len(set().union(*numbers)) == sum(map(len, numbers)) == 10


def test_several_files_of_their_own():
    config = HeldOutConfig(paths=("a",)).model_copy(update={"validation": ("v", "w")})
    parts, sums, _ = read_parts(config, _read)
    assert parts["validation"] == _read(("v", "w")).rows
    assert sums == "a-v-w"


@pytest.mark.parametrize("limit", [1, 5, 99])
def test_only_so_many_records_are_learnt_from(limit):
    data = HeldOutConfig(paths=("a", "b"), validation=0.2, test=0.1, limit=limit)
    parts, _, _ = read_parts(data, _read)
    whole, _, _ = read_parts(data.model_copy(update={"limit": None}), _read)
    assert len(parts["train"]) == min(limit, len(whole["train"]))
    assert set(parts["train"]) <= set(whole["train"])
    assert parts["train"] == sorted(parts["train"], key=whole["train"].index)
    assert (parts["validation"], parts["test"]) == (whole["validation"], whole["test"])
    assert read_parts(data, _read)[0] == parts
    other = data.model_copy(update={"split_seed": 1})
    assert limit > 5 or read_parts(other, _read)[0]["train"] != parts["train"]
