"""Single steps without gradients, again and again: streams that are served one symbol at a time.

Comes in: what a step reads. Goes out: what it gives. Everything is laid out once; a step copies its
input and states to where the kernel looks for them, and copies the results from there. Imports
torch, call, calls, digest, frame, kernels, passes and threads.
"""

import ctypes
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from recurry.backends.cpu.calls import make_call
from recurry.backends.cpu.digest import digest
from recurry.backends.cpu.frame import make_launch
from recurry.backends.cpu.kernels import kernels
from recurry.backends.cpu.packing import padded_size
from recurry.backends.cpu.passes import forward_memory
from recurry.backends.cpu.threads import available_threads, run_worker
from recurry.backends.timeline import make_timeline
from recurry.backends.weights import hidden_size
from recurry.compiler.graph import parameter_shapes
from recurry.compiler.plan import Plan


class Stepping:
    """One step of some streams through one cell.

    Args:
        plan: The cell.
        parameters: Parameters by name.
        x: An input, (B, I), for its sizes and its type.
        hidden_size: H.
    """

    def __init__(
        self, plan: Plan, parameters: Mapping[str, Tensor], x: Tensor, hidden_size: int
    ) -> None:
        self.plan, self.hidden_size = plan, hidden_size
        self.streams, self.input_size = x.shape
        self.shapes = [value.shape for value in parameters.values()]
        self._lock = threading.Lock()
        self._lay_out(parameters, x, digest(list(parameters.values())))

    @classmethod
    def of(
        cls,
        plan: Plan,
        parameters: Mapping[str, Tensor],
        x: Tensor,
        states: Mapping[str, Tensor],
    ) -> "Stepping | None":
        """One for these sizes; None where a step needs more than one kernel, or they do not fit."""
        size = hidden_size(parameters, {}, x)
        shapes = parameter_shapes(plan.graph, x.shape[1], size)
        is_right = all(
            parameters[name].shape == shape and parameters[name].dtype == x.dtype
            for name, shape in shapes.items()
        ) and all(value.shape == (1, x.shape[0], size) for value in states.values())
        if not is_right or x.dtype not in (torch.float32, torch.float64):
            return None
        made = kernels(plan, bits=torch.finfo(x.dtype).bits, is_fused=True)
        return None if made.forward_pass.projected else cls(plan, parameters, x, size)

    def _lay_out(self, parameters: Mapping[str, Tensor], x: Tensor, seal: bytes | None) -> None:
        """Memory for everything, with the weights packed, and the frame that points to it."""
        timeline = make_timeline((self.streams,), self.streams, False)
        call = make_call(self.plan, timeline, parameters, x, self.hidden_size, cache=None)
        made = kernels(self.plan, bits=call.kernels.bits, is_fused=True)
        call = replace(call, kernels=made)
        zeros = x.new_zeros(self.streams, self.hidden_size)
        states = dict.fromkeys(self.plan.graph.states, zeros)
        memory = forward_memory(call, made.forward, states)
        memory |= call.weights(made.forward, made.forward_pass.vectors)
        memory["input"] = x.new_zeros(self.streams, padded_size(self.input_size, call.units))
        self.launch = make_launch(
            made.forward, memory, sizes=call.sizes, rows=call.rows, split=call.split
        )
        self.seal, self.threads = seal, available_threads()
        self._find_places(memory)

    def _find_places(self, memory: Mapping[str, Tensor]) -> None:
        """Where input and states are put, and where output and new states lie."""
        early, late = slice(0, self.streams), slice(self.streams, 2 * self.streams)
        self.x = memory["input"][:, : self.input_size]
        self.old: dict[str, Tensor] = {}
        self.new: dict[str, Tensor] = {}
        for name in self.plan.graph.states:
            if f"state_{name}" in memory:
                history = memory[f"state_{name}"][:, : self.hidden_size]
                self.old[name], self.new[name] = history[early][None], history[late][None]
        source = memory.get("output")
        rows = memory["state_h"][late] if source is None else source[early]
        self.output = rows[:, : self.hidden_size]

    def run(
        self, parameters: Mapping[str, Tensor], x: Tensor, states: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]] | None:
        """The output (B, H) and new states (1, B, H); None where another thread takes a step.

        Args:
            parameters: Parameters by name, of the same sizes as before.
            x: Input, (B, I).
            states: States by name, (1, B, H).
        """
        if not self._lock.acquire(blocking=False):
            return None
        try:
            seal = digest(list(parameters.values()))
            if seal is None or seal != self.seal or self.threads != available_threads():
                self._lay_out(parameters, x, seal)
            self.x.copy_(x)
            for name, place in self.old.items():
                place.copy_(states[name])
            launch = self.launch
            ctypes.memset(launch.counters.data_ptr(), 0, launch.counters.nbytes)
            run_worker(launch.address, ctypes.addressof(launch.frame), launch.num_threads)
            # A state that no step reads is not carried.
            new = {name: self.new.get(name, value).clone() for name, value in states.items()}
            return self.output.clone(), new
        finally:
            self._lock.release()

    def fits(self, values: Sequence[Tensor], x: Tensor, states: Iterable[Tensor]) -> bool:
        """Whether it was made for parameters, an input and states of these sizes."""
        shape = (1, self.streams, self.hidden_size)
        return (
            x.dtype == self.x.dtype
            and x.shape == self.x.shape
            and [value.shape for value in values] == self.shapes
            and all(value.shape == shape for value in states)
        )
