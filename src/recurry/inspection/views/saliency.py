"""The view Saliency: which symbols of a text an answer hangs on.

Comes in: a session. Goes out: a number for each answer and symbol. Imports saliency.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from recurry.compiler.svg import first_of
from recurry.inspection.answer import answer_to
from recurry.inspection.drawing import sheet
from recurry.inspection.passage import own_text
from recurry.inspection.saliency import Saliency, find_saliency
from recurry.inspection.session import Session
from recurry.inspection.subject import RECORD_KINDS
from recurry.inspection.tiles import MOST_CELLS, matrix, painted_text
from recurry.inspection.view import Kinds, ViewOptions


class SaliencyOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        text: The text; the first of the session's when empty.
    """

    text: str = Field(default="", max_length=20_000)


@dataclass(frozen=True, kw_only=True, eq=False)
class SaliencyFinding:
    """What each symbol adds to the score of each answer.

    Attributes:
        text: What the model read.
        found: The numbers.
        answer: What the model answers, for a heading.
    """

    text: str
    found: Saliency
    answer: str

    def _scaled(self) -> np.ndarray:
        """Values from -1 to 1, by the largest of all rows."""
        largest = np.abs(self.found.values).max(initial=0.0)
        return self.found.values / (largest or 1.0)

    def to_json(self) -> dict[str, Any]:
        """For the page: the text, names and numbers."""
        return {
            "text": self.text,
            "answer": self.answer,
            "answers": list(self.found.answers),
            "pieces": list(self.found.pieces),
            "values": self.found.values.tolist(),
            "chosen": list(self.found.chosen),
        }

    def to_svg(self) -> str:
        """Text on colours for one answer, a matrix for several."""
        found, values = self.found, self._scaled()
        if len(found.chosen) == 1:
            row = found.chosen[0]
            panels = [painted_text(found.pieces, values[row], title=found.answers[row])]
        else:
            columns = [piece.strip() or "·" for piece in found.pieces]
            title = "Rows: answers; columns: the text"
            panels = [
                matrix(values, rows=found.answers, columns=columns, title=title, is_signed=True)
            ]
        note = f"red adds to the score, blue takes away{self._left_out()}"
        return sheet(panels, title=f"Gradient times input: {self.answer}", note=note)

    def _left_out(self) -> str:
        """Which rows and columns a matrix has, if not all."""
        found = self.found
        if len(found.chosen) == 1:
            return ""
        parts = [
            first_of(min(len(found.answers), MOST_CELLS), found.num_answers, "rows"),
            first_of(MOST_CELLS, len(found.pieces), "columns"),
        ]
        cut = " and ".join(part for part in parts if part)
        return f"; shown are {cut}" if cut else ""

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each answer and symbol."""
        return [
            {"answer": answer, "step": step, "symbol": piece, "gradient_times_input": value}
            for answer, row in zip(self.found.answers, self.found.values.tolist(), strict=True)
            for step, (piece, value) in enumerate(zip(self.found.pieces, row, strict=True))
        ]


class SaliencyView:
    """Which symbols an answer hangs on."""

    name: ClassVar[str] = "saliency"
    title: ClassVar[str] = "Saliency"
    caption: ClassVar[str] = (
        "Each symbol stands on the colour of what it adds to the score of the answer: its vector "
        "times the gradient of the score, red for what speaks for the answer and blue for what "
        "speaks against it. An answer that hangs on the wrong words is right by accident."
    )
    Options: ClassVar[type[SaliencyOptions]] = SaliencyOptions
    kinds: ClassVar[Kinds] = Kinds(
        names=RECORD_KINDS,
        lacks="gives no answers to a text",
        accepted="a classifier, a tagger or a translator",
    )

    def compute(self, session: Session, options: SaliencyOptions) -> SaliencyFinding:
        """Numbers of every answer.

        Raises:
            UsageError: The model answers nothing, or there is no text.
        """
        self.kinds.check(session.subject.kind)
        text = options.text or own_text(session)
        found = find_saliency(session.subject, text)
        answer = answer_to(session.subject, text)
        return SaliencyFinding(text=text, found=found, answer=answer.words if answer else "")
