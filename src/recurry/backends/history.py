"""Every state after every step of streams, which inference alone throws away.

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
) -> tuple[Float[Tensor, "N H"], dict[str, Float[Tensor, "N H"]]]:
    """The output and the states of a cell after each step, without gradients.

    Args:
        plan: The cell.
        job: Streams of one length, at least one step: x (T, B, I), states (B, H).

    Returns:
        Rows step by step, and in each step stream by stream: N is T * B.
    """
    request = Request(
        plan=plan, options=job.options, device=job.x.device.type, batch_size=job.x.shape[1]
    )
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
