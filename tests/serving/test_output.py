"""Views in files."""

import json

import pytest

from recurry.errors import RunError, UsageError
from recurry.serving.output import ENDINGS, check_output, render, write_bytes, write_finding


def test_the_ending_says_what_is_written(viewing, tmp_path):
    finding = viewing.finding("network", {})
    for ending, start in ((".svg", b"<svg"), (".csv", b"part,name,"), (".json", b'{"title"')):
        path = tmp_path / f"network{ending.upper()}"
        write_finding(finding, path)
        assert path.read_bytes() == render(finding, ending)
        assert path.read_bytes().startswith(start)
    assert json.loads(render(finding, ".json"))["total"] > 0


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"not known what to write into x\.pdf") as error:
        check_output(tmp_path / "x.pdf", ENDINGS)
    assert error.value.accepted == ".svg, .png, .csv, .json"


def test_a_file_in_no_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be written") as error:
        check_output(tmp_path / "nowhere" / "x.svg", ENDINGS)
    assert "no folder" in (error.value.got or "")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        check_output(tmp_path / "folder.svg", ENDINGS)


def test_a_disk_that_refuses_is_named(tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        write_bytes(tmp_path, b"")
