"""What the Python front door accepts: paths or a text, a run folder or none.

Comes in: what a caller gave. Goes out: paths and a folder, for as long as they are needed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from recurry.data.tokens import utf8
from recurry.errors import DataError, Interrupted, TrainingError

LONGEST_NAME = 255  # characters of a file name; a longer text that is no path is a text


@contextmanager
def run_folder(run: str | Path | None) -> Iterator[Path]:
    """The named folder, or a temporary one that is removed afterwards.

    Raises:
        Interrupted, TrainingError: As they come, but where the folder is removed the message names
            nothing in it.
    """
    if run is not None:
        yield Path(run)
        return
    try:
        with tempfile.TemporaryDirectory(prefix="recurry-") as folder:
            yield Path(folder) / "run"
    except Interrupted as error:
        raise Interrupted(
            "Training was stopped, and nothing is kept, since no run folder was named.",
            hint="train_language_model(..., run='runs/mine') keeps everything to go on from",
        ) from error
    except TrainingError as error:
        raise TrainingError(
            error.what, got=error.got, accepted=error.accepted, hint=error.hint
        ) from error


@contextmanager
def text_paths(text: str | Path | Sequence[str | Path]) -> Iterator[tuple[str, ...]]:
    """Paths of the text; a text that was given itself lies in a temporary file meanwhile.

    Raises:
        DataError: A single line that is no path, a list without any path, or a text with half a
            surrogate pair.
    """
    if isinstance(text, str) and _is_text(text):
        with tempfile.TemporaryDirectory(prefix="recurry-") as folder:
            path = Path(folder) / "text.txt"
            path.write_bytes(utf8(text))
            yield (str(path),)
        return
    if isinstance(text, str) and not os.path.exists(text):
        raise DataError(
            "There is no such file, and one line is too little text to learn from.",
            got=repr(text[:80]),
            accepted=f"a path, several paths, or a text: with line breaks, or over {LONGEST_NAME} "
            "characters long",
        )
    paths = (text,) if isinstance(text, str | Path) else tuple(text)
    if not paths:
        raise DataError(
            "There is no text: the list of paths is empty.",
            hint="recurry.data.shakespeare_path() is the path of the bundled Shakespeare",
        )
    yield tuple(str(path) for path in paths)


def _is_text(text: str) -> bool:
    return "\n" in text or (len(text) > LONGEST_NAME and not os.path.exists(text))
