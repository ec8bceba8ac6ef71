"""How far back a loss is felt: the norm of its gradient by states that lie some steps before it.

Comes in: recurrent layers, what they read, a loss. Goes out: a norm for each step back. Imports
backends and network.

The layers take one step at a time, so that the backward kernels leave the gradient at every step
between: what reaches a state through the rest of its step, through time and from above.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recurry.backends import Job, Request, RunOptions, choose_backend, run_jobs
from recurry.cells import find_cell
from recurry.compiler.cell import Cell
from recurry.compiler.plan import Plan
from recurry.errors import UsageError
from recurry.inspection.nudge import nudge_name, nudged, read_again
from recurry.inspection.subject import Direction, SubjectLayer, make_layers
from recurry.network.recurrent import Recurrent

Loss = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerFlow:
    """What is left of a gradient at the steps before, in one layer.

    Args:
        layer: From 0.
        direction: Which way it reads; a layer that reads backward is felt from later steps.
        state: The state by which the gradient is taken.
        norms: Of dL_t/ds_(t-k) for k from 0 on, for each place t in a text, (K + 1, B).
    """

    layer: int
    direction: Direction
    state: str
    norms: np.ndarray

    @property
    def median(self) -> np.ndarray:
        """The norm at each distance in the middle of all places, (K + 1,)."""
        return np.median(self.norms, axis=1) if self.norms.size else np.zeros(len(self.norms))

    @property
    def shares(self) -> np.ndarray:
        """The median as a share of the first that is not 0, (K + 1,).

        That is the one at k = 0, but for a state that only the next step reads.
        """
        median = self.median
        return median / next((norm for norm in median if norm > 0), 1.0)

    @property
    def quartiles(self) -> tuple[np.ndarray, np.ndarray]:
        """Between these lies half of the places, (K + 1,) each."""
        low, high = np.quantile(self.norms, (0.25, 0.75), axis=1)
        return low, high


def measure_flow(
    recurrent: Recurrent, x: Tensor, loss: Loss, *, reach: int, num_warm: int = 0
) -> list[LayerFlow]:
    """The norms of the gradients of a loss by the states of every layer at every step before.

    Each is the whole derivative by the new value of a state at a step: by way of what the same
    step makes of it, such as `h = o * tanh(c)`, and by way of what is carried to the next step.

    Args:
        recurrent: The layers; they are left as they were.
        x: What the first layer reads, time first, (S, B, I). The loss is that of the last step,
            for layers that read both ways that of the step `reach` before it.
        loss: From the output of the last layer at that step, (B, D*H), to a loss for each
            stream, (B,).
        reach: Number K of steps that are looked back.
        num_warm: Steps that are read before, from states of zeros, without gradient.

    Raises:
        UsageError: The cell carries nothing from one step to the next.
    """
    if not recurrent.cell.states:
        raise UsageError(
            f"The cell {recurrent.cell.name} carries no state, so no gradient goes back in time."
        )
    middle = reach if recurrent.bidirectional else len(x) - num_warm - 1
    with torch.enable_grad():
        traces = _read(recurrent, x.to(recurrent.device, recurrent.dtype), num_warm)
        top = [trace for trace in traces if trace.layer.index == recurrent.num_layers - 1]
        hidden = torch.cat([trace.outputs[middle] for trace in top], 1)
        if recurrent.has_residual and recurrent.num_layers > 1:
            hidden = hidden + top[0].entering[middle]
        total = loss(hidden).sum()
        wanted = [trace.wanted(middle, reach) for trace in traces]
        return _differentiate(total, traces, wanted)


def fresh_layers(like: Recurrent, cell: Cell | str, *, seed: int = 0) -> Recurrent:
    """Layers of the same sizes with fresh weights, of the same cell or of another.

    Args:
        like: Layers whose sizes are taken.
        cell: The cell.
        seed: Governs the weights.

    Raises:
        EquationError: The cell needs inputs as large as its layers, and they are not.
        UsageError: There is no such cell.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Recurrent(
            find_cell(cell) if isinstance(cell, str) else cell,
            like.input_size,
            like.hidden_size,
            like.num_layers,
            like.bidirectional,
            precision=like.precision,
            has_residual=like.has_residual,
        ).to(like.device)


