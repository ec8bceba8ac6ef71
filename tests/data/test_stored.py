"""Prepared records: the same back from the disk, and nothing that is damaged."""

import numpy as np
import pytest

from recurry.data.examples import Examples, Ragged
from recurry.data.stored import Records, load, store
from recurry.errors import DataError


@pytest.fixture
def records() -> Records:
    def part(*rows: list[int]) -> Examples:
        return Examples(
            sequences={"text": Ragged.from_sequences(map(np.array, rows))},
            values={"label": np.arange(len(rows))},
        )

    return Records(
        train=part([1, 2], [3]),
        validation=part([4]),
        test=None,
        knowledge={"names": ["ä"]},
        sha256="ab",
        key="cd",
        notes=("one is empty",),
    )


def test_the_same_comes_back(records, tmp_path):
    store(records, tmp_path / "data")
    again = load(tmp_path / "data")
    assert again.train.sequences["text"].values.tolist() == [1, 2, 3]
    assert again.validation.lengths.tolist() == [1]
    assert again.test is None
    assert (again.knowledge, again.key, again.notes) == ({"names": ["ä"]}, "cd", ("one is empty",))


@pytest.mark.parametrize("name", ["train.npz", "data.json"])
def test_what_is_damaged_or_gone_is_refused(records, tmp_path, name):
    store(records, tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-20] + b"x" * 20)
    with pytest.raises(DataError, match="no whole prepared records"):
        load(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match="no whole prepared records"):
        load(tmp_path)


def test_a_place_that_cannot_be_written(records, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        store(records, tmp_path / "file")
