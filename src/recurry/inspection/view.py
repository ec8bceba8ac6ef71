"""What a view is: one way to look at a model, with options, and what it finds.

Comes in: a session and options. Goes out: a finding, as JSON for the page, a drawing, or rows.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, get_args, runtime_checkable

from pydantic import BaseModel, ConfigDict

from recurry.errors import UsageError
from recurry.inspection.session import Session
from recurry.inspection.subject import Kind


class ViewOptions(BaseModel):
    """What every view's options inherit: each has a default, and an unknown one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """The kinds of models that a view is for, and what is said of another one.

    Attributes:
        names: The kinds.
        lacks: What a model of another kind does not do, as the end of a sentence: "attends to
            nothing".
        accepted: What would be looked at, in words.
    """

    names: tuple[Kind, ...] = get_args(Kind)
    lacks: str = ""
    accepted: str = ""

    def problem(self, kind: Kind) -> UsageError | None:
        """Why the view cannot show a model of a kind; None where it can."""
        if kind in self.names:
            return None
        return UsageError(f"A model of the kind {kind} {self.lacks}.", accepted=self.accepted)

    def check(self, kind: Kind) -> None:
        """Refuse a model of another kind.

        Raises:
            UsageError: The view is not for it.
        """
        if (problem := self.problem(kind)) is not None:
            raise problem


EVERY_KIND = Kinds()


@runtime_checkable
class Finding(Protocol):
    """What a view found."""

    def to_json(self) -> dict[str, Any]:
        """For the page: values that JSON can hold."""
        ...

    def to_svg(self) -> str:
        """A drawing of it, which needs nothing else."""
        ...

    def to_rows(self) -> list[dict[str, Any]]:
        """A table of it, the same keys in every row."""
        ...


@runtime_checkable
class View(Protocol):
    """One way to look at a model.

    Attributes:
        name: What is typed after `--view`.
        title: A heading.
        caption: Two sentences: what one sees, and why it matters.
        Options: What can be chosen; every field has a default and bounds.
        kinds: The kinds of models that it is for.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    caption: ClassVar[str]
    Options: ClassVar[type[BaseModel]]
    kinds: ClassVar[Kinds]

    def compute(self, session: Session, options: Any) -> Finding:
        """What the view shows.

        Raises:
            UsageError: The options fit neither the model nor the text.
        """
        ...
