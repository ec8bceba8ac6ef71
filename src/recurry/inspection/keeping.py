"""What a recording keeps of a text that is read, and the reading itself, window by window.

Comes in: a subject and symbols. Goes out: files. Imports store, stretch, subject, colour.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from recurry.inspection.store import FileArray
from recurry.inspection.stretch import States, Stretch
from recurry.inspection.subject import UNKNOWN, Subject, SubjectLayer, Symbols

# Steps that are read in one call, and the length of a row of painted values.
WINDOW = 1024
# Steps between kept states; those in between are at most so far from being made again.
MARK = 64
# Painted values lie from -SCALE to SCALE.
SCALE = 127


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """The files of a recording.

    Attributes:
        state: The painted state.
        painted: For each layer what colours show, (windows, H, WINDOW) int8.
        marks: For each layer its states before every 64th step, in its direction, (marks, S, H).
        loss: Of each symbol, (T,) float32.
    """

    state: str
    painted: Mapping[SubjectLayer, FileArray]
    marks: Mapping[SubjectLayer, FileArray]
    loss: FileArray

    @classmethod
    def create(cls, folder: Path, subject: Subject, length: int, state: str) -> "Kept":
        """Empty files for a text.

        Raises:
            RunError: The disk refused.
        """
        windows, marks = -(-length // WINDOW), length // MARK + 1
        kind = "float64" if subject.recurrent.dtype == torch.float64 else "float32"

        def files(name: str, shape: tuple[int, ...], dtype: str) -> dict[SubjectLayer, FileArray]:
            return {
                layer: FileArray.create(
                    folder / f"{name}-{layer.label.replace(' ', '-')}", shape, dtype
                )
                for layer in subject.layers
            }

        recurrent = subject.recurrent
        size, states = recurrent.hidden_size, len(recurrent.cell.states)
        return cls(
            state=state,
            painted=files("painted", (windows, size, WINDOW), "int8"),
            marks=files("states", (marks, states, size), kind),
            loss=FileArray.create(folder / "loss", (length,), "float32"),
        )

    def edge(self, layer: SubjectLayer, at: int, count: int = 1) -> States:
        """The states (count, H) of a layer before step `at` and every 64 steps further on; reading
        backward, those that came from there on. A step that is no multiple of 64 is the end, where
        a layer begins with zeros."""
        size, names = layer.hidden_size, layer.cell.states
        if at % MARK:
            found = torch.zeros(1, len(names), size, dtype=layer.recurrent.dtype)
        else:
            found = torch.from_numpy(self.marks[layer].read(at // MARK, at // MARK + count))
        found = found.to(layer.recurrent.device)
        return {name: found[:, number].contiguous() for number, name in enumerate(names)}

    def levels(
        self, layer: SubjectLayer, start: int, stop: int, units: Iterable[int] | None
    ) -> np.ndarray:
        """What colours show of some units of a layer, or of all, (units, n) int8."""
        first, last = start // WINDOW, -(-stop // WINDOW)
        wanted = range(layer.hidden_size) if units is None else list(units)
        is_all = units is None or wanted == list(range(layer.hidden_size))
        file = self.painted[layer]
        is_much = 8 * len(wanted) >= layer.hidden_size and last - first == 1
        windows = file.read(first, last) if is_much else file.rows(first, last)
        picked = windows if is_all else windows.take(wanted, axis=1)
        shape = (len(wanted), max(0, last - first) * WINDOW)
        rows = picked[0] if last - first == 1 else np.swapaxes(picked, 0, 1).reshape(shape)
        return np.array(rows[:, start - first * WINDOW : stop - first * WINDOW])

    def fill(self, subject: Subject, symbols: Symbols) -> Iterator[int]:
        """Read a text, and give the number of steps that have been read after each window.

        A model that reads both ways has to read the whole text at once.
        """
        span = len(symbols) if subject.recurrent.bidirectional else WINDOW
        carried = {layer: _zeros(layer) for layer in subject.layers}
        for start in range(0, len(symbols), max(1, span)):
            stop = min(start + span, len(symbols))
            stretch = Stretch(subject, symbols, start, stop, edge=carried.__getitem__)
            with torch.no_grad():
                for layer in subject.layers:
                    states = stretch.states(layer)
                    self._mark(layer, stretch)
                    self._paint(layer, start, stretch.values(layer, self.state))
                    carried[layer] = {name: values[-1:] for name, values in states.items()}
                self._write_loss(subject, symbols, stretch)
            yield stop

    def _mark(self, layer: SubjectLayer, stretch: Stretch) -> None:
        """Keep every 64th state."""
        names = layer.cell.states
        if not names:
            return
        if layer.direction == "forward":
            first, picked = stretch.start, stretch.entered(layer)
        else:
            first, picked = stretch.start, stretch.states(layer)
        rows = torch.stack([picked[name][::MARK] for name in names], 1)
        self.marks[layer].write(first // MARK, rows.cpu().numpy())

    def _paint(self, layer: SubjectLayer, start: int, values: Tensor) -> None:
        """Keep what colours show, a row for each unit."""
        shown = values.clamp(-1, 1) if self.state == "h" else values.tanh()
        levels = shown.mul(SCALE).round_().to(torch.int8).cpu()
        for number, window in enumerate(levels.split(WINDOW)):
            rows = np.zeros((1, layer.hidden_size, WINDOW), dtype=np.int8)
            rows[0, :, : len(window)] = window.T.numpy()
            self.painted[layer].write(start // WINDOW + number, rows)

    def _write_loss(self, subject: Subject, symbols: Symbols, stretch: Stretch) -> None:
        """Keep the loss of the symbols after the steps of a stretch."""
        if stretch.start == 0:
            self.loss.write(0, np.full(1, np.nan))
        following = symbols.ids[stretch.start + 1 : stretch.stop + 1]
        found = subject.losses(stretch.hidden()[: len(following)], following)
        if found is None:
            found = np.full(len(following), np.nan)
        self.loss.write(stretch.start + 1, np.where(following == UNKNOWN, np.nan, found))


def _zeros(layer: SubjectLayer) -> States:
    zeros = torch.zeros(
        1, layer.hidden_size, dtype=layer.recurrent.dtype, device=layer.recurrent.device
    )
    return dict.fromkeys(layer.cell.states, zeros)