class _Trace:
    """One layer in one direction with what it gave at each step."""

    def __init__(self, layer: SubjectLayer, entering: list[Tensor]) -> None:
        self.layer, self.entering = layer, entering
        self.outputs: list[Tensor] = entering.copy()
        # What a gradient by each state at each step is taken by.
        self.states: list[dict[str, Tensor]] = [{}] * len(entering)

    def run(self, state: dict[str, Tensor]) -> None:
        """Take every step in the direction of the layer."""
        graph = self.layer.cell.graph
        plan, names = nudged(graph), read_again(graph)
        state = {name: value.requires_grad_() for name, value in state.items()}
        places = range(len(self.entering))
        for place in places if self.layer.direction == "forward" else reversed(places):
            nudges = {name: torch.zeros_like(state[name]).requires_grad_() for name in names}
            whole = state | {nudge_name(name): value for name, value in nudges.items()}
            output, after = _run(self.layer, self.entering[place][None], whole, plan=plan)
            state = {name: after[name] for name in state}
            self.outputs[place], self.states[place] = output[0], state | nudges

    def wanted(self, middle: int, reach: int) -> dict[str, list[Tensor]]:
        """What gradients are taken by, at each step from the middle on; the outputs have no name.

        A gradient by `h` is that by the output and that by the state; where other equations of a
        step read `h`, the vector that is added to it has both.
        """
        step = -1 if self.layer.direction == "forward" else 1
        places = [middle + step * k for k in range(reach + 1)]
        names = self.layer.cell.states
        states = {name: [self.states[place][name] for place in places] for name in names}
        return {"": [self.outputs[place] for place in places], **states}


def _differentiate(
    total: Tensor, traces: list[_Trace], wanted: list[dict[str, list[Tensor]]]
) -> list[LayerFlow]:
    """The norms of the gradients of a number by what is wanted of each layer, in one sweep."""
    whole = [value for lists in wanted for values in lists.values() for value in values]
    found = torch.autograd.grad(total, whole, allow_unused=True)
    filled = iter([_or_zeros(*pair) for pair in zip(found, whole, strict=True)])
    flows = []
    for trace, lists in zip(traces, wanted, strict=True):
        by = {name: torch.stack([next(filled) for _ in lists[name]]) for name in lists}
        output = by.pop("")
        gradients = {"h": output, **by}
        if "h" in by and "h" not in read_again(trace.layer.cell.graph):
            gradients["h"] = output + by["h"]
        for name, gradient in gradients.items():
            norms = gradient.norm(dim=2).double().cpu().numpy()
            layer = trace.layer
            flows.append(
                LayerFlow(layer=layer.index, direction=layer.direction, state=name, norms=norms)
            )
    return flows


def _or_zeros(gradient: Tensor | None, like: Tensor) -> Tensor:
    return torch.zeros_like(like) if gradient is None else gradient


def _read(recurrent: Recurrent, x: Tensor, num_warm: int) -> list[_Trace]:
    """All layers over all steps."""
    batch_size = x.shape[1]
    warm, entering = x[:num_warm], list(x[num_warm:])
    layers, traces = make_layers(recurrent), []
    for index in range(recurrent.num_layers):
        mine = [_Trace(layer, entering) for layer in layers if layer.index == index]
        before = warm
        for trace in mine:
            shape = (batch_size, recurrent.hidden_size)
            state = {name: x.new_zeros(shape) for name in recurrent.cell.states}
            if num_warm:
                with torch.no_grad():
                    warm, state = _run(trace.layer, before, state, plan=trace.layer.cell.plan)
            trace.run({name: value.detach().clone() for name, value in state.items()})
        traces += mine
        following = [torch.cat(parts, 1) for parts in zip(*(t.outputs for t in mine), strict=True)]
        if recurrent.has_residual and index:
            following = [a + b for a, b in zip(following, entering, strict=True)]
            warm = warm + before
        entering = following
    return traces


def _run(
    layer: SubjectLayer, x: Tensor, state: dict[str, Tensor], *, plan: Plan
) -> tuple[Tensor, dict[str, Tensor]]:
    """Some steps of a layer, (T, B, I) to (T, B, H), by whatever backend is chosen for them."""
    recurrent = layer.recurrent
    options = RunOptions(
        precision=recurrent.precision,
        zoneout=recurrent.dropout.zoneout,
        is_reversed=layer.direction == "backward",
    )
    request = Request(
        plan=plan,
        options=options,
        device=x.device.type,
        num_steps=x.shape[0],
        batch_size=x.shape[1],
        needs_gradient=torch.is_grad_enabled(),
    )
    backend = choose_backend(recurrent.backend, request)
    job = Job(parameters=layer.tensors, x=x, state=state, lengths=None, options=options)
    return run_jobs(backend, plan, [job])[0]
