"""A stretch of a text, read again from states that were kept: every named value of every layer.

Comes in: a subject, symbols, and the states at the edges of the stretch. Goes out: values of its
steps. Imports backends, the compiler and network.

The equations of a layer at step t read its input at t and its states at t - 1 (at t + 1 where it
reads backward). Once the states are known, all else follows for all steps at once.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from recurry.backends import Job, RunOptions, as_vectors
from recurry.backends import Symbols as InputSymbols
from recurry.backends.cpu.evaluate import Evaluator
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
        edge: The states (1, H) with which a layer enters the stretch, at its start or, reading
            backward, at its end.
    """

    def __init__(
        self,
        subject: Subject,
        symbols: Symbols,
        start: int,
        stop: int,
        *,
        edge: Callable[[SubjectLayer], States],
    ) -> None:
        self.start, self.stop = start, stop
        self._subject, self._symbols, self._edge = subject, symbols, edge
        self._read: dict[SubjectLayer, tuple[Tensor, States]] = {}
        self._entering: dict[SubjectLayer, States] = {}
        self._inputs: dict[int, Tensor | InputSymbols] = {}
        self._evaluators: dict[SubjectLayer, Evaluator] = {}

    def __len__(self) -> int:
        return self.stop - self.start

    def inputs(self, index: int) -> Tensor | InputSymbols:
        """What a layer reads, (n, 1, I); of one more than there are, the output of the last."""
        if index not in self._inputs:
            self._inputs[index] = self._input(index)
        return self._inputs[index]

    def hidden(self) -> Tensor:
        """The output of the last layer, (n, D*H)."""
        found = self.inputs(self._subject.recurrent.num_layers)
        assert isinstance(found, Tensor)
        return found[:, 0]

    def states(self, layer: SubjectLayer) -> States:
        """The states of a layer after each step, (n, H)."""
        return self._run(layer)[1]

    def entered(self, layer: SubjectLayer) -> States:
        """The states of a layer before each step, in its direction, (n, H)."""
        after, turned = self.states(layer), layer.direction == "backward"
        found = {}
        for name, values in after.items():
            edge = self._entering[layer][name]
            parts = [values[1:], edge] if turned else [edge, values[:-1]]
            found[name] = torch.cat(parts)
        return found

    def values(self, layer: SubjectLayer, name: str) -> Tensor:
        """A named value of the equations at each step, (n, H), or (n, I) where it is so large."""
        if name in self.states(layer):
            return self.states(layer)[name]
        if name == "h":
            return self._run(layer)[0]
        if layer not in self._evaluators:
            self._evaluators[layer] = self._evaluator(layer)
        node = equations_of(layer).named[name]
        size = layer.input_size if node.size == "I" else layer.hidden_size
        with torch.no_grad():
            return self._evaluators[layer].value(node).expand(len(self), size)

    def _input(self, index: int) -> Tensor | InputSymbols:
        if index == 0:
            return self._subject.inputs(self._symbols, self.start, self.stop)
        below = [layer for layer in self._subject.layers if layer.index == index - 1]
        output = torch.cat([self._run(layer)[0] for layer in below], 1)[:, None]
        if self._subject.recurrent.has_residual and index > 1:
            output = output + as_vectors(self.inputs(index - 1))
        return output

    def _run(self, layer: SubjectLayer) -> tuple[Tensor, States]:
        if layer not in self._read:
            x, turned = self.inputs(layer.index), layer.direction == "backward"
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
                output = output.flip(0)
                states = {name: values.flip(0) for name, values in states.items()}
            self._read[layer] = (output, states)
        return self._read[layer]

    def _evaluator(self, layer: SubjectLayer) -> Evaluator:
        x = as_vectors(self.inputs(layer.index))[:, 0].detach()
        known = {StateNode(name): values for name, values in self.entered(layer).items()}
        is_rounded = layer.recurrent.precision == "bfloat16"
        return Evaluator(layer.tensors, {Input(): x, **known}, x, is_rounded=is_rounded)


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
