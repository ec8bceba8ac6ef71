"""The built-in cells, a file a family.

Comes in: a name, a path or equations. Goes out: a Cell.
May import: compiler, errors.
"""

import sys
from types import ModuleType

from recurry.cells.find import cell, cells, find_cell

__all__ = ["cell", "cells", "find_cell"]


class _CallableModule(ModuleType):
    """`recurry.cells` is this package and the public function of the same name, both at once."""

    def __call__(self) -> tuple[str, ...]:
        return cells()


sys.modules[__name__].__class__ = _CallableModule
