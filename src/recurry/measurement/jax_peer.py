"""JAX: the same equations in `lax.scan`, compiled by XLA.

Comes in: a case. Goes out: runs. Imports jax inside what needs it, plain, peer.
"""

import importlib.util
import os
from collections.abc import Callable
from typing import Any

import torch

from recurry.measurement.case import Case
from recurry.measurement.clock import Run
from recurry.measurement.peer import Numbers
from recurry.measurement.plain import jax_functions, make_step

# How XLA is told to stay in one thread; it is read when jax is first used.
_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class JaxScan:
    """The equations in `lax.scan` under `jit`, in float32."""

    name = "jax"

    def refusal(self, case: Case) -> str | None:
        """It is an optional package, and computes in float32 unless the whole process does not."""
        if importlib.util.find_spec("jax") is None:
            return "it is not installed: pip install 'recurry[bench]'"
        if case.precision != "float32":
            return "it is measured in float32"
        if case.lengths is not None:
            return "a scan knows no lengths"
        if torch.get_num_threads() not in (1, os.cpu_count()):
            return "it takes one thread or all of them"
        return None

    def prepare(self, numbers: Numbers) -> Run:
        """A compiled function that is waited for."""
        if torch.get_num_threads() == 1:
            os.environ.setdefault("XLA_FLAGS", _ONE_THREAD)
        import jax

        case = numbers.case
        step = make_step(case.cell, jax_functions())
        weights = {name: jax.numpy.asarray(value) for name, value in numbers.weights.items()}
        x = jax.numpy.asarray(numbers.x)
        zeros = jax.numpy.zeros((case.shape.batch_size, case.shape.hidden_size), x.dtype)
        state = (zeros,) * len(case.cell.states)
        if case.kind == "step":
            return _steps(jax, step, weights, x, state)

        def along_time(weights: dict, x: Any) -> Any:
            return jax.lax.scan(lambda s, x_t: step(x_t, *s, **weights)[::-1], state, x)[1]

        if case.kind == "inference":
            infer = jax.jit(along_time)
            return lambda: jax.block_until_ready(infer(weights, x))
        gradient = jax.numpy.asarray(numbers.gradient)

        def back(weights: dict, x: Any, gradient: Any) -> Any:
            return jax.vjp(along_time, weights, x)[1](gradient)[::-1]

        train = jax.jit(back)
        return lambda: jax.block_until_ready(train(weights, x, gradient))


def _steps(jax: Any, step: Callable, weights: dict, x: Any, state: tuple) -> Run:
    compiled = jax.jit(lambda weights, x, state: step(x, *state, **weights))

    def once() -> Any:
        nonlocal state
        output, state = jax.block_until_ready(compiled(weights, x, state))
        return output

    return once
