"""The text that a view looks at: of a session, or its beginning.

Comes in: a session. Goes out: text, or a recording and how far to look. Imports session.
"""

from recurry.errors import UsageError
from recurry.inspection.recording import Recording
from recurry.inspection.session import Session


def own_text(session: Session) -> str:
    """The text of the session as the model reads it.

    Raises:
        UsageError: There is none.
    """
    recording = session.recording
    if recording is None or not len(recording.symbols):
        raise no_text()
    pieces = recording.symbols.pieces
    if session.subject.kind == "translate":
        pieces = pieces[:-1]  # the last one stands for the end
    return "".join(pieces)


def read_symbols(session: Session, count: int, *, fewest: int = 1) -> tuple[Recording, int]:
    """The recording of a session, once that many symbols of it have been read, and how many.

    Args:
        session: The session.
        count: How many are wanted; fewer where the text is shorter.
        fewest: How many there must be.

    Raises:
        UsageError: There is no text, or too little of it.
    """
    recording = session.recording
    if recording is None or len(recording.symbols) < fewest:
        raise no_text()
    stop = min(count, len(recording.symbols))
    recording.wait(stop)
    return recording, min(stop, recording.length)


def no_text() -> UsageError:
    """The error of a view that needs a text and has none."""
    return UsageError(
        "There is no text to look at.", hint="recurry look MODEL TEXT, with a file or -"
    )
