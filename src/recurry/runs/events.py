"""TensorBoard events of a run, for those who ask for them.

Comes in: `Progress` records. Goes out: the folder `events`. Needs the extra `log`.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from recurry.errors import MissingExtra

if TYPE_CHECKING:
    from recurry.runs.configuration import RunConfig
    from recurry.training.fit import Progress

EVENTS = "events"


class EventWriter:
    """Writes events if the settings ask for them, and else does nothing.

    Args:
        folder: The run folder.
        config: The settings.
        update: The update from which training goes on; events after it are hidden.

    Raises:
        MissingExtra: Events are asked for and their package is not installed.
    """

    def __init__(self, folder: Path, *, config: RunConfig, update: int) -> None:
        self._every = config.report.log_every
        is_asked = config.report.tensorboard
        self._writer = _open_writer(folder / EVENTS, update) if is_asked else None

    def take(self, progress: Progress) -> None:
        """Take notice of one update."""
        if self._writer is None:
            return
        if progress.update % self._every == 0:
            self._add("loss_nats/training", progress.loss_nats, progress.update)
            self._add("gradient_norm", progress.gradient_norm, progress.update)
            self._add("learning_rate", progress.learning_rate, progress.update)
        if progress.validation is not None:
            self._add("loss_nats/validation", progress.validation.loss_nats, progress.update)

    def _add(self, name: str, value: float, update: int) -> None:
        if self._writer is not None:
            self._writer.add_scalar(name, value, update)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()


def _open_writer(folder: Path, update: int) -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise MissingExtra(
            "report.tensorboard = true", package="tensorboardX", extra="log"
        ) from error
    return SummaryWriter(str(folder), purge_step=update + 1)
