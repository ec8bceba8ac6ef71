"""What a view is."""

import pytest
from pydantic import ValidationError

from recurry.inspection.view import View, ViewOptions
from recurry.inspection.views import all_views


@pytest.mark.parametrize("view", all_views(), ids=lambda view: view.name)
def test_every_view_is_one(view):
    assert isinstance(view, View)
    assert view.title
    assert view.caption.count(".") >= 2
    view.Options()  # every option has a default
    with pytest.raises(ValidationError):
        view.Options(there_is_no_such_option=1)


def test_options_do_not_change():
    class Options(ViewOptions):
        size: int = 1

    with pytest.raises(ValidationError):
        Options().size = 2
