"""Which cell is meant: `12`, `0:12`, `0:h:12`, `0b:12`.

Comes in: what a user typed. Goes out: layer, direction, state and unit of a model. Imports errors
and subject.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from recurry.compiler.cell import Cell
from recurry.errors import UsageError, unknown_name
from recurry.inspection.subject import Direction, Subject, SubjectLayer

_FORM = re.compile(
    r"(?:(?P<layer>[0-9]{1,9})(?P<back>b)?:)?(?:(?P<state>[A-Za-z][A-Za-z0-9_]*):)?"
    r"(?P<unit>[0-9]{1,9})"
)
_FORMS = (
    "UNIT (of the last layer), LAYER:UNIT, or LAYER:STATE:UNIT, such as 12, 0:12 or 0:h:12; "
    "0b:12 is of layer 0 reading backward; or varying, for the ten cells that vary most"
)


@dataclass(frozen=True, kw_only=True, order=True)
class CellAddress:
    """One unit of one state of one layer.

    Args:
        layer: From 0, the one nearest to the text.
        direction: Which way the layer reads.
        state: The state's name in the equations.
        unit: From 0.
    """

    layer: int
    direction: Direction = "forward"
    state: str
    unit: int

    def __str__(self) -> str:
        return f"{self.layer}{'b' * (self.direction == 'backward')}:{self.state}:{self.unit}"

    @property
    def title(self) -> str:
        """A few words for a heading."""
        backward = " backward" if self.direction == "backward" else ""
        return f"layer {self.layer}{backward}, unit {self.unit} of {self.state}"


def parse_address(text: str, subject: Subject) -> CellAddress:
    """The cell that a user means.

    Raises:
        UsageError: The text has another form, the model has no such layer or unit, or the name
            is no state that the cell carries.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} names no cell.", accepted=_FORMS)
    index = subject.recurrent.num_layers - 1 if found["layer"] is None else int(found["layer"])
    layer = find_layer(subject, index, "backward" if found["back"] else "forward")
    state = _find_state(found["state"], layer.cell) if found["state"] else painted_state(layer.cell)
    unit = int(found["unit"])
    _check_range("unit", unit, layer.hidden_size)
    return CellAddress(layer=index, direction=layer.direction, state=state, unit=unit)


def find_layer(subject: Subject, index: int, direction: Direction = "forward") -> SubjectLayer:
    """One layer of a model.

    Raises:
        UsageError: There is none.
    """
    _check_range("layer", index, subject.recurrent.num_layers)
    for layer in subject.layers:
        if layer.index == index and layer.direction == direction:
            return layer
    raise UsageError(f"The model does not read {direction}.", accepted="forward")


def painted_state(cell: Cell) -> str:
    """The state that colours show: c, or h where a cell has no c, or what there is.

    Raises:
        UsageError: The cell carries nothing from one step to the next.
    """
    states = cell.states
    if not states:
        raise UsageError(f"The cell {cell.name} carries no state, so there is nothing to paint.")
    return next((name for name in ("c", "h") if name in states), states[0])


def _find_state(name: str, cell: Cell) -> str:
    if name in cell.states:
        return name
    if name in cell.graph.named or name in cell.parameters:
        raise UsageError(
            f"{name} is not a recurrent state of the cell {cell.name}.",
            accepted=" or ".join(cell.states),
            hint="recurry.record(...).values reads gates in Python",
        )
    raise unknown_name("recurrent state", name, known=cell.states)


def _check_range(kind: str, number: int, count: int) -> None:
    if not 0 <= number < count:
        raise UsageError(
            f"The model has no {kind} {number}.",
            got=f"{count} {kind}s",
            accepted=f"a {kind} from 0 to {count - 1}",
        )


def find_names(subject: Subject, names: Iterable[str] | None) -> tuple[str, ...]:
    """Named values of a model's cell, each once; all of them when none are given.

    Raises:
        UsageError: The equations have no such name.
    """
    known = subject.layers[0].names
    if names is None:
        return known
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise unknown_name("value in the equations", name, known=known)
    return wanted
