"""Output and states after each step, as the kernels of training leave them for the backward pass.

Comes in: tensors, and the facts about them. Goes out: values of every row. Imports torch, passes,
recurrence, rows.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from recurry.backends.cpu.passes import run_forward
from recurry.backends.cpu.recurrence import Facts
from recurry.backends.cpu.rows import take
from recurry.backends.weights import StackCache


def run_history(
    facts: Facts, tensors: Sequence[Tensor | None], cache: StackCache
) -> tuple[Float[Tensor, "N H"], dict[str, Float[Tensor, "N H"]]]:
    """The output and the states after the step of each row, in one call of the kernels.

    Args:
        facts: About the tensors.
        tensors: Input, which of its rows are read, states, parameters.
        cache: Where packed weights are kept.
    """
    call = facts.call(tensors, cache, teams=1)
    initial = dict(zip(facts.states, facts.state(tensors), strict=True))
    made = run_forward(call, initial, is_saving=True)
    states = {
        name: take(made.buffers[f"state_{name}"], call.rows.new)[:, : facts.hidden_size]
        for name in facts.states
    }
    return made.output, states
