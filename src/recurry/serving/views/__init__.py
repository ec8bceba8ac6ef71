"""All views of the page: those of `inspection`, and those that need runs and generation too.

Comes in: a name. Goes out: a view.
"""

from functools import cache

from recurry.errors import unknown_name
from recurry.inspection import views as inspected
from recurry.inspection.view import View

_ORDER = (
    *("text", "find", "write", "errors", "meaning", "gates", "gradient", "attention"),
    *("saliency", "network", "training", "cell"),
)


@cache
def _views() -> dict[str, View]:
    from recurry.serving.views.cell import CellView
    from recurry.serving.views.training import TrainingView

    own: tuple[View, ...] = (TrainingView(), CellView())
    found = {view.name: view for view in (*inspected.all_views(), *own)}
    places = {name: place for place, name in enumerate(_ORDER)}
    return dict(sorted(found.items(), key=lambda item: places.get(item[0], len(places))))


def all_views() -> tuple[View, ...]:
    """All views, in the order in which they are shown."""
    return tuple(_views().values())


def find_view(name: str) -> View:
    """The view of a name.

    Raises:
        UsageError: There is none; the message names the nearest.
    """
    views = _views()
    if name not in views:
        raise unknown_name("view", name, known=tuple(views))
    return views[name]
