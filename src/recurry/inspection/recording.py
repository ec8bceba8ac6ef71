"""What a model has in mind while it reads a text: every named value of every layer at every step.

Comes in: a subject and a text. Goes out: a `Recording`. Imports store, stretch, subject.

A recording keeps little: every 64 steps the states of all layers as they are, and at every step
what colours show of each unit, in 8 bits. All other values are made again, when they are asked for,
from the states before them, by the same kernels.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import numpy as np
import torch

from recurry.errors import UsageError, unknown_name
from recurry.inspection.address import CellAddress, find_layer, find_names, painted_state
from recurry.inspection.colour import squash
from recurry.inspection.keeping import MARK, SCALE, WINDOW, Kept
from recurry.inspection.store import Folder
from recurry.inspection.stretch import States, Stretch
from recurry.inspection.subject import Direction, Subject, SubjectLayer, Symbols, subject_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Top:
    """The most probable next symbols.

    Attributes:
        probabilities: From the largest on, (n, k).
        ids: Their numbers, (n, k).
    """

    probabilities: np.ndarray
    ids: np.ndarray


def record(
    model: Any,
    text: str | np.ndarray,
    *,
    names: Iterable[str] | None = None,
    folder: str | Path | None = None,
) -> "Recording":
    """Let a model read a text, and keep what it had in mind.

    Args:
        model: A model of any task, or a `Subject`.
        text: Text; for language models also symbol numbers.
        names: The named values that shall be at hand, such as `f` or `c`; all of them when not
            given. Others are refused, so that a typing mistake is found before the work.
        folder: Where files are put; a folder that is removed with the recording when not given.

    Raises:
        UsageError: There is no such name, or the model is none that one can look into.
        RunError: The disk refused.
    """
    recording = start_recording(model, text, names=names, folder=folder)
    recording.wait()
    return recording


def start_recording(
    model: Any,
    text: str | np.ndarray,
    *,
    names: Iterable[str] | None = None,
    folder: str | Path | None = None,
) -> "Recording":
    """The same, without waiting for the end: what is read already can be looked at.

    Args:
        model: A model of any task, or a `Subject`.
        text: Text; for language models also symbol numbers.
        names: As for `record`.
        folder: As for `record`.
    """
    subject = subject_of(model)
    symbols = subject.read(text) if isinstance(text, str) else subject.number(text)
    kept = find_names(subject, names)
    recording = Recording(
        subject, symbols, names=kept, folder=None if folder is None else Path(folder)
    )
    recording.start()
    return recording


class Recording:
    """What a model had in mind; made by `record` and `start_recording`.

    Attributes:
        subject: The model.
        symbols: The text as it read it.
        names: The named values that can be asked for.
    """

    def __init__(
        self, subject: Subject, symbols: Symbols, *, names: tuple[str, ...], folder: Path | None
    ) -> None:
        self.subject, self.symbols, self.names = subject, symbols, names
        self._folder = Folder(folder)
        cell = subject.layers[0].cell
        self._state = painted_state(cell) if cell.states else "h"
        self._files = Kept.create(self._folder.path, subject, len(symbols), self._state)
        self._length, self._is_stopped = 0, False
        self._error: BaseException | None = None
        self._changed = Condition()
        self._thread: Thread | None = None
        self._last: Stretch | None = None

    @property
    def length(self) -> int:
        """Number of steps that have been read; at the end, of all symbols."""
        return self._length

    @property
    def is_finished(self) -> bool:
        """Whether the whole text has been read."""
        return self._length == len(self.symbols)

    def start(self) -> None:
        """Begin to read, in the background."""
        if not self.is_finished and self._thread is None:
            self._thread = Thread(target=self._run, name="recurry recording", daemon=True)
            self._thread.start()

    def wait(self, length: int | None = None, *, timeout_s: float | None = None) -> bool:
        """Wait until so many steps have been read, or all.

        Args:
            length: Number of steps.
            timeout_s: After this time it is given up.

        Returns:
            Whether they have been read.

        Raises:
            RecurryError: Reading broke off, or was stopped before.
        """
        wanted = len(self.symbols) if length is None else min(length, len(self.symbols))
        with self._changed:
            self._changed.wait_for(
                lambda: self._length >= wanted or self._error or self._is_stopped, timeout_s
            )
            if self._error is not None:
                raise self._error
            if self._is_stopped and self._length < wanted:
                raise UsageError("This text is not read any further.", hint="ask again")
            return self._length >= wanted

    def stop(self) -> None:
        """Stop reading after the part that is being read; what has been read stays.

        The files go with the last reference, so whoever still asks for this text gets an answer.
        """
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def close(self) -> None:
        """Stop reading and remove the files, unless a folder was named."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
        self._folder.close()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def values(
        self,
        name: str,
        *,
        layer: int,
        direction: Direction = "forward",
        start: int = 0,
        stop: int | None = None,
    ) -> np.ndarray:
        """A named value of the equations after each step, (n, H) float32.

        Values that depend on the input alone may be (n, I).

        Args:
            name: As in the equations, such as `f` or `c`.
            layer: From 0.
            direction: Which way the layer reads.
            start: First step.
            stop: After the last step; all that has been read when not given.

        Raises:
            UsageError: There is no such layer or name, or the steps have not been read.
        """
        found = find_layer(self.subject, layer, direction)
        parts = [block[name] for _, block in self.blocks([name], found, start=start, stop=stop)]
        if not parts:
            node = found.cell.graph.named[name]
            return np.zeros((0, found.input_size if node.size == "I" else found.hidden_size), "f4")
        return np.concatenate(parts)

    def blocks(
        self,
        names: Iterable[str],
        layer: SubjectLayer,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Several named values, window by window: first step of each, and values (n, H).

        Args:
            names: As in the equations.
            layer: One of the subject's layers.
            start: First step.
            stop: After the last step; all that has been read when not given.

        Raises:
            UsageError: There is no such name, or the steps have not been read.
        """
        names = tuple(names)
        for name in names:
            if name not in self.names:
                raise unknown_name("recorded value", name, known=self.names)
        for stretch, rows in self._stretches(start, stop):
            yield (
                stretch.start + rows.start,
                {name: _as_array(stretch.values(layer, name)[rows]) for name in names},
            )

    def unit_values(
        self, layer: SubjectLayer, unit: int, *, start: int = 0, stop: int | None = None
    ) -> dict[str, np.ndarray]:
        """Every named value of one unit that has it, (n,) float32, quicker than those of all units.

        Args:
            layer: One of the subject's layers.
            unit: From 0.
            start: First step.
            stop: After the last step; all that has been read when not given.
        """
        found: dict[str, list[np.ndarray]] = {}
        for stretch, rows in self._stretches(start, stop):
            for name in self.names:
                values = stretch.unit_values(layer, name, unit)
                if values is not None:
                    found.setdefault(name, []).append(_as_array(values[rows]))
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def painted(
        self, address: CellAddress, *, start: int = 0, stop: int | None = None
    ) -> np.ndarray:
        """What colours show of one cell: a number from -1 to 1 for each symbol, (n,) float32.

        Args:
            address: The cell.
            start: First step.
            stop: After the last step; all that has been read when not given.
        """
        start, stop = self._range(start, stop)
        if address.state == self._state:
            rows = self.levels(
                layer=address.layer, direction=address.direction, start=start, stop=stop,
                units=[address.unit],
            )  # fmt: skip
            return rows[0].astype(np.float32) / np.float32(SCALE)
        values = self.values(
            address.state, layer=address.layer, direction=address.direction, start=start, stop=stop
        )
        return squash(values[:, address.unit], address.state)

    def levels(
        self,
        *,
        layer: int,
        direction: Direction = "forward",
        start: int = 0,
        stop: int | None = None,
        units: Iterable[int] | None = None,
    ) -> np.ndarray:
        """What colours show of the units of a layer, (units, n) int8 from -127 to 127.

        Args:
            layer: From 0.
            direction: Which way the layer reads.
            start: First step.
            stop: After the last step; all that has been read when not given.
            units: Which; all when not given.
        """
        start, stop = self._range(start, stop)
        found = find_layer(self.subject, layer, direction)
        return self._files.levels(found, start, stop, units)

    def read_levels(self, layer: SubjectLayer, window: int, out: np.ndarray) -> None:
        """The same of all units of a layer over one window of 1,024 steps, into memory at hand.

        Args:
            layer: One of the subject's layers.
            window: From 0.
            out: Where they are put, (H, 1024) int8; behind the end there are zeros.
        """
        self._files.painted[layer].read_into(window, out)

    @property
    def painted_state(self) -> str:
        """The state that colours show."""
        return self._state

    @property
    def loss(self) -> np.ndarray:
        """The loss of each symbol that has been read, in nats, (T,) float32.

        It is no number (nan) for the first, for unknown ones, and where the model predicts none.
        """
        return np.array(self._files.loss.rows(0, self._length))

    def hidden(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """The output of the last layer, (n, D*H) float32."""
        parts = [_as_array(one.hidden()[rows]) for one, rows in self._stretches(start, stop)]
        size = self.subject.recurrent.output_size
        return np.concatenate(parts) if parts else np.zeros((0, size), dtype=np.float32)

    def top(self, start: int, stop: int, k: int = 5) -> Top:
        """The most probable symbols after each of some steps.

        Raises:
            UsageError: The model predicts no symbols.
        """
        logs = self.subject.log_probabilities(self.hidden(start, stop))
        if logs is None:
            raise UsageError(
                f"A model of the kind {self.subject.kind} predicts no next symbol.",
                accepted="a language model",
            )
        found = torch.from_numpy(logs).topk(min(k, logs.shape[1]), dim=1)
        return Top(probabilities=found.values.exp().numpy(), ids=found.indices.numpy())

    def _range(self, start: int, stop: int | None) -> tuple[int, int]:
        if self._error is not None:
            raise self._error
        stop = self._length if stop is None else stop
        if not 0 <= start <= stop <= self._length:
            raise UsageError(
                "These steps have not been recorded.",
                got=f"{start:,} to {stop:,}",
                accepted=f"from 0 to {self._length:,}",
            )
        return start, stop

    def _stretches(self, start: int, stop: int | None) -> Iterator[tuple[Stretch, slice]]:
        """Stretches that cover some steps, each with its rows among them."""
        start, stop = self._range(start, stop)
        while start < stop:
            first = start // MARK * MARK
            last = min(stop, (start // WINDOW + 1) * WINDOW)
            end = -(-last // MARK) * MARK
            if end > len(self.symbols):  # the last steps are no whole part
                end = len(self.symbols) // MARK * MARK
                end = end if end > first else len(self.symbols)
            stretch, last = self._stretch(first, end), min(last, end)
            yield stretch, slice(start - stretch.start, last - stretch.start)
            start = last

    def _stretch(self, start: int, stop: int) -> Stretch:
        """Some steps from kept states; the last one is kept, as one question follows another."""
        known = self._last
        if known is not None and known.start <= start and stop <= known.stop:
            return known

        def edge(layer: SubjectLayer) -> States:
            first = start if layer.direction == "forward" else min(start + MARK, stop)
            return self._files.edge(layer, first, parts)

        parts = max(1, (stop - start) // MARK)
        self._last = Stretch(self.subject, self.symbols, start, stop, edge=edge, parts=parts)
        return self._last

    def _run(self) -> None:
        """Read, and tell those who wait."""
        try:
            for stop in self._files.fill(self.subject, self.symbols):
                with self._changed:
                    self._length = stop
                    self._changed.notify_all()
                if self._is_stopped:
                    return
        except BaseException as error:  # raised again where somebody asks
            with self._changed:
                self._error = error
                self._changed.notify_all()


def _as_array(values: torch.Tensor) -> np.ndarray:
    return values.float().cpu().numpy()
