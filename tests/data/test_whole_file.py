"""A file is the old one or the new one."""

import pytest

from recurry.data.whole_file import whole_file


def test_a_file_appears_when_all_is_written(tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_changes_nothing(tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("old")
    with pytest.raises(TypeError), whole_file(path) as file:
        file.writelines([b"half", "no bytes"])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "missing" / "some.txt"):
        pass
