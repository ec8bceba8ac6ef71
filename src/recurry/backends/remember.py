"""Results that belong to a plan, found again by the plan's identity.

Comes in: a function of a plan and some flags. Goes out: the same function, run once for each.
Hashing a graph anew at every call would cost more than a short sequence.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar

from recurry.compiler.plan import Plan

Result = TypeVar("Result")

# A search over cells makes many plans; each entry keeps its plan alive, so that ids stay true.
MAX_REMEMBERED = 512


def once_a_plan(
    function: Callable[..., Result],
) -> Callable[..., Result]:
    """The function with its results kept for each plan and each setting of its flags."""
    kept: dict[Hashable, tuple[Plan, Result]] = {}

    def _remembered(plan: Plan, *flags: Hashable, **named: Hashable) -> Result:
        key = (id(plan), flags, *named.items())
        found = kept.get(key)
        if found is None:
            if len(kept) >= MAX_REMEMBERED:
                kept.clear()
            found = kept[key] = (plan, function(plan, *flags, **named))
        return found[1]

    _remembered.__doc__ = function.__doc__
    return _remembered
