"""The views by name."""

import pytest

from recurry.errors import UsageError
from recurry.inspection.views import all_views, find_view, view_names


def test_views_join_by_their_file():
    names = view_names()
    assert names[:2] == ("text", "find")
    assert {"attention", "saliency"} <= set(names)
    assert tuple(view.name for view in all_views()) == names
    assert find_view("find").name == "find"


def test_a_view_that_is_not_there():
    with pytest.raises(UsageError, match="no view named 'fnd'") as caught:
        find_view("fnd")
    assert "find" in str(caught.value)
