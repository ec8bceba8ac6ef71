"""The view Cell: equations of one's own, with their drawing, their plan and their shortest time.

Comes in: equations. Goes out: a finding. Imports the compiler, the compiled backend's listing and
measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from recurry.backends.cpu.kernels import kernels
from recurry.backends.cpu.listing import kernel_lines
from recurry.compiler.cell import Cell
from recurry.compiler.mathml import mathml
from recurry.errors import RecurryError
from recurry.inspection.session import Session
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions
from recurry.measurement.case import Shape
from recurry.measurement.ceilings import NOMINAL
from recurry.measurement.estimate import estimate_lines

_NAME = "mine"
_STEPS, _STREAMS = 64, 32


class CellOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        equations: One assignment a line; the equations of the model when empty.
        input_size: Size I of what the cell reads.
        hidden_size: Number of units H.
    """

    equations: str = Field(default="", max_length=8000)
    input_size: int = Field(default=128, ge=1, le=4096)
    hidden_size: int = Field(default=128, ge=1, le=4096)


@dataclass(frozen=True, kw_only=True, eq=False)
class CellFinding:
    """What follows from equations.

    Attributes:
        cell: The cell.
        shapes: The shape of each parameter.
        plan: How it is executed, line by line.
        bound: The shortest times that a usual machine could take, line by line.
    """

    cell: Cell
    shapes: dict[str, tuple[int, ...]]
    plan: Sequence[str]
    bound: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        return {
            "name": self.cell.name,
            "equations": self.cell.equations,
            "drawing": self.cell.draw(),
            "math": mathml(self.cell.graph),
            "latex": self.cell.latex(),
            "states": list(self.cell.states),
            "num_weights": sum(prod(shape) for shape in self.shapes.values()),
            "plan": list(self.plan),
            "bound": list(self.bound),
            "rows": self.to_rows(),
        }

    def to_svg(self) -> str:
        """The cell as a drawing."""
        return self.cell.draw()

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each parameter."""
        starts = self.cell.effective_initial()
        return [
            {
                "name": name,
                "shape": " × ".join(map(str, shape)),
                "weights": prod(shape),
                "starts_as": starts[name],
            }
            for name, shape in self.shapes.items()
        ]


class CellView:
    """Equations of one's own."""

    name: ClassVar[str] = "cell"
    title: ClassVar[str] = "Your own cell"
    caption: ClassVar[str] = (
        "Change the equations: the drawing, the weights, the plan of execution and the shortest "
        "possible time follow as you type, and mistakes are shown where they are. Then train your "
        "cell for a minute on the bundled text beside the LSTM, and see which learns faster."
    )
    Options: ClassVar[type[BaseModel]] = CellOptions
    kinds: ClassVar[Kinds] = EVERY_KIND

    def compute(self, session: Session, options: CellOptions) -> CellFinding:
        """What follows from the equations.

        Raises:
            EquationError: The equations are not valid; the error says where.
        """
        if options.equations.strip():
            cell = Cell.parse(options.equations, name=_NAME)
        else:
            cell = session.subject.layers[0].cell
        shapes = cell.parameter_shapes(options.input_size, options.hidden_size)
        sizes = Shape(
            num_steps=_STEPS,
            batch_size=_STREAMS,
            input_size=options.input_size,
            hidden_size=options.hidden_size,
        )
        return CellFinding(
            cell=cell, shapes=shapes, plan=_plan_lines(cell), bound=_bound_lines(cell, sizes)
        )


def _plan_lines(cell: Cell) -> list[str]:
    """The plan, and what the compiled backend makes of it where it can run the cell."""
    lines = str(cell.plan).splitlines()
    try:
        return [*lines, "", *kernel_lines(kernels(cell.plan, bits=32, is_fused=True))]
    except RecurryError as error:
        return [*lines, "", f"not compiled: {error.what}"]


def _bound_lines(cell: Cell, sizes: Shape) -> list[str]:
    return list(estimate_lines(cell, sizes, NOMINAL))
