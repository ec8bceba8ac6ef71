"""What the tests of the compiled backend share: cells, calls, and a folder for kernels."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.emitter import Lanes, Module
from recurry.backends.cpu.frame import Split
from recurry.backends.cpu.inputs import InputRows
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.kernels import kernels
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.passes import Ends, run_backward, run_forward
from recurry.backends.cpu.rows import make_rows
from recurry.backends.timeline import make_timeline
from recurry.compiler.cell import Cell
from recurry.compiler.interpret import interpret, interpret_backward

ALONE = Split()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One comparison with the interpreter.

    Args:
        cell: The cell.
        sizes: T, B, I and H.
        is_fused: Whether the input is multiplied in the loop.
        is_reversed: Whether time runs backwards.
        split: How threads share the work.
        dtype: Of all tensors.
        is_rounded: Whether products read bfloat16.
    """

    cell: Cell
    sizes: tuple[int, int, int, int] = (5, 3, 10, 37)  # more than one block of units
    is_fused: bool = False
    is_reversed: bool = False
    split: Split = ALONE
    dtype: torch.dtype = torch.float64
    is_rounded: bool = False

    def worst_error(self, rng: np.random.Generator) -> tuple[float, str]:
        """The greatest relative error of all outputs, states and gradients, and whose it is."""
        steps, streams, input_size, size = self.sizes
        input_size = size if self.cell.graph.needs_square else input_size
        shapes = self.cell.parameter_shapes(input_size, size)
        parameters = {name: 0.4 * rng.standard_normal(shape) for name, shape in shapes.items()}
        x = rng.standard_normal((steps, streams, input_size))
        state = {name: rng.standard_normal((streams, size)) / 2 for name in self.cell.states}
        gradient = rng.standard_normal((steps, streams, size))
        ends = {name: rng.standard_normal((streams, size)) for name in self.cell.states}
        timeline = make_timeline((streams,) * steps, streams, self.is_reversed)
        bits = 16 if self.is_rounded else 64 if self.dtype == torch.float64 else 32
        call = Call(
            kernels=kernels(self.cell.plan, bits=bits, is_fused=self.is_fused),
            parameters={name: self._tensor(value) for name, value in parameters.items()},
            input=InputRows(values=self._tensor(x).flatten(0, 1)),
            rows=make_rows(timeline),
            hidden_size=size,
            split=self.split,
        )
        turn = (lambda a: a[::-1].copy()) if self.is_reversed else (lambda a: a)
        found = self._run(call, state, gradient, ends)
        expected = interpret(self.cell.graph, parameters, turn(x), state)
        back = interpret_backward(self.cell.graph, parameters, turn(x), state, turn(gradient), ends)
        exact = {"output": turn(expected.output), "x": turn(back.x)}
        exact |= {f"last {name}": value for name, value in expected.state.items()}
        exact |= {f"first {name}": value for name, value in back.state.items()}
        exact |= back.parameters
        exact["inference"] = exact["output"]
        return max((_error(found.get(name), value), name) for name, value in exact.items())

    def _run(
        self,
        call: Call,
        state: Mapping[str, np.ndarray],
        gradient: np.ndarray,
        last: Mapping[str, np.ndarray],
    ) -> dict[str, Tensor]:
        initial = {name: self._tensor(value) for name, value in state.items()}
        made = run_forward(call, initial, is_saving=True)
        inference = run_forward(call, initial, is_saving=False)
        ends = Ends(
            buffers=made.buffers,
            output=self._tensor(gradient).flatten(0, 1),
            state={name: self._tensor(value) for name, value in last.items()},
        )
        back = run_backward(call, ends)
        for name, value in inference.final.items():
            torch.testing.assert_close(value, made.final[name])
        assert back.x is not None
        return {
            "output": made.output,
            "inference": inference.output,
            "x": back.x,
            **{f"last {name}": value for name, value in made.final.items()},
            **{f"first {name}": value for name, value in back.state.items()},
            **back.parameters,
        }

    def _tensor(self, value: np.ndarray) -> Tensor:
        return torch.tensor(np.ascontiguousarray(value), dtype=self.dtype)


def _error(found: Tensor | None, exact: np.ndarray) -> float:
    """Relative to the largest exact value; what is not there counts as zero."""
    value = np.zeros(exact.shape) if found is None else found.double().numpy()
    assert np.isfinite(value).all()
    difference = np.abs(value.reshape(exact.shape) - exact).max(initial=0.0)
    return float(difference / max(np.abs(exact).max(initial=0.0), 1e-12))


def _run_function(function: Callable[..., str], *arguments: Tensor) -> Tensor:
    """The function over whole tensors, a register at a time."""
    machine, bits = host(), arguments[0].element_size() * 8
    lanes = Lanes(bits=bits, count=machine.vector_bytes * 8 // bits)
    module = Module(machine, lanes)
    with (
        module.function("apply", "ptr %out, ptr %a, ptr %b, i64 %n", is_exported=True) as e,
        e.loop("0", "%n", lanes.count) as at,
    ):
        names = ["%a", "%b"][: len(arguments)]
        given = [e.load(e.move(name, at)) for name in names]
        e.store(function(e, *given), e.move("%out", at))
    code = compile_module(str(module), ("apply",))
    count = -(-arguments[0].numel() // lanes.count) * lanes.count
    padded = [torch.nn.functional.pad(a, (0, count - a.numel())) for a in arguments]
    out = torch.empty_like(padded[0])
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)(code.addresses["apply"])
    call(out.data_ptr(), padded[0].data_ptr(), padded[-1].data_ptr(), count)
    return out[: arguments[0].numel()]


@pytest.fixture
def run_function():
    """Runs what an emitter's function writes over whole tensors."""
    return _run_function


@pytest.fixture
def kernel_folder(tmp_path, monkeypatch):
    """A folder of its own for compiled kernels."""
    monkeypatch.setenv("RECURRY_KERNEL_CACHE", str(tmp_path / "kernels"))
    return tmp_path / "kernels"


@pytest.fixture
def run_with_features(tmp_path):
    """Runs a script, which saves tensors to `path`, as on a processor with these features only."""

    def run(script: str, features: str | None) -> list[Tensor]:
        path = tmp_path / f"{features}.pt"
        chosen = {} if features is None else {"RECURRY_CPU_FEATURES": features}
        text = f"path = {str(path)!r}\n{script}"
        subprocess.run([sys.executable, "-c", text], check=True, env=os.environ | chosen)
        return torch.load(path)

    return run


@pytest.fixture
def make_case():
    """Makes comparisons: a cell, then facts by name."""
    return lambda cell, **facts: Case(cell=cell, **facts)


@pytest.fixture
def set_threads():
    """Sets torch's number of threads until the test ends."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
