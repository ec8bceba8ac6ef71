"""A stretch of a text, read again from states that were kept: every named value of every layer.

Comes in: a subject, symbols, and the states at the edges of the stretch. Goes out: values of its
steps. Imports backends, the compiler and network.

The equations of a layer at step t read its input at t and its states at t - 1 (at t + 1 where it
reads backward). Once the states are known, all else follows for all steps at once. Where the states
at several steps were kept, the parts between them are read side by side, as one batch: weights are
then fetched from memory once for all of them.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from recurry.backends import Job, RunOptions, as_vectors
from recurry.backends import Symbols as InputSymbols
from recurry.backends.cpu.evaluate import Evaluator, UnitEvaluator
from recurry.backends.history import run_history
from recurry.backends.rewrite import zoned
from recurry.compiler.graph import Graph
from recurry.compiler.nodes import Input
from recurry.compiler.nodes import State as StateNode
from recurry.inspection.subject import Subject, SubjectLayer, Symbols

States = dict[str, Tensor]


class Stretch:
    """Steps `start` to before `stop` of a text; each layer is read when it is first asked for.

    Args:
        subject: What reads.
        symbols: The whole text.
        start: First step.
        stop: After the last step.
        edge: The states (P, H) with which a layer enters each part, at its start or, reading
            backward, at its end.
        parts: P; the stretch is so many parts of equal length.
    """

    def __init__(
        self,
        subject: Subject,
        symbols: Symbols,
        start: int,
        stop: int,
        *,
        edge: Callable[[SubjectLayer], States],
        parts: int = 1,
    ) -> None:
        assert (stop - start) % parts == 0, "parts of equal length"
        self.start, self.stop, self._parts = start, stop, parts
        self._subject, self._symbols, self._edge = subject, symbols, edge
        self._read: dict[SubjectLayer, tuple[Tensor, States]] = {}
        self._entering: dict[SubjectLayer, States] = {}
        self._inputs: dict[int, Tensor | InputSymbols] = {}
        self._evaluators: dict[SubjectLayer, Evaluator] = {}
        self._columns: dict[tuple[SubjectLayer, int], UnitEvaluator] = {}

    def __len__(self) -> int:
        return self.stop - self.start

    def hidden(self) -> Tensor:
        """The output of the last layer, (n, D*H)."""
        found = self._read_by(self._subject.recurrent.num_layers)
        assert isinstance(found, Tensor)
        return self._in_order(found.flatten(0, 1))

    def states(self, layer: SubjectLayer) -> States:
        """The states of a layer after each step, (n, H)."""
        return {name: self._in_order(rows) for name, rows in self._run(layer)[1].items()}

    def entered(self, layer: SubjectLayer) -> States:
        """The states of a layer before each step, in its direction, (n, H)."""
        return {name: self._in_order(rows) for name, rows in self._before(layer).items()}

    def values(self, layer: SubjectLayer, name: str) -> Tensor:
        """A named value of the equations at each step, (n, H), or (n, I) where it is so large."""
        return self._in_order(self._rows(layer, name))

    def unit_values(self, layer: SubjectLayer, name: str, unit: int) -> Tensor | None:
        """A named value of one unit at each step, (n,), without those of all others.

        It is None for a unit beyond the size of a value that depends on the input alone.
        """
        output, states = self._run(layer)
        node = equations_of(layer).named[name]
        if unit >= (layer.input_size if node.size == "I" else layer.hidden_size):
            return None
        if name in states or name == "h":
            return self._in_order(states.get(name, output)[:, unit])
        if (layer, unit) not in self._columns:
            self._columns[layer, unit] = UnitEvaluator(self._evaluator(layer), unit)
        with torch.no_grad():
            return self._in_order(self._columns[layer, unit].value(node).expand(len(self)))

    def _rows(self, layer: SubjectLayer, name: str) -> Tensor:
        """A named value of all steps, as the parts lie side by side."""
        output, states = self._run(layer)
        if name in states:
            return states[name]
        if name == "h":
            return output
        node = equations_of(layer).named[name]
        size = layer.input_size if node.size == "I" else layer.hidden_size
        with torch.no_grad():
            return self._evaluator(layer).value(node).expand(len(self), size)

    def _in_order(self, rows: Tensor) -> Tensor:
        """Rows of steps of parts side by side, in the order of the text."""
        if self._parts == 1:
            return rows
        return rows.unflatten(0, (-1, self._parts)).transpose(0, 1).flatten(0, 1)

    def _side_by_side(self, x: Tensor) -> Tensor:
        """What was read step by step, (n, 1, ...), as (n / P, P, ...)."""
        return x[:, 0].unflatten(0, (self._parts, -1)).transpose(0, 1).contiguous()

    def _before(self, layer: SubjectLayer) -> States:
        """The states that each step reads, as the parts lie side by side."""
        after, turned = self._run(layer)[1], layer.direction == "backward"
        found = {}
        for name, rows in after.items():
            steps, edge = rows.unflatten(0, (-1, self._parts)), self._entering[layer][name][None]
            found[name] = torch.cat([steps[1:], edge] if turned else [edge, steps[:-1]])
        return {name: steps.flatten(0, 1) for name, steps in found.items()}

    def _read_by(self, index: int) -> Tensor | InputSymbols:
        """What a layer reads, (n / P, P, I); of one more than there are, the output of the last."""
        if index not in self._inputs:
            self._inputs[index] = self._input(index)
        return self._inputs[index]

    def _input(self, index: int) -> Tensor | InputSymbols:
        if index == 0:
            found = self._subject.inputs(self._symbols, self.start, self.stop)
            if isinstance(found, InputSymbols):
                return replace(found, ids=self._side_by_side(found.ids))
            return self._side_by_side(found)
        below = [layer for layer in self._subject.layers if layer.index == index - 1]
        output = torch.cat([self._run(layer)[0] for layer in below], 1)
        output = output.unflatten(0, (-1, self._parts))
        if self._subject.recurrent.has_residual and index > 1:
            output = output + as_vectors(self._read_by(index - 1))
        return output

    def _run(self, layer: SubjectLayer) -> tuple[Tensor, States]:
        """Output and states after each step, (n, H), as the parts lie side by side."""
        if layer not in self._read:
            x, turned = self._read_by(layer.index), layer.direction == "backward"
            edge = self._entering[layer] = self._edge(layer)
            output, states = run_history(
                layer.cell.plan,
                Job(
                    parameters=layer.tensors,
                    x=_turned(x) if turned else x,
                    state=edge,
                    lengths=None,
                    options=_options(layer),
                ),
            )
            if turned:
                output = self._turn_rows(output)
                states = {name: self._turn_rows(rows) for name, rows in states.items()}
            self._read[layer] = (output, states)
        return self._read[layer]

    def _turn_rows(self, rows: Tensor) -> Tensor:
        return rows.unflatten(0, (-1, self._parts)).flip(0).flatten(0, 1)

    def _evaluator(self, layer: SubjectLayer) -> Evaluator:
        if layer not in self._evaluators:
            x = as_vectors(self._read_by(layer.index)).flatten(0, 1).detach()
            known = {StateNode(name): rows for name, rows in self._before(layer).items()}
            is_rounded = layer.recurrent.precision == "bfloat16"
            self._evaluators[layer] = Evaluator(
                layer.tensors, {Input(): x, **known}, x, is_rounded=is_rounded
            )
        return self._evaluators[layer]


def equations_of(layer: SubjectLayer) -> Graph:
    """The equations that a layer runs; with zoneout, states change by their share only."""
    rate = layer.recurrent.dropout.zoneout
    return zoned(layer.cell.plan, rate).graph if rate else layer.cell.graph


def _options(layer: SubjectLayer) -> RunOptions:
    recurrent = layer.recurrent
    return RunOptions(
        precision=recurrent.precision, zoneout=recurrent.dropout.zoneout, cache=layer.weights.cache
    )


def _turned(x: Tensor | InputSymbols) -> Tensor | InputSymbols:
    return replace(x, ids=x.ids.flip(0)) if isinstance(x, InputSymbols) else x.flip(0)
