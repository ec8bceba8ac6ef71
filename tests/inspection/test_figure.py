"""Paintings that were asked for."""

import pytest

from recurry.errors import UsageError
from recurry.inspection.figure import check_page, paint_cells, save_page
from recurry.inspection.recording import record


def test_one_cell(model):
    (painting,) = paint_cells(record(model, "abc"), "0:1")
    assert painting.title == "layer 0, unit 1 of c"
    assert "".join(painting.pieces) == "abc"
    assert painting.values.shape == (3,)


def test_the_ten_cells_that_vary_most(model):
    paintings = paint_cells(record(model, "abcabc"), "varying")
    assert len({painting.title for painting in paintings}) == 10


def test_a_cell_that_does_not_exist(model):
    with pytest.raises(UsageError, match="no unit 77"):
        paint_cells(record(model, "a"), "77")


def test_a_page_is_written(model, tmp_path):
    paintings = paint_cells(record(model, "abc"), "1")
    save_page(tmp_path / "page.html", paintings, title="A title", note="a note")
    assert "layer 1, unit 1 of c" in (tmp_path / "page.html").read_text()


def test_a_page_that_cannot_be_written(model, tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        save_page(tmp_path / "no" / "page.html", [], title="t", note="")


def test_a_page_is_refused_before_the_work(tmp_path):
    check_page(tmp_path / "new.html")
    for path in (tmp_path, tmp_path / "no" / "page.html"):
        with pytest.raises(UsageError, match="cannot be written"):
            check_page(path)
