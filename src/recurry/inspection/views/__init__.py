"""The views, each a file of this folder: `gates.py` holds the class `GatesView`.

Comes in: a name. Goes out: a view. A view joins by being here; it is imported when it is asked for.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from recurry.errors import unknown_name
from recurry.inspection.view import View

# In which views are shown; others follow by name.
_ORDER = (
    *("text", "find", "meaning", "gates", "gradient", "network", "training", "write"),
    *("errors", "attention", "saliency", "cell"),
)


@cache
def view_names() -> tuple[str, ...]:
    """The names of all views, in the order in which they are shown."""
    found = sorted(module.name for module in iter_modules(__path__))
    first = [name for name in _ORDER if name in found]
    return (*first, *(name for name in found if name not in _ORDER))


@cache
def find_view(name: str) -> View:
    """The view of a name.

    Raises:
        UsageError: There is none; the message names the nearest.
    """
    if name not in view_names():
        raise unknown_name("view", name, known=view_names())
    return getattr(import_module(f"{__name__}.{name}"), f"{name.title()}View")()


def all_views() -> tuple[View, ...]:
    """All views, in the order in which they are shown."""
    return tuple(find_view(name) for name in view_names())
