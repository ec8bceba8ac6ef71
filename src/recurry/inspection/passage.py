"""The text that a view of single texts looks at when none was named.

Comes in: a session. Goes out: text. Imports session.
"""

from recurry.errors import UsageError
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


def no_text() -> UsageError:
    """The error of a view that needs a text and has none."""
    return UsageError(
        "There is no text to look at.", hint="recurry look MODEL TEXT, with a file or -"
    )
