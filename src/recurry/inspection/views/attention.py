"""The view Attention: which symbols of a source each written symbol was made from.

Comes in: a session with a translator. Goes out: weights. Imports tasks.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from recurry.inspection.passage import own_text
from recurry.inspection.session import Session
from recurry.inspection.view import Kinds, ViewOptions
from recurry.tasks.attention_picture import Attended, attention_svg
from recurry.tasks.find import find_task
from recurry.tasks.written import Written


class AttentionOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        text: The source; the session's text when empty.
    """

    text: str = Field(default="", max_length=20_000)


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionFinding:
    """What was written and how the source was attended to meanwhile.

    Attributes:
        attended: Names and weights.
        text: The source.
        pieces: What the model read of it, a piece for each symbol.
    """

    attended: Attended
    text: str
    pieces: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For the page: the source and its pieces, what was written, and weights, (T, S)."""
        found = self.attended
        return {
            "text": self.text,
            "source": list(self.pieces),
            "target": list(found.target),
            "weights": found.weights.tolist(),
        }

    def to_svg(self) -> str:
        """A matrix."""
        return attention_svg([self.attended])

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each pair of symbols."""
        found = self.attended
        return [
            {"step": step, "written": written, "place": place, "read": read, "weight": weight}
            for step, (written, row) in enumerate(
                zip(found.target, found.weights.tolist(), strict=True)
            )
            for place, (read, weight) in enumerate(zip(found.source, row, strict=True))
        ]


class AttentionView:
    """How a translator attends to its source."""

    name: ClassVar[str] = "attention"
    title: ClassVar[str] = "Attention"
    caption: ClassVar[str] = (
        "A row for each symbol that was written, a column for each that was read; the darker, the "
        "more the one was made from the other. A diagonal is a translation word by word, and what "
        "leaves it shows how the model reorders."
    )
    Options: ClassVar[type[AttentionOptions]] = AttentionOptions
    kinds: ClassVar[Kinds] = Kinds(
        names=("translate",),
        lacks="attends to nothing",
        accepted="a model of the task translate or summarise",
    )

    def compute(self, session: Session, options: AttentionOptions) -> AttentionFinding:
        """Weights over the source at every step.

        Raises:
            UsageError: The model attends to nothing, or there is no text.
        """
        subject = session.subject
        self.kinds.check(subject.kind)
        task = find_task(subject.model.task)
        assert isinstance(task, Written)
        text = options.text or own_text(session)
        (found,) = task.attention(subject.model, [text])
        return AttentionFinding(attended=found, text=text, pieces=subject.read(text).pieces)
