"""How training is shown: a bar on a terminal, a line every few seconds elsewhere, or JSON lines.

Comes in: `Progress` records. Goes out: talk on standard error, JSON on standard output.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import click

if TYPE_CHECKING:
    from rich.text import Text

    from recurry.training.fit import Progress

SLIDING_SECONDS = 60.0  # the rate counts the work of this long, pauses for validation included
FIRST_ESTIMATE_SECONDS = 3.0  # before that there is no rate worth showing
LINE_SECONDS = 5.0
JSON_SECONDS = 1.0
SMOOTHING = 0.95  # of the shown loss, from update to update
_SHORT = {"characters": "chars", "character": "char", "bpe": "tokens"}

Clock = Callable[[], float]


class Meter:
    """Rate, time left and smoothed loss, from what this process has done itself.

    Work that was done before a resume counts neither for the rate nor for the time left.
    """

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int, int]] = deque()
        self._loss_sum = self._loss_weight = 0.0
        self.last: Progress | None = None

    def record(self, progress: Progress) -> None:
        """Take one update into account."""
        now = self._clock()
        if not self._marks or now - self._marks[-1][0] > 0.1:
            self._marks.append((now, progress.update, progress.num_symbols))
        while len(self._marks) > 2 and now - self._marks[1][0] > SLIDING_SECONDS:
            self._marks.popleft()
        self._loss_sum = SMOOTHING * self._loss_sum + (1 - SMOOTHING) * progress.loss_nats
        self._loss_weight = SMOOTHING * self._loss_weight + (1 - SMOOTHING)
        self.last = progress

    @property
    def loss_nats(self) -> float:
        """The loss of the last updates, smoothed."""
        return self._loss_sum / self._loss_weight if self._loss_weight else float("nan")

    @property
    def symbols_per_second(self) -> float | None:
        """How fast the text is read; None while too little has been seen."""
        rates = self._rates()
        return rates[1] if rates else None

    @property
    def seconds_left(self) -> float | None:
        """Time until the last update at the present rate; None while too little has been seen."""
        rates = self._rates()
        if self.last is None or not rates or not rates[0]:
            return None
        return (self.last.num_updates - self.last.update) / rates[0]

    def _rates(self) -> tuple[float, float] | None:
        """Updates and symbols a second, up to this very moment, so that a pause shows."""
        if self.last is None:
            return None
        then, updates, symbols = self._marks[0]  # the slow first update is before that
        seconds = self._clock() - then
        if seconds < FIRST_ESTIMATE_SECONDS:
            return None
        return (self.last.update - updates) / seconds, (self.last.num_symbols - symbols) / seconds


def duration(seconds: float) -> str:
    """A time span as people say it: 42 s, 3 min 5 s, 2 h 14 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def bar_line(meter: Meter, *, width: int, unit: str) -> str:
    """One line about the last update, never wider than `width`.

    What matters least is left out first when there is no room; the bar takes what is left.
    """
    progress = meter.last
    if progress is None:
        return "preparing ..."[:width]
    share = progress.update / max(progress.num_updates, 1)
    head = f"{100 * share:3.0f} %" if share in (0, 1) else f"{min(100 * share, 99.9):4.1f} %"
    for fields in _by_importance(meter, progress, unit=unit):
        tail = "  ".join(fields)
        room = width - len(head) - len(tail) - 5
        if room >= 8:
            return f"{head} {_bar(share, min(room, 40))}  {tail}"
    return head[:width]


def _by_importance(meter: Meter, progress: Progress, *, unit: str) -> list[list[str]]:
    """Choices of what to show, from everything to very little."""
    count = f"{progress.update:,}/{progress.num_updates:,}"
    loss = f"loss {meter.loss_nats:.3f}"
    speed, left = meter.symbols_per_second, meter.seconds_left
    short = _short(unit)
    rate = f"{speed:,.0f} {short}/s" if speed is not None else f"... {short}/s"
    rest = f"{duration(left)} left" if left is not None else "... left"
    epoch = f"epoch {progress.epoch + 1}"
    return [
        [count, epoch, loss, rate, rest],
        [count, loss, rate, rest],
        [loss, rate, rest],
        [loss, rest],
        [loss],
    ]


def _short(unit: str) -> str:
    """What is counted, in few letters."""
    return _SHORT.get(unit, unit)


def _bar(share: float, width: int) -> str:
    done = int(share * width)
    return "━" * done + "─" * (width - done)


def validation_line(progress: Progress, *, loss_unit: str) -> str:
    """What an evaluation found, as a line that stays."""
    scores = progress.validation
    if scores is None:
        return ""
    best = ", best" if progress.is_best else ""
    return (
        f"update {progress.update:,} (epoch {progress.epoch + 1}): validation "
        f"{scores.loss_nats:.4f} nats/{_short(loss_unit)}, "
        f"{scores.headline}{best}"
    )


