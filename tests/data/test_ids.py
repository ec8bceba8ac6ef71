"""Symbol numbers on disk: any stretch comes back, nothing half-written stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.ids import IdFile, smallest_dtype
from recurry.errors import DataError


@pytest.mark.parametrize(
    ("num_symbols", "dtype"),
    [(1, "u1"), (256, "u1"), (257, "u2"), (65_536, "u2"), (65_537, "u4"), (1 << 32, "u4")],
)
def test_the_narrowest_type_is_chosen(num_symbols, dtype):
    assert smallest_dtype(num_symbols) == np.dtype(dtype)


def test_too_many_symbols_are_refused():
    with pytest.raises(DataError, match="too many"):
        smallest_dtype((1 << 32) + 1)


@given(
    parts=st.lists(st.lists(st.integers(0, 69_999), max_size=9), max_size=5),
    num_symbols=st.sampled_from([70_000, 1 << 32]),
)
def test_what_is_written_is_read_anywhere(tmp_path_factory, parts, num_symbols):
    path = tmp_path_factory.mktemp("ids") / "a.npy"
    arrays = [np.array(part, dtype=np.int64) for part in parts]
    ids = IdFile.write(path, arrays, num_symbols=num_symbols)
    whole = np.concatenate([*arrays, np.zeros(0, dtype=np.int64)])
    assert len(ids) == len(whole)
    for start in range(len(whole) + 1):
        for count in (0, 1, len(whole) - start):
            if start + count <= len(whole):
                found = ids.read(start, count)
                assert found.dtype == np.int64
                np.testing.assert_array_equal(found, whole[start : start + count])
    np.testing.assert_array_equal(np.load(path), whole)


def test_reading_gives_a_copy_and_survives_release(tmp_path):
    ids = IdFile.write(tmp_path / "a.npy", [np.arange(1000)], num_symbols=1000)
    found = ids.read(5, 3)
    found[:] = 0
    ids.release()
    np.testing.assert_array_equal(ids.read(5, 3), [5, 6, 7])


def test_pages_are_given_back_without_being_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("recurry.data.ids._RESIDENT_BYTES", 1 << 18)
    released = []
    monkeypatch.setattr(IdFile, "release", lambda self: released.append(self))
    ids = IdFile.write(tmp_path / "a.npy", [np.arange(100)], num_symbols=100)
    for _ in range(10):
        ids.read(0, 10)
    assert released


@pytest.mark.parametrize(("start", "count"), [(-1, 1), (0, 11), (10, 1), (0, -1)])
def test_outside_is_an_index_error(start, count):
    with pytest.raises(IndexError, match="in a sequence of 10"):
        IdFile.from_array(np.arange(10)).read(start, count)


def test_numbers_in_memory_have_the_same_interface(tmp_path):
    ids = IdFile.from_array([3, 1, 2])
    ids.release()
    assert len(ids) == 3
    np.testing.assert_array_equal(ids.read(1, 2), [1, 2])
    assert "in memory" in repr(ids)
    stored = IdFile.write(tmp_path / "a.npy", [np.array([3, 1, 2], np.uint8)], num_symbols=4)
    assert stored.sha256() == IdFile.from_array(np.array([3, 1, 2], np.uint8)).sha256()


@pytest.mark.parametrize("numbers", [[-1], [4], [0, 300]])
def test_a_number_outside_the_vocabulary_leaves_no_file(tmp_path, numbers):
    with pytest.raises(DataError, match="outside the vocabulary"):
        IdFile.write(tmp_path / "a.npy", [np.array(numbers)], num_symbols=4)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_writer_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.npy"
    IdFile.write(path, [np.array([1, 2])], num_symbols=4)

    def interrupted():
        yield np.array([3, 3, 3])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        IdFile.write(path, interrupted(), num_symbols=4)
    np.testing.assert_array_equal(IdFile(path).read(0, 2), [1, 2])
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"]


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    IdFile.write(path, [np.arange(100)], num_symbols=100)
    whole = path.read_bytes()
    wrong = [whole[:-1], whole + b"\0", whole[:50], b"", b"nonsense" * 20]
    for content in wrong:
        path.write_bytes(content)
        with pytest.raises(DataError, match="prepared text cannot be read"):
            IdFile(path)
    for array in (np.zeros((2, 2), np.uint8), np.zeros(4), np.zeros(4, np.uint64)):
        np.save(path, array)
        with pytest.raises(DataError, match="one-dimensional"):
            IdFile(path)
    np.save(path, np.array([None]), allow_pickle=True)
    with pytest.raises(DataError, match="prepared text cannot be read"):
        IdFile(path)
    with pytest.raises(DataError, match="No such file"):
        IdFile(tmp_path / "missing.npy")
