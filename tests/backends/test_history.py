"""States after every step, by kernels and step by step."""

from dataclasses import replace

import pytest
import torch

from recurry.backends import Job, RunOptions, Symbols
from recurry.backends.cpu import CpuBackend
from recurry.backends.history import run_history
from recurry.cells import cell


def _job(name: str, *, steps: int = 7, zoneout: float = 0.0) -> Job:
    found = cell(name)
    return Job(
        parameters={
            name: torch.randn(shape) * 0.3 for name, shape in found.parameter_shapes(6, 6).items()
        },
        x=torch.randn(steps, 1, 6),
        state={name: torch.randn(1, 6) for name in found.states},
        lengths=None,
        options=RunOptions(zoneout=zoneout),
    )


@pytest.mark.parametrize("name", ["lstm", "gru", "sru", "scrn", "mut2"])
@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("zoneout", [0.0, 0.25])
def test_kernels_and_single_steps_agree(monkeypatch, name, steps, zoneout):
    job = _job(name, steps=steps, zoneout=zoneout)
    output, states = run_history(cell(name).plan, job)
    with monkeypatch.context() as patch:
        patch.setattr(CpuBackend, "refusal", lambda *_: "it is switched off")
        expected, steps_of = run_history(cell(name).plan, job)
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-5)
    assert set(states) == set(cell(name).states)
    for state, values in states.items():
        torch.testing.assert_close(values, steps_of[state], atol=1e-5, rtol=1e-5)


def test_streams_side_by_side_are_as_each_alone():
    jobs = [_job("lstm"), _job("lstm")]
    both = replace(
        jobs[0],
        x=torch.cat([job.x for job in jobs], 1),
        state={name: torch.cat([job.state[name] for job in jobs]) for name in ("h", "c")},
    )
    output, states = run_history(cell("lstm").plan, both)
    for number, job in enumerate(jobs):
        alone, known = run_history(cell("lstm").plan, replace(job, parameters=both.parameters))
        torch.testing.assert_close(output[number::2], alone, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(states["c"][number::2], known["c"], atol=1e-5, rtol=1e-5)


def test_symbols_in_place_of_vectors():
    job = _job("lstm")
    table, ids = torch.randn(4, 6), torch.tensor([[1], [3], [0], [2], [2], [1], [0]])
    symbols = Symbols(ids=ids, table=table, num_symbols=4, dtype=torch.float32)
    found = run_history(cell("lstm").plan, replace(job, x=symbols))
    expected = run_history(cell("lstm").plan, replace(job, x=table[ids]))
    torch.testing.assert_close(found[0], expected[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found[1]["c"], expected[1]["c"], atol=1e-5, rtol=1e-5)
