"""One view in a file: a drawing, a picture, a table, numbers, or a page of its own.

Comes in: a finding and the name of a file. Goes out: the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recurry.errors import RunError, UsageError
from recurry.serving.answers import to_csv, to_json

ENDINGS = (".svg", ".png", ".csv", ".json")


def check_output(path: str | Path, endings: tuple[str, ...]) -> str:
    """The ending of a file that can be written.

    Raises:
        UsageError: The ending is another one, or the file lies in no folder.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in endings:
        raise UsageError(
            f"It is not known what to write into {target.name}.",
            got=f"the ending {ending!r}",
            accepted=", ".join(endings),
        )
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(
            f"The file {path} cannot be written.",
            got="a folder" if target.is_dir() else f"no folder {target.parent}",
            accepted="a file in a folder that exists",
        )
    return ending


def write_finding(finding: Any, path: str | Path) -> None:
    """Write what a view found; the ending of the file says as what.

    Raises:
        UsageError: The ending is none that can be written.
        MissingExtra: A PNG is asked for and resvg is not installed.
        RunError: The disk refused.
    """
    write_bytes(path, render(finding, check_output(path, ENDINGS)))


def render(finding: Any, ending: str) -> bytes:
    """What a view found as the bytes of a file of some kind.

    Args:
        finding: What a view found.
        ending: `.svg`, `.png`, `.csv` or `.json`.
    """
    if ending == ".png":
        from recurry.serving.picture import to_png

        return to_png(finding.to_svg())
    if ending == ".csv":
        return to_csv(finding.to_rows()).encode("utf-8", "surrogatepass")
    text = finding.to_svg() if ending == ".svg" else to_json(finding.to_json()) + "\n"
    return text.encode("utf-8", "xmlcharrefreplace")


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file.

    Raises:
        RunError: The disk refused.
    """
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise RunError(f"The file {path} cannot be written.", got=error.strerror) from error
