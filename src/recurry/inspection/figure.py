"""Paintings of cells over a text: which cells, under which titles.

Comes in: a model, a recording and what the user asked for. Goes out: paintings, or a file.
"""

from collections.abc import Sequence
from pathlib import Path

from recurry.errors import UsageError
from recurry.inspection.address import CellAddress, parse_address
from recurry.inspection.html import Painting, write_page
from recurry.inspection.interest import most_varying
from recurry.inspection.recording import Recording

VARYING = "varying"


def paint_cells(recording: Recording, wanted: str) -> list[Painting]:
    """The paintings of the cells that a user asked for.

    Args:
        recording: What a model had in mind over a text.
        wanted: `LAYER:UNIT` and its short and long forms, or `varying` for the ten cells that
            vary most.

    Raises:
        UsageError: The model has no such cell.
    """
    if wanted == VARYING:
        return [paint_cell(recording, address) for address in most_varying(recording)]
    return [paint_cell(recording, parse_address(wanted, recording.subject))]


def paint_cell(recording: Recording, address: CellAddress) -> Painting:
    """The painting of one cell."""
    return Painting(
        title=address.title,
        pieces=recording.symbols.pieces,
        values=recording.painted(address),
        state=address.state,
        address=str(address),
        is_known=recording.symbols.is_known,
    )


def save_page(path: str | Path, paintings: Sequence[Painting], *, title: str, note: str) -> None:
    """Write paintings to one HTML file that needs nothing else.

    Raises:
        UsageError: The file cannot be written.
    """
    page = write_page(paintings, title=title, note=note)
    try:
        # The names of files may hold what is no UTF-8.
        Path(path).write_text(page, encoding="utf-8", errors="xmlcharrefreplace")
    except OSError as error:
        raise _unwritable(path, error.strerror) from error


def check_page(path: str | Path) -> None:
    """Tell before the work what `save_page` would tell after it.

    Raises:
        UsageError: The file is a folder, or lies in none.
    """
    if Path(path).is_dir():
        raise _unwritable(path, "a folder")
    if not Path(path).parent.is_dir():
        raise _unwritable(path, f"no folder {Path(path).parent}")


def _unwritable(path: str | Path, reason: str | None) -> UsageError:
    return UsageError(
        f"The page cannot be written to {path}.",
        got=reason,
        accepted="a file in a folder that exists and can be written",
    )
