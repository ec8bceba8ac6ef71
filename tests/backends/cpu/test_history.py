"""States after each step as the kernels leave them."""

import numpy as np
import pytest
import torch

from recurry.backends import Job, RunOptions
from recurry.backends.cpu import CpuBackend
from recurry.cells import cell


@pytest.mark.parametrize("size", [3, 16, 33])
def test_histories_are_those_of_the_equations(size):
    lstm = cell("lstm")
    weights = {
        name: torch.randn(shape, dtype=torch.float64) * 0.4
        for name, shape in lstm.parameter_shapes(5, size).items()
    }
    x = torch.randn(9, 1, 5, dtype=torch.float64)
    state = {name: torch.randn(1, size, dtype=torch.float64) for name in ("h", "c")}
    job = Job(parameters=weights, x=x, state=state, lengths=None, options=RunOptions())
    with torch.no_grad():
        output, states = CpuBackend().run_history(lstm.plan, job)
    expected = lstm.interpret(
        {name: value.numpy() for name, value in weights.items()},
        x.numpy(),
        {name: value.numpy() for name, value in state.items()},
    )
    np.testing.assert_allclose(output, expected.output[:, 0], atol=1e-9)
    for name in ("h", "c"):
        np.testing.assert_allclose(states[name], expected.values[name][:, 0], atol=1e-9)
