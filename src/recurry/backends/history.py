"""Every state after every step of one stream, which inference alone throws away.

Comes in: a plan, weights, an input, a state. Goes out: values for each state. Imports torch, the
compiler and the table of backends.
"""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from recurry.backends.cpu import CpuBackend
from recurry.backends.options import Job, Request
from recurry.backends.symbols import as_vectors
from recurry.backends.table import choose_backend
from recurry.compiler.plan import Plan

_COMPILED = CpuBackend()


def run_history(
    plan: Plan, job: Job
) -> tuple[Float[Tensor, "T H"], dict[str, Float[Tensor, "T H"]]]:
    """The output and the states of a cell after each step, without gradients.

    Args:
        plan: The cell.
        job: One stream of at least one step: x (T, 1, I), states (1, H).
    """
    request = Request(plan=plan, options=job.options, device=job.x.device.type, batch_size=1)
    with torch.no_grad():
        if _COMPILED.refusal(request) is None:
            return _COMPILED.run_history(plan, job)
        return _step_by_step(plan, job, request)


def _step_by_step(plan: Plan, job: Job, request: Request) -> tuple[Tensor, dict[str, Tensor]]:
    """The same where kernels do not run: one call a step."""
    backend, state = choose_backend("auto", replace(request, num_steps=1)), dict(job.state)
    outputs: list[Tensor] = []
    steps: dict[str, list[Tensor]] = {name: [] for name in state}
    for x in as_vectors(job.x).split(1):
        output, state = backend.run(
            plan, job.parameters, x, state, lengths=None, options=job.options
        )
        outputs.append(output[0])
        for name, value in state.items():
            steps[name].append(value)
    return torch.cat(outputs), {name: torch.cat(values) for name, values in steps.items()}
