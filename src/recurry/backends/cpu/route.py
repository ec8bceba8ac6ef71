"""Calls of one shape through the weights of one layer: what was found out once is not asked again.

Comes in: sizes, then inputs and states of these sizes. Goes out: what a backend's `run` gives.
Imports torch, digest, passes, recompute, recurrence, resident. Asking costs more than running a few
short steps.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from recurry.backends.cpu.digest import digest
from recurry.backends.cpu.passes import forward_pass, run_forwards
from recurry.backends.cpu.recompute import Recomputed
from recurry.backends.cpu.recurrence import Facts, Recurrence, parts_of
from recurry.backends.cpu.resident import Resident
from recurry.backends.cpu.scratch import give_back
from recurry.backends.cpu.threads import available_threads, run_worker
from recurry.backends.options import Memory
from recurry.backends.timeline import even_timeline
from recurry.backends.weights import StackCache
from recurry.compiler.plan import Plan


def run_all(
    facts: tuple[Facts, ...],
    caches: Sequence[StackCache],
    tensors: Sequence[Tensor | None],
    *,
    memory: Memory,
) -> Sequence[Tensor]:
    """Output and last states of each job, one after the other.

    Args:
        facts: About each job.
        caches: Where packed weights of each job are kept.
        tensors: Of each job: input, which of its rows are read, states, parameters.
        memory: How much is kept for the backward pass.
    """
    if is_recorded(tensors):
        function = Recurrence if memory == "default" else Recomputed
        # Transforms of functions have operators of their own, so there is nothing to unwrap.
        return super(torch.autograd.Function, function).apply(facts, caches, *tensors)  # type: ignore[misc]
    parts = parts_of(facts, tensors)
    given = [
        (fact.call(part, cache, teams=len(facts)), fact.state(part))
        for fact, part, cache in zip(facts, parts, caches, strict=True)
    ]
    made = run_forwards(given, [forward_pass(call, is_saving=False) for call, _ in given])
    return [tensor for output, final, _ in made for tensor in (output, *final)]


def is_recorded(tensors: Sequence[Tensor | None]) -> bool:
    """Whether gradients will be asked for."""
    return torch.is_grad_enabled() and True in [t is not None and t.requires_grad for t in tensors]


class Route:
    """One shape of input through a layer in one or two directions, all streams of one length.

    Args:
        plan: The cell.
        shape: (T, B, I) of the input; (B, I) for a single step.
        parameters: Parameters of the first direction, by name.
        hidden_size: H.
        directions: How many there are.
        is_rounded: Whether products read numbers rounded to bfloat16.
        memory: How much is kept for the backward pass.
    """

    def __init__(
        self,
        plan: Plan,
        shape: tuple[int, ...],
        parameters: Mapping[str, Tensor],
        hidden_size: int,
        *,
        directions: int,
        is_rounded: bool,
        memory: Memory,
    ) -> None:
        self.names, self.shape = plan.graph.states, shape
        self.memory: Memory = memory
        self.output_shape = (*shape[:-1], hidden_size)
        steps, streams = shape[0] if len(shape) == 3 else 1, shape[-2]
        self.rows_shape = (steps * streams, shape[-1])
        self._residents: dict[int, Resident] = {}
        self.facts = tuple(
            Facts(
                plan=plan,
                timeline=even_timeline(steps, streams, number == 1),
                states=self.names,
                parameters=tuple(parameters),
                hidden_size=hidden_size,
                is_identity=False,
                is_rounded=is_rounded,
            )
            for number in range(directions)
        )

    def run(
        self,
        x: Tensor,
        states: Sequence[Mapping[str, Tensor]],
        weights: Sequence[Mapping[str, Tensor]],
        caches: Sequence[StackCache],
    ) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
        """The outputs and the last states (1, B, H) of all directions.

        An output is (T, B, H), or (B, H) where the route is one of single steps.

        Args:
            x: Input of the shape of the route.
            states: For each direction, the states by name, (1, B, H) each.
            weights: For each direction, its parameters.
            caches: For each direction, where packed weights are kept.
        """
        if not torch.is_grad_enabled() and len(self.facts) == 1:
            found = self._infer(x, states[0], [*weights[0].values()], caches[0])
            if found is not None:
                return found
        rows, tensors = x.flatten(0, -2), list[Tensor | None]()
        for state, parameters in zip(states, weights, strict=True):
            tensors += (rows, None, *state.values(), *parameters.values())
        found = run_all(self.facts, caches, tensors, memory=self.memory)
        names, outputs, last = self.names, list[Tensor](), list[dict[str, Tensor]]()
        for start in range(0, len(found), 1 + len(names)):
            outputs.append(found[start].view(self.output_shape))
            last.append(dict(zip(names, found[start + 1 : start + 1 + len(names)], strict=True)))
        return outputs, last

    def _infer(
        self, x: Tensor, state: Mapping[str, Tensor], own: list[Tensor], cache: StackCache
    ) -> tuple[list[Tensor], list[dict[str, Tensor]]] | None:
        """The same without gradients where everything is decided and packed already."""
        threads = available_threads()
        resident = self._residents.get(threads)
        given, rows = [value.contiguous() for value in state.values()], x.contiguous()
        if resident is not None and x.dtype == resident.decision.dtype:
            found = resident.run(rows, given, own)
            if found is not None:
                return self._shaped(*found)
        decision = self.facts[0].decisions.get(threads)
        if decision is None or x.dtype != decision.dtype or not decision.fits(own):
            return None
        one = decision.passes.get((False, self.rows_shape, False))
        seal = digest(own, decision.sizes, threads=decision.threads)
        if seal is None or one is None or one.externals:
            return None
        weights = decision.sealed(seal, cache, is_identity=False).get(one)
        if weights is None:
            return None
        if resident is None and Resident.serves(one, decision):
            resident = self._residents[threads] = Resident(one, decision)
        if resident is not None:
            resident.adopt(own, seal, weights)
        begun = one.launch(rows, None, given, weights, [])
        launch = begun.launch
        run_worker(launch.address, launch.frame, launch.num_threads)
        give_back(begun.scratch)
        return self._shaped(begun.output, begun.final)

    def _shaped(
        self, output: Tensor, final: list[Tensor]
    ) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
        """What `run` gives of rows of output and last states."""
        if len(self.output_shape) == 3:
            output = output.view(self.output_shape)
        return [output], [dict(zip(self.names, final, strict=True))]
