"""One step of a network for a fixed number of rows, as a list of operations on fixed buffers.

Comes in: a network. Goes out: logits after each symbol, and the state. A network called for one
step spends most of its time on finding out what to do; here that is found out once. What the
first layer makes of a symbol is looked up in a table.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from recurry.backends.rewrite import forward_program, zoned
from recurry.network.layer_step import LayerStep, Source
from recurry.network.state import State
from recurry.network.symbols import SymbolNetwork


class Stepper:
    """A network without dropout that reads one symbol a row, again and again.

    It computes what `SymbolNetwork.step` does in evaluation mode, several times faster, because
    nothing is checked, chosen or stacked at a step.

    Args:
        network: The network; its weights must not change while the stepper is in use.
        num_rows: Number of rows R.
    """

    def __init__(self, network: SymbolNetwork, num_rows: int) -> None:
        with torch.inference_mode():
            self._symbols = torch.zeros(num_rows, dtype=torch.long, device=network.device)
            self._operations: list[Callable[[], object]] = []
            self._layers: list[LayerStep] = []
            self._names = network.cell.states
            output = self._add_layers(network)
            head = network.embedding if network.head.weight is None else network.head
            assert head is not None
            self.logits = output.new_empty(num_rows, network.num_symbols)
            assert head.weight is not None
            matrix = head.weight.detach().t().contiguous()
            self._do(torch.addmm, network.head.bias.detach(), output, matrix, out=self.logits)

    def _add_layers(self, network: SymbolNetwork) -> Tensor:
        """The layers one above the other; the output of the last."""
        recurrent, config = network.recurrent, network.config
        plan, rate = network.cell.plan, recurrent.dropout.zoneout
        program = forward_program(zoned(plan, rate) if rate else plan, False)
        embedding = network.embedding
        table = None if embedding is None else embedding.weight.detach()
        start = Source(symbols=self._symbols, num_symbols=network.num_symbols, table=table)
        source = start
        output = self._symbols
        for number, layer in enumerate(recurrent.layers):
            weights = {
                name.removeprefix("forward."): weight.detach()
                for name, weight in layer.named_parameters()
            }
            step = LayerStep(
                program,
                weights,
                source=source,
                size=config.hidden_size,
                dtype=recurrent.dtype,
                is_rounded=config.precision == "bfloat16",
            )
            self._layers.append(step)
            self._operations += step.operations
            below, output = output, step.output
            if number and config.has_residual:
                output = torch.empty_like(below)
                self._do(torch.add, below, step.output, out=output)
            source = replace(start, vectors=output)
        return output

    def _do(self, function: Callable[..., object], *arguments: Tensor, out: Tensor) -> None:
        self._operations.append(partial(function, *arguments, out=out))

    def read(self, symbols: Tensor) -> None:
        """Read one symbol a row, (R,) int64: `logits` (R, V) and the state move on."""
        with torch.inference_mode():
            self._symbols.copy_(symbols)
            for operation in self._operations:
                operation()

    @property
    def state(self) -> State:
        """A copy of the state of all rows."""
        with torch.inference_mode():
            return State(
                tensors={
                    name: torch.stack([layer.states[name] for layer in self._layers])
                    for name in self._names
                }
            )

    @state.setter
    def state(self, state: State) -> None:
        """Let every row go on from a state."""
        with torch.inference_mode():
            for number, layer in enumerate(self._layers):
                for name in self._names:
                    layer.states[name].copy_(state[name][number])
