"""The view Training: curves of a run, and of others beside it, as they stand now.

Comes in: the log of a run folder. Goes out: a finding. Imports inspection and runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from recurry.errors import RecurryError, UsageError, unknown_name
from recurry.inspection.drawing import Panel, Series, curves, sheet
from recurry.inspection.session import Session
from recurry.inspection.view import EVERY_KIND, Kinds, ViewOptions
from recurry.runs.configuration import load_config
from recurry.runs.curves import COLUMNS
from recurry.runs.folder import CONFIG_NAME
from recurry.runs.log import read_log
from recurry.runs.samples import Sample, read_samples

_WIDTH = 760.0
_MEANS = ("loss_nats", "learning_rate", "update_ratio")


class TrainingOptions(ViewOptions):
    """What can be chosen.

    Attributes:
        beside: Names of other runs in the same folder, with commas between them.
        points: Points of a curve at most; more updates are put together in groups, of which the
            mean is shown, and of gradient norms the largest, so that no peak is lost.
    """

    beside: str = Field(default="", max_length=1000)
    points: int = Field(default=600, ge=10, le=5000)


@dataclass(frozen=True, kw_only=True, eq=False)
class RunCurves:
    """The log of one run.

    Attributes:
        name: The name of its folder.
        rows: The lines of its log.
        facts: Settings that help to read the curves.
        samples: What the model wrote at its evaluations.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]
    samples: Sequence[Sample] = ()

    def to_json(self, points: int) -> dict[str, Any]:
        """Curves with at most so many points."""
        thin = list(_groups(self.rows, points))
        training = {name: [_mean(group, name) for group in thin] for name in _MEANS}
        training["gradient_norm"] = [_largest(group, "gradient_norm") for group in thin]
        validation = [row for row in self.rows if _number(row, "validation_loss_nats") is not None]
        best = min(validation, key=lambda row: row["validation_loss_nats"], default=None)
        return {
            "name": self.name,
            "facts": dict(self.facts),
            "update": [_mean(group, "update") for group in thin],
            **{
                name: curve for name, curve in training.items() if any(v is not None for v in curve)
            },
            "validation_update": [row["update"] for row in validation],
            "validation_loss_nats": [row["validation_loss_nats"] for row in validation],
            "best": {name: best[name] for name in ("update", "validation_loss_nats")}
            if best
            else None,
            "last": dict(self.rows[-1]) if self.rows else None,
            "num_clipped": self.num_clipped,
            "samples": [{"update": each.update, "text": each.text} for each in self.samples],
        }

    @property
    def num_clipped(self) -> int | None:
        """How many lines have a gradient norm above the clipping norm."""
        if not self.facts.get("clip_norm"):
            return None
        return sum(bool(self.is_clipped(row)) for row in self.rows)

    def is_clipped(self, row: Mapping[str, Any]) -> bool | None:
        """Whether the gradient of a line was longer than allowed; None where nothing says so."""
        limit, norm = self.facts.get("clip_norm"), _number(row, "gradient_norm")
        return None if not limit or norm is None else norm > limit

    def curve(self, name: str, rows: Sequence[Mapping[str, Any]] | None = None) -> Series:
        """A column over the updates, of all lines or of some."""
        found = [
            (row["update"], value)
            for row in (self.rows if rows is None else rows)
            if (value := _number(row, name)) is not None
        ]
        x, y = np.array(found, dtype=np.float64).reshape(-1, 2).T
        return Series(name=name, x=x, y=y)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingFinding:
    """Curves of one run or several.

    Attributes:
        runs: The run of the model first.
        others: Names of the other runs in the same folder.
        points: Points of a curve at most.
    """

    runs: Sequence[RunCurves]
    others: Sequence[str]
    points: int

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        return {"runs": [run.to_json(self.points) for run in self.runs], "others": self.others}

    def to_svg(self) -> str:
        """The losses of the runs, and the norms of their gradients with those that were cut."""
        panels = [_losses(self.runs), *map(_norms, self.runs)]
        names = ", ".join(run.name for run in self.runs)
        return sheet(panels, title=f"Learning curves of {names}")

    def to_rows(self) -> list[dict[str, Any]]:
        """Every line of the logs, and whether its gradient was clipped."""
        return [
            {"run": run.name}
            | {name: row.get(name) for name in (*COLUMNS, "update_ratio")}
            | {"is_clipped": run.is_clipped(row)}
            for run in self.runs
            for row in run.rows
        ]


