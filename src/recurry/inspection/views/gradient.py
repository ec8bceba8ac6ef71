"""The view Gradient through time: how far back a loss is felt, and why.

Comes in: a session. Goes out: norms by distance for the model, for fresh weights and for other
cells, and eigenvalues. Imports flow and spectrum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from recurry.errors import EquationError, UsageError
from recurry.inspection.drawing import Panel, Series, curves, scatter, sheet
from recurry.inspection.flow import LayerFlow, fresh_layers
from recurry.inspection.passage import no_text
from recurry.inspection.session import Session
from recurry.inspection.spectrum import spectra
from recurry.inspection.subject import Direction, Subject
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions
from recurry.inspection.windows import Windows, choose_windows
from recurry.network.recurrent import Recurrent

_FADING, _GROWING = 0.99, 1.01
_CIRCLE_WIDTH = 500.0


class GradientOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        reach: How many steps are looked back.
        places: At how many places of the text, evenly spread.
        cells: Cells that are put beside the model's with fresh weights, with commas between them.
        state: The state by which the gradient is taken.
    """

    reach: int = Field(default=100, ge=1, le=1000)
    places: int = Field(default=12, ge=1, le=200)
    cells: str = Field(default="rnn,gru", max_length=300)
    state: str = Field(default="h", max_length=40)


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """The norms in one layer of one network.

    Attributes:
        network: Which: `trained`, `untrained`, or the name of a cell.
        flow: The norms.
    """

    network: str
    flow: LayerFlow

    @property
    def label(self) -> str:
        """Network and layer in a few words."""
        back = ", backward" if self.flow.direction == "backward" else ""
        return f"{self.network}, layer {self.flow.layer}{back}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Eigenvalues:
    """Those of one parameter that multiplies a state.

    Attributes:
        name: Of the parameter.
        layer: From 0.
        direction: Which way the layer reads.
        values: Complex numbers, the largest first.
    """

    name: str
    layer: int
    direction: Direction
    values: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class GradientFinding:
    """How far back a loss is felt.

    Attributes:
        curves: For each network and layer.
        eigenvalues: Of the model.
        state: The state by which the gradient is taken.
        loss: What it is the gradient of, in words.
        fresh: What the untrained networks are, in words.
        left_out: Cells that could not be put beside, each with the reason.
        num_places: At how many places it was measured.
    """

    curves: Sequence[Curve]
    eigenvalues: Sequence[Eigenvalues]
    state: str
    loss: str
    fresh: str
    left_out: Sequence[str]
    num_places: int

    def to_json(self) -> dict[str, Any]:
        """For the page: medians and quartiles by distance, and eigenvalues as pairs."""
        return {
            "state": self.state,
            "loss": self.loss,
            "fresh": self.fresh,
            "left_out": list(self.left_out),
            "num_places": self.num_places,
            "curves": [
                {
                    "network": curve.network,
                    "layer": curve.flow.layer,
                    "direction": curve.flow.direction,
                    "label": curve.label,
                    "norm": _numbers(curve.flow.median),
                    "low": _numbers(curve.flow.quartiles[0]),
                    "high": _numbers(curve.flow.quartiles[1]),
                }
                for curve in self.curves
            ],
            "eigenvalues": [
                {
                    "name": one.name,
                    "layer": one.layer,
                    "direction": one.direction,
                    "largest": float(np.abs(one.values[0])),
                    "real": np.round(np.real(one.values), 5).tolist(),
                    "imaginary": np.round(np.imag(one.values), 5).tolist(),
                }
                for one in self.eigenvalues
            ],
            "edge": self._edge(),
        }

    def to_svg(self) -> str:
        """Norms beside what is left of 0.99 and 1.01 after as many steps, and eigenvalues."""
        lines = [
            Series(name=curve.label, x=np.arange(len(norms)), y=norms)
            for curve in self.curves
            for norms in [curve.flow.shares]
        ]
        steps = np.arange(max((len(line.x) for line in lines), default=1))
        for factor in (_FADING, _GROWING):
            lines.append(Series(name=f"{factor} to the power k", x=steps, y=factor**steps))
        panels = [
            curves(
                lines,
                title=f"Gradient of {self.loss} by {self.state}, k steps before",
                labels=("steps back k", "norm, as a share of the first that is not 0"),
                is_logarithmic=True,
                width=860,
            )
        ]
        if self.eigenvalues:
            panels.append(self._eigenvalues())
        return sheet(panels, title="Gradient through time", note=self.fresh)

    def _eigenvalues(self) -> Panel:
        points = [
            Series(
                name=f"{one.name}, layer {one.layer}", x=np.real(one.values), y=np.imag(one.values)
            )
            for one in self.eigenvalues
        ]
        edge = self._edge()
        return scatter(
            points,
            title="Eigenvalues of what multiplies states; the unit circle",
            labels=("real part", "imaginary part"),
            limits=((-edge, edge), (-edge, edge)),
            radius=1.0,
            width=_CIRCLE_WIDTH,
            height=_CIRCLE_WIDTH + 2,  # which makes the inside square
        )

    def _edge(self) -> float:
        """A round number that all eigenvalues and the unit circle lie within."""
        far = max((float(np.abs(one.values[0])) for one in self.eigenvalues), default=0.0)
        needed = max(1.2, 1.02 * far)
        power = 10.0 ** math.floor(math.log10(needed))
        return next(size * power for size in (1.5, 2, 3, 5, 10) if size * power >= needed)

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each distance of each curve."""
        return [
            {
                "network": curve.network,
                "layer": curve.flow.layer,
                "direction": curve.flow.direction,
                "state": self.state,
                "steps_back": k,
                "norm": float(norm),
                "lower_quartile": float(low),
                "upper_quartile": float(high),
            }
            for curve in self.curves
            for k, (norm, low, high) in enumerate(
                zip(curve.flow.median, *curve.flow.quartiles, strict=True)
            )
        ]


class GradientView:
    """How far back a loss is felt."""

    name: ClassVar[str] = "gradient"
    title: ClassVar[str] = "Gradient through time"
    caption: ClassVar[str] = (
        "How strongly the loss at one symbol still depends on what the network had in mind k "
        "symbols before, as the norm of a gradient that the backward kernels measure, for this "
        "model, for the same model before training, and for other cells. A line that "
        "falls is a vanishing gradient, and beyond the place where it is lost nothing can be "
        "learnt; one that rises is an exploding gradient, which clipping has to hold down."
    )
    Options: ClassVar[type[GradientOptions]] = GradientOptions
    kinds: ClassVar[Kinds] = EVERY_KIND

    def compute(self, session: Session, options: GradientOptions) -> GradientFinding:
        """Curves for the model, for fresh weights, and for other cells with fresh weights.

        Raises:
            UsageError: There is no text, it is too short, or no cell or state of that name.
        """
        subject, recording = session.subject, session.recording
        if recording is None:
            raise no_text()
        _check_state(subject, options.state)
        place = {"reach": options.reach, "places": options.places}
        windows = choose_windows(subject, recording.symbols, **place)
        found = _curves("trained", subject.recurrent, windows, options.state)
        untrained, fresh = session.untrained, "Untrained: all weights are fresh."
        if untrained is None:
            recurrent, around = fresh_layers(subject.recurrent, subject.recurrent.cell), windows
            fresh = "Untrained: fresh layers between what is trained around them."
        else:
            recurrent = untrained.recurrent
            around = choose_windows(untrained, recording.symbols, **place)
        found += _curves("untrained", recurrent, around, options.state)
        others, left_out = _other_cells(recurrent, options.cells)
        for name, layers in others.items():
            found += _curves(name, layers, around, options.state)
        return GradientFinding(
            curves=found,
            eigenvalues=session.kept("eigenvalues", lambda: _eigenvalues(subject)),
            state=options.state,
            loss=windows.about,
            fresh=fresh,
            left_out=left_out,
            num_places=windows.x.shape[1],
        )


def _curves(name: str, layers: Recurrent, windows: Windows, state: str) -> list[Curve]:
    """Those of the layers of one network."""
    flows = windows.measure(layers)
    return [Curve(network=name, flow=flow) for flow in flows if flow.state == state]


def _other_cells(like: Recurrent, cells: str) -> tuple[dict[str, Recurrent], list[str]]:
    """Fresh layers of other cells by their names, and why some cannot be had."""
    found, left_out = {}, []
    for name in dict.fromkeys(n.strip() for n in cells.split(",") if n.strip()):
        if name == like.cell.name:
            left_out.append(f"{name}: it is the cell of this model, see untrained")
            continue
        try:
            found[name] = fresh_layers(like, name)
        except EquationError as error:
            left_out.append(f"{name}: {error.what}")
    return found, left_out


def _check_state(subject: Subject, state: str) -> None:
    states = ("h", *(name for name in subject.recurrent.cell.states if name != "h"))
    if state not in states:
        raise UsageError(
            f"{state!r} is no state of the cell {subject.recurrent.cell.name}.",
            where="state",
            accepted=" or ".join(states),
        )


def _eigenvalues(subject: Subject) -> list[Eigenvalues]:
    return [
        Eigenvalues(name=name, layer=layer.index, direction=layer.direction, values=values)
        for layer in subject.layers
        for name, values in spectra(layer).items()
    ]


def _numbers(values: np.ndarray) -> list[float | None]:
    """Numbers for JSON, which knows no infinity."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]
