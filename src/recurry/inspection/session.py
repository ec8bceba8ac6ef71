"""What views read: a model, what it had in mind over a text, and what several views share.

Comes in: a subject and a recording. Goes out: the same, with what was made of them kept.
"""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

from recurry.inspection.memo import Memo
from recurry.inspection.recording import Recording
from recurry.inspection.subject import Subject

Made = TypeVar("Made")


class Session:
    """A model and a text that are looked at together.

    Args:
        subject: The model.
        recording: What it had in mind over a text; None where no text was given.
        run_folder: Where it was trained, if that is known.
        untrained: The same model with fresh weights, if there is one; made when first asked for
            where it can be.
    """

    def __init__(
        self,
        subject: Subject,
        recording: Recording | None,
        *,
        run_folder: Path | None = None,
        untrained: Subject | None = None,
    ) -> None:
        self.subject, self.recording, self.run_folder = subject, recording, run_folder
        self._untrained = untrained
        self._memo = Memo()

    @property
    def untrained(self) -> Subject | None:
        """The same model with fresh weights; None where it cannot be made."""
        if self._untrained is None:
            from recurry.inspection.untrained import untrained_copy

            self._untrained = self.kept("untrained", lambda: untrained_copy(self.subject))
        return self._untrained

    def kept(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, made once for each key and kept as long as the session."""
        return self._memo.get(key, make)
