"""The built-in cells, a file a family.

Comes in: a name, a path or equations. Goes out: a Cell.

May import: compiler, errors.
"""

from recurry.cells.find import cell, cells, find_cell

__all__ = ["cell", "cells", "find_cell"]
