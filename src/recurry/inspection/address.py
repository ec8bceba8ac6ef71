"""Which cell is meant: `12`, `0:12`, `0:h:12`.

Comes in: what a user typed. Goes out: layer, state and unit of a model. Imports errors.
"""

import re
from dataclasses import dataclass

from recurry.errors import UsageError, unknown_name
from recurry.tasks.language import LanguageModel

_FORM = re.compile(
    r"(?:(?P<layer>[0-9]{1,9}):)?(?:(?P<state>[A-Za-z][A-Za-z0-9_]*):)?(?P<unit>[0-9]{1,9})"
)
_FORMS = (
    "UNIT (of the last layer), LAYER:UNIT, or LAYER:STATE:UNIT, such as 12, 0:12 or 0:h:12; "
    "or varying, for the ten cells that vary most"
)


@dataclass(frozen=True, kw_only=True, order=True)
class CellAddress:
    """One unit of one state of one layer.

    Args:
        layer: From 0, the one nearest to the text.
        state: The state's name in the equations.
        unit: From 0.
    """

    layer: int
    state: str
    unit: int

    def __str__(self) -> str:
        return f"{self.layer}:{self.state}:{self.unit}"

    @property
    def title(self) -> str:
        """A few words for a heading."""
        return f"layer {self.layer}, unit {self.unit} of {self.state}"


def parse_address(text: str, model: LanguageModel) -> CellAddress:
    """The cell that a user means.

    Raises:
        UsageError: The text has another form, the model has no such layer or unit, or the name
            is no state that the cell carries.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} names no cell.", accepted=_FORMS)
    config = model.network_config
    layer = config.num_layers - 1 if found["layer"] is None else int(found["layer"])
    state = _find_state(found["state"], model) if found["state"] else painted_state(model)
    unit = int(found["unit"])
    _check_range("layer", layer, config.num_layers)
    _check_range("unit", unit, config.hidden_size)
    return CellAddress(layer=layer, state=state, unit=unit)


def painted_state(model: LanguageModel) -> str:
    """The state that colours show: c, or h where a cell has no c, or what there is.

    Raises:
        UsageError: The cell carries nothing from one step to the next.
    """
    states = model.cell.states
    if not states:
        raise UsageError(
            f"The cell {model.cell.name} carries no state, so there is nothing to paint."
        )
    return next((name for name in ("c", "h") if name in states), states[0])


def _find_state(name: str, model: LanguageModel) -> str:
    states = model.cell.states
    if name in states:
        return name
    if name in model.cell.graph.named or name in model.cell.parameters:
        raise UsageError(
            f"{name} is not a recurrent state of the cell {model.cell.name}.",
            accepted=" or ".join(states),
            hint="recurry.inspection.record.record_gates reads gates in Python",
        )
    raise unknown_name("recurrent state", name, known=states)


def _check_range(kind: str, number: int, count: int) -> None:
    if number >= count:
        raise UsageError(
            f"The model has no {kind} {number}.",
            got=f"{count} {kind}s",
            accepted=f"a {kind} from 0 to {count - 1}",
        )
