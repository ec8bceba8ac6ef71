"""Pictures that verbs write to files.

Comes in: SVG. Goes out: a file.
"""

from pathlib import Path

from recurry.errors import RunError


def write_picture(path: str, svg: str) -> None:
    """Write a picture.

    Raises:
        RunError: The file cannot be written.
    """
    try:
        Path(path).write_text(svg, encoding="utf-8")
    except OSError as error:
        raise RunError(f"The picture {path} cannot be written.", got=error.strerror) from error