def _losses(runs: Sequence[RunCurves]) -> Panel:
    """Training and validation loss; of a single run with the numbers that a reader looks for."""
    shown, is_single = [], len(runs) == 1
    for run in runs:
        training, validation = run.curve("loss_nats"), run.curve("validation_loss_nats")
        if len(training.y):
            name = f"training, last {training.y[-1]:.3f}" if is_single else f"{run.name}: training"
            shown.append(replace(training, name=name))
        if len(validation.y):
            best = f"validation, best {validation.y.min():.3f}"
            shown.append(replace(validation, name=best if is_single else f"{run.name}: validation"))
    return curves(shown, title="Loss", labels=("updates", "loss (nats)"), width=_WIDTH)


def _norms(run: RunCurves) -> Panel:
    """The norm of the gradient, the longest that is allowed, and the lines where it was longer."""
    norms, limit = run.curve("gradient_norm"), run.facts.get("clip_norm")
    shown, events = [replace(norms, name="norm")], None
    if limit and len(norms.x):
        ends = norms.x[[0, -1]]
        shown.append(Series(name="longest allowed", x=ends, y=np.full(2, float(limit))))
        cut = [row for row in run.rows if run.is_clipped(row)]
        events = replace(
            run.curve("gradient_norm", cut),
            name=f"clipped, {len(cut):,} line{'s' * (len(cut) != 1)}",
        )
    labels = ("updates", "norm of the gradient")
    title = f"Gradient of {run.name}"
    return curves(shown, title=title, labels=labels, events=events, width=_WIDTH)


class TrainingView:
    """How a model was trained, or is being trained now."""

    name: ClassVar[str] = "training"
    title: ClassVar[str] = "Training"
    caption: ClassVar[str] = (
        "The loss on what is trained on and on held-out text, the size of the gradient and the "
        "learning rate, update by update, while training runs. A gap between the two losses is "
        "overfitting, peaks of the gradient are what clipping cuts off (of updates that share a "
        "point the largest is shown), and a loss that stays where it is says that the learning "
        "rate is too low or too high."
    )
    Options: ClassVar[type[BaseModel]] = TrainingOptions
    kinds: ClassVar[Kinds] = EVERY_KIND

    def compute(self, session: Session, options: TrainingOptions) -> TrainingFinding:
        """The curves as they stand now.

        Raises:
            UsageError: The model lies in no run folder, or there is no such run beside it.
        """
        folder = session.run_folder
        if folder is None:
            raise UsageError(
                "This model lies in no run folder, so how it was trained is not known.",
                hint="recurry look RUN, with the folder that recurry train made",
            )
        others = _runs_beside(folder)
        wanted = [name.strip() for name in options.beside.split(",") if name.strip()]
        for name in wanted:
            if name not in others:
                raise unknown_name("run beside this one", name, known=others)
        folders = [folder, *(folder.resolve().parent / name for name in wanted)]
        runs = [read_curves(each) for each in folders]
        return TrainingFinding(runs=runs, others=others, points=options.points)


def _runs_beside(folder: Path) -> list[str]:
    whole = folder.resolve()
    try:
        found = sorted(path.parent.name for path in whole.parent.glob(f"*/{CONFIG_NAME}"))
    except OSError:
        return []
    return [name for name in found if name != whole.name]


def read_curves(folder: Path) -> RunCurves:
    """The log of the run in a folder, with what helps to read it; empty where none has begun."""
    facts: dict[str, Any] = {}
    try:
        config = load_config(path=folder / CONFIG_NAME)
        facts = {
            "cell": config.network.cell,
            "clip_norm": config.optimiser.clip_norm,
            "clip_value": config.optimiser.clip_value,
            "epochs": config.training.epochs,
        }
    except RecurryError:  # a folder whose run has not begun yet
        pass
    return RunCurves(
        name=folder.resolve().name,
        rows=read_log(folder),
        facts=facts,
        samples=read_samples(folder),
    )


def _groups(
    rows: Sequence[Mapping[str, Any]], points: int
) -> Sequence[Sequence[Mapping[str, Any]]]:
    size = math.ceil(len(rows) / points) or 1
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [value for row in rows if (value := _number(row, name)) is not None]
    return sum(values) / len(values) if values else None


def _largest(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    return max((value for row in rows if (value := _number(row, name)) is not None), default=None)


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return value if isinstance(value, int | float) and math.isfinite(value) else None
