"""All views on one page."""

from recurry.errors import UsageError
from recurry.serving.sheet import write_sheet
from recurry.serving.views import find_view


class Refusing:
    """A view that fits no model."""

    name, title, caption = "no", "A title", "A caption."
    Options = type("Options", (), {})

    def compute(self, session, options):
        """Refuse."""
        raise UsageError("This <b>fits</b> nothing.")


def test_a_sheet_holds_every_view_and_loads_nothing(viewing):
    told = []
    page = write_sheet(
        viewing.shown.session,
        [find_view("network"), Refusing()],
        title="<i>mine</i>",
        note="a note",
        notify=told.append,
    )
    assert told == ["Network", "A title"]
    assert page.count('style="max-width:') == page.count('px"><svg') == 1
    assert find_view("network").caption in page
    assert "Left out: This &lt;b&gt;fits&lt;/b&gt; nothing." in page
    assert "&lt;i&gt;mine&lt;/i&gt;" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "href=" not in page
