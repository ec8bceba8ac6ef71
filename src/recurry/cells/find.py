"""The table of built-in cells, and what else a cell may be given as.

Comes in: a name, a path or equations. Goes out: a cell. Imports errors, compiler and the families.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from recurry.cells import elman, gru, light, lstm, mut
from recurry.compiler.cell import Cell
from recurry.compiler.tokens import MAX_CHARACTERS
from recurry.errors import UsageError, nearest

_FAMILIES = (elman, lstm, gru, mut, light)
_BUILT_IN = {cell.name: cell for family in _FAMILIES for cell in family.CELLS}
_SUFFIXES = (".cell", ".txt", ".toml")
_MOST_BYTES = 8 * MAX_CHARACTERS  # more than any legal cell, far less than a wrong file may have


def cells() -> tuple[str, ...]:
    """The names of the built-in cells, family by family."""
    return tuple(_BUILT_IN)


def cell(name: str) -> Cell:
    """A built-in cell by name.

    Raises:
        UsageError: There is no such cell; the message offers the nearest names.

    Example:
        >>> cell("lstm").states
        ('h', 'c')
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    close = " or ".join(nearest(name, _BUILT_IN))
    raise UsageError(
        f"There is no cell named {name[:60]!r}.",
        accepted=f"{', '.join(_BUILT_IN)}; a file ending in {' '.join(_SUFFIXES)}; or equations",
        hint=close or "recurry cells",
    )


def find_cell(specification: Cell | str | os.PathLike[str]) -> Cell:
    """The cell that a user means.

    Args:
        specification: A cell; the name of a built-in one; the path of a file that ends in `.cell`
            or `.txt` (equations) or in `.toml` (`name`, `equations`, a table `initial`, `source`);
            or equations themselves.

    Raises:
        UsageError: No such cell or file, or the file is no description of a cell.
        EquationError: The equations are not valid.
    """
    if isinstance(specification, Cell):
        return specification
    if not isinstance(specification, str | os.PathLike):
        raise UsageError(
            "This is no cell.",
            got=f"a {type(specification).__name__}",
            accepted="a Cell, the name of a built-in cell, a path or equations",
            hint="recurry.cells() lists the names",
        )
    text = os.fsdecode(specification)
    if text in _BUILT_IN:
        return _BUILT_IN[text]
    if "\n" not in text and text.endswith(_SUFFIXES):
        return read_cell(text)
    return Cell.parse(text) if "=" in text else cell(text)


def read_cell(path: str | os.PathLike[str]) -> Cell:
    """The cell in a file: TOML if its name ends in `.toml`, equations otherwise.

    Raises:
        UsageError: The file cannot be read or is no description of a cell.
        EquationError: The equations are not valid.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            text = decode_cell(file.read(_MOST_BYTES), str(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(str(path), reason) from None
    if path.suffix == ".toml":
        return _from_toml(text, path)
    return Cell.parse(text, name=path.stem, source=path.name)


def decode_cell(content: bytes, origin: str) -> str:
    """The text of a cell file, without the mark that some editors put before UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(origin, f"byte {error.start} is not UTF-8") from None


def _unreadable(origin: str, reason: str) -> UsageError:
    return UsageError(
        f"The cell file {origin[:200]!r} cannot be read.",
        got=reason,
        accepted="a text file of equations, or TOML with name and equations",
    )


def _from_toml(text: str, path: Path) -> Cell:
    try:
        record = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"The cell file {str(path)!r} is not TOML.", got=str(error)) from None
    if "equations" not in record:
        raise UsageError(
            f"The cell file {str(path)!r} has no equations.",
            accepted="name, equations, source, and a table [initial]",
            hint="equations = '''...''' above [initial]",
        )
    whole = {"name": path.stem, "initial": {}, "source": path.name} | record
    return Cell.from_dict(whole)
