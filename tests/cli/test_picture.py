"""Pictures in files."""

import pytest

from recurry.cli.picture import write_picture
from recurry.errors import RunError


def test_a_picture_is_written(tmp_path):
    write_picture(str(tmp_path / "a.svg"), "<svg>é</svg>")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == "<svg>é</svg>"


def test_a_picture_in_no_folder(tmp_path):
    with pytest.raises(RunError, match="cannot be written") as caught:
        write_picture(str(tmp_path / "none" / "a.svg"), "<svg/>")
    assert "No such file" in str(caught.value)
