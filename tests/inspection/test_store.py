"""Arrays in files."""

import numpy as np
import pytest

from recurry.errors import RunError
from recurry.inspection.store import FileArray, Folder


def test_what_is_written_is_read_back(tmp_path):
    array = FileArray.create(tmp_path / "a", (5, 2, 3), "float32")
    assert not array.rows().any()
    values = np.arange(12).reshape(2, 2, 3)
    array.write(2, values)
    np.testing.assert_array_equal(array.rows(2, 4), values)
    np.testing.assert_array_equal(array.rows(3, 99)[0], values[1])
    assert array.rows(4).shape == (1, 2, 3)
    row = np.empty((2, 3), dtype="f4")
    array.read_into(3, row)
    np.testing.assert_array_equal(row, values[1])


def test_rows_are_mapped_not_read(tmp_path):
    array = FileArray.create(tmp_path / "a", (1 << 20, 1 << 10), "int8")
    rows = array.rows()
    assert isinstance(rows, np.memmap)
    assert rows.shape == (1 << 20, 1 << 10)
    assert (tmp_path / "a").stat().st_blocks * 512 < 1 << 20


def test_empty_arrays(tmp_path):
    array = FileArray.create(tmp_path / "a", (0, 4), "int8")
    assert array.rows().shape == (0, 4)
    assert array.rows(2, 1).shape == (0, 4)


def test_a_folder_that_nobody_named_is_removed(tmp_path):
    with Folder(None) as folder:
        (folder.path / "file").write_text("x")
    assert not folder.path.exists()
    with Folder(tmp_path / "mine") as folder:
        pass
    assert folder.path.is_dir()


def test_a_forgotten_folder_is_removed_too():
    folder = Folder(None)
    path = folder.path
    del folder
    assert not path.exists()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written") as caught:
        Folder(tmp_path / "file" / "inside")
    assert "a shorter text" in str(caught.value)
    with pytest.raises(RunError, match="cannot be written"):
        FileArray.create(tmp_path / "no" / "a", (1,), "int8")
    array = FileArray.create(tmp_path / "a", (1,), "int8")
    array.path.unlink()
    with pytest.raises(RunError, match="cannot be written"):
        array.write(0, np.zeros(1))
