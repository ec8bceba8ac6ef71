"""Paths, texts and folders as the Python front door takes them."""

from pathlib import Path

import pytest

from recurry.errors import DataError
from recurry.runs.front import run_folder, text_paths


def test_a_temporary_run_is_removed():
    with run_folder(None) as folder:
        folder.mkdir()
    assert not folder.parent.exists()


def test_a_named_run_stays(tmp_path):
    with run_folder(tmp_path / "run") as folder:
        folder.mkdir()
    assert folder == tmp_path / "run"
    assert folder.is_dir()


def test_a_text_lies_in_a_file_meanwhile():
    with text_paths("two\nlines\r\n") as paths:
        assert Path(paths[0]).read_bytes() == b"two\nlines\r\n"
    assert not Path(paths[0]).exists()


def test_a_long_line_is_a_text_too():
    with text_paths("to be or not " * 400) as paths:
        assert Path(paths[0]).read_text() == "to be or not " * 400


def test_paths_stay_as_they_are(tmp_path):
    path = tmp_path / "a.txt"
    path.touch()
    for given in (path, str(path), [path], [str(path)]):
        with text_paths(given) as paths:
            assert paths == (str(path),)


def test_one_line_that_is_no_path_is_an_error():
    with pytest.raises(DataError, match="no such file"), text_paths("shakespear.txt"):
        pass
