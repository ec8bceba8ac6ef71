"""What a view is: one way to look at a model, with options, and what it finds.

Comes in: a session and options. Goes out: a finding, as JSON for the page, a drawing, or rows.
"""

from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from recurry.inspection.session import Session


class ViewOptions(BaseModel):
    """What every view's options inherit: each has a default, and an unknown one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    """

    name: ClassVar[str]
    title: ClassVar[str]
    caption: ClassVar[str]
    Options: ClassVar[type[BaseModel]]

    def compute(self, session: Session, options: Any) -> Finding:
        """What the view shows.

        Raises:
            UsageError: The options fit neither the model nor the text.
        """
        ...
