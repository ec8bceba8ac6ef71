"""Paths, texts and folders as the Python front door takes them."""

from pathlib import Path

import pytest

from recurry.errors import DataError, Interrupted, TrainingError
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


def test_no_path_at_all_is_not_shakespeare():
    with pytest.raises(DataError, match="the list of paths is empty"), text_paths([]):
        pass


def test_half_a_surrogate_pair_is_no_text():
    message = r"half a surrogate pair[\s\S]*character 4"
    with pytest.raises(DataError, match=message), text_paths("two\n\ud800lines"):
        pass


def test_a_stop_without_a_run_folder_promises_nothing():
    with pytest.raises(Interrupted, match="nothing is kept") as caught, run_folder(None) as folder:
        raise Interrupted("Everything is saved.", hint=f"recurry resume {folder}")
    assert "run='runs/mine'" in str(caught.value)
    assert "resume" not in str(caught.value)


def test_a_failure_without_a_run_folder_names_no_file_that_is_gone():
    with pytest.raises(TrainingError) as caught, run_folder(None) as folder:
        raise TrainingError("Bad.", where=f"{folder}; kept: a model", got="1", hint="less")
    assert str(caught.value) == "Bad.\n  got: 1\n  try: less"


def test_a_stop_in_a_named_run_comes_as_it_is(tmp_path):
    with pytest.raises(Interrupted, match="is saved"), run_folder(tmp_path):
        raise Interrupted("Everything is saved.")
