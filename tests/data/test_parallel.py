"""Pairs of texts from two files or from columns."""

import pytest

from recurry.data.parallel import line_pairs, tab_pairs
from recurry.errors import DataError


def test_lines_side_by_side():
    one, two = line_pairs("a\nb", "x\n y\n", names=("en", "de"))
    assert (one.source, one.target) == ("a", "x")
    assert (two.source, two.target, two.place) == ("b", "y", "en:2")


def test_unequal_files_are_counted_and_the_first_difference_is_named():
    with pytest.raises(DataError, match="not equally many") as caught:
        list(line_pairs("a\nb\nc\n", "x\n\nz\nw\n", names=("en", "de")))
    assert "line 2 is the first" in str(caught.value)
    assert "en 3 lines, de 4 lines" in str(caught.value)
    with pytest.raises(DataError, match="line 2 is the first"):
        list(line_pairs("a\n", "x\ny\n", names=("en", "de")))


def test_columns_between_tabs():
    pairs = list(tab_pairs("Go.\tVa !\tlicence\n\nHi.\tSalut.\tlicence\n", name="fra"))
    assert [(p.source, p.target) for p in pairs] == [("Go.", "Va !"), ("Hi.", "Salut.")]
    assert next(tab_pairs("a\tb\tc", name="x", columns=(2, 0))).source == "c"
    with pytest.raises(DataError, match="too few columns") as caught:
        list(tab_pairs("a\tb\nc\n", name="fra"))
    assert "fra:2" in str(caught.value)