class Display(Protocol):
    """Something that shows how training goes."""

    def show(self, progress: Progress) -> None:
        """Take notice of one update."""
        ...

    def note(self, text: str) -> None:
        """Say something that stays on the screen."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def _talk(text: str) -> None:
    """Say something; that the terminal is gone and nobody hears it is no reason to stop."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


class BarDisplay:
    """A bar on the last line of a terminal; what an evaluation finds stays above it."""

    def __init__(self, *, unit: str, loss_unit: str) -> None:
        from rich.console import Console
        from rich.live import Live

        self._unit, self._loss_unit = unit, loss_unit
        self._meter = Meter()
        self._console = Console(stderr=True)
        self._live = Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def show(self, progress: Progress) -> None:
        """Take notice of one update; the screen is drawn four times a second."""
        self._meter.record(progress)
        if progress.validation is not None:
            self.note(validation_line(progress, loss_unit=self._loss_unit))

    def note(self, text: str) -> None:
        """Say something above the bar."""
        with contextlib.suppress(OSError):  # as in _talk
            self._console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def _render(self) -> Text:
        from rich.text import Text

        width = self._console.width - 1  # some terminals wrap after the very last column
        line = bar_line(self._meter, width=width, unit=self._unit)
        return Text(line, no_wrap=True, overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._live.stop()


class LineDisplay:
    """A line every few seconds, for logs and pipes."""

    def __init__(self, *, unit: str, loss_unit: str, clock: Clock = time.monotonic) -> None:
        self._unit, self._loss_unit, self._clock = unit, loss_unit, clock
        self._meter = Meter(clock=clock)
        self._shown = clock()

    def show(self, progress: Progress) -> None:
        """Take notice of one update, and say so when the last line is old enough."""
        self._meter.record(progress)
        if progress.validation is not None:
            self.note(validation_line(progress, loss_unit=self._loss_unit))
        is_last = progress.update == progress.num_updates
        if is_last or self._clock() - self._shown >= LINE_SECONDS:
            self._shown = self._clock()
            self.note(self._line(progress))

    def note(self, text: str) -> None:
        """Say something."""
        _talk(text)

    def _line(self, progress: Progress) -> str:
        speed, left = self._meter.symbols_per_second, self._meter.seconds_left
        share = 100 * progress.update / max(progress.num_updates, 1)
        parts = [
            f"update {progress.update:,} of {progress.num_updates:,} ({share:.1f} %)",
            f"loss {self._meter.loss_nats:.3f}",
        ]
        if speed is not None and left is not None:
            parts += [f"{speed:,.0f} {_short(self._unit)}/s", f"{duration(left)} left"]
        return ", ".join(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class JsonDisplay:
    """One JSON object a line on standard output, for programs; talk stays on standard error."""

    def __init__(self, *, loss_unit: str, clock: Clock = time.monotonic) -> None:
        self._loss_unit, self._clock = loss_unit, clock
        self._meter = Meter(clock=clock)
        self._shown = clock() - JSON_SECONDS

    def show(self, progress: Progress) -> None:
        """Write the first update, every evaluation, the last update, and one update a second."""
        self._meter.record(progress)
        is_last = progress.update == progress.num_updates
        is_due = self._clock() - self._shown >= JSON_SECONDS
        if is_due or is_last or progress.validation is not None:
            self._shown = self._clock()
            click.echo(json.dumps(self._fields(progress)))

    def note(self, text: str) -> None:
        """Say something to the person who watches."""
        _talk(text)

    def _fields(self, progress: Progress) -> dict[str, object]:
        fields: dict[str, object] = {
            "event": "update",
            "update": progress.update,
            "num_updates": progress.num_updates,
            "epoch": progress.epoch + 1,
            "loss_nats": progress.loss_nats,
            "loss_unit": self._loss_unit,
            "learning_rate": progress.learning_rate,
            "symbols_per_second": self._meter.symbols_per_second,
            "seconds_left": self._meter.seconds_left,
        }
        if progress.validation is not None:
            loss_nats = progress.validation.loss_nats
            fields["validation_loss_nats"] = loss_nats if math.isfinite(loss_nats) else None
            fields["is_best"] = progress.is_best
        return fields

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.stdout.flush()


def choose_display(*, unit: str, loss_unit: str, as_json: bool) -> Display:
    """The display that fits where the output goes.

    Args:
        unit: What the run counts: "characters", "bytes", "words", "bpe" or "records".
        loss_unit: One of what its loss is a mean of: "character", "word", "record".
        as_json: Whether a program reads standard output.
    """
    if as_json:
        return JsonDisplay(loss_unit=loss_unit)
    can_draw = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    display = BarDisplay if can_draw else LineDisplay
    return display(unit=unit, loss_unit=loss_unit)
