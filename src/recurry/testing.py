"""Conformance suites that a stranger's cell inherits, and the one table of tolerances.

Comes in: a cell. Goes out: tests against five referees: the interpreter, finite differences, a
batch against its sequences alone, one run against two halves, a run against its single steps.

Example:
    class TestMine(CellConformance):
        cell = Cell.parse("h = tanh(W @ x + U @ h)", name="mine")
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from recurry.backends import Precision
from recurry.compiler.cell import Cell
from recurry.compiler.interpret import interpret_backward
from recurry.network.recurrent import Recurrent
from recurry.network.state import State


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far two values may be apart, relative to the largest of the expected ones or to 1.

    Args:
        relative: The bound.
        reason: Why no less, and why no more.
    """

    relative: float
    reason: str


TOLERANCES: Mapping[str, Tolerance] = {
    "interpreter_float64": Tolerance(
        relative=1e-12, reason="the same operations in another order: 1e-16 each, some thousands"
    ),
    "gradient_float64": Tolerance(
        relative=1e-7, reason="differences of fourth order leave about 1e-10; a wrong term far more"
    ),
    "interpreter_float32": Tolerance(
        relative=2e-5, reason="float32 rounds at 6e-8; a few hundred operations follow one another"
    ),
    "interpreter_bfloat16": Tolerance(
        relative=0.05, reason="what products read is rounded at 4e-3, and steps feed one another"
    ),
    "eager_bfloat16": Tolerance(
        relative=0.01,
        reason="functions exact to 2e-4, and a last bit of 4e-3 now and then on the other side",
    ),
    "torch_float32": Tolerance(
        relative=2e-6, reason="two float32 kernels of the same equations, over a few steps"
    ),
    "padding_float64": Tolerance(
        relative=1e-12, reason="products over other numbers of rows may round otherwise"
    ),
    "carried_float64": Tolerance(
        relative=1e-12, reason="the same products over other numbers of rows"
    ),
}


def distance(found: Tensor | np.ndarray, expected: Tensor | np.ndarray) -> float:
    """The largest difference, relative to the largest expected value or to 1."""
    a, b = (_plain(value) for value in (found, expected))
    assert a.shape == b.shape, f"shapes differ: {tuple(a.shape)} and {tuple(b.shape)}"
    if not a.numel():
        return 0.0
    return float((a - b).abs().max() / b.abs().max().clamp(min=1.0))


def _plain(value: Tensor | np.ndarray) -> Tensor:
    if isinstance(value, np.ndarray):
        return torch.tensor(value, dtype=torch.float64)
    return value.detach().to("cpu", torch.float64)


def assert_near(
    found: Tensor | np.ndarray, expected: Tensor | np.ndarray, tolerance: str, *, what: str = ""
) -> None:
    """Raise an AssertionError unless two values are as near as a row of `TOLERANCES` says."""
    row = TOLERANCES[tolerance]
    far = distance(found, expected)
    assert far <= row.relative, f"{what}: {far:.2e} apart, {row.relative:.0e} allowed"


class CellConformance:
    """Tests of one cell on one backend. Set `cell`, and `backend` where it is not `auto`."""

    cell: ClassVar[Cell]
    backend: ClassVar[str] = "auto"
    hidden_size: ClassVar[int] = 5

    @property
    def input_size(self) -> int:
        """3, or the hidden size where the cell wants both equal."""
        return self.hidden_size if self.cell.graph.needs_square else 3

    def layer(
        self, *, precision: Precision = "float64", bidirectional: bool = False, num_layers: int = 1
    ) -> Recurrent:
        """A layer with weights away from zero."""
        layer = Recurrent(
            self.cell,
            self.input_size,
            self.hidden_size,
            num_layers,
            bidirectional,
            backend=self.backend,
            precision=precision,
        )
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
        return layer

    def batch(
        self, layer: Recurrent, *, num_steps: int = 4, batch_size: int = 3
    ) -> tuple[Tensor, State]:
        """Random input and state that take gradients."""
        x = torch.randn(num_steps, batch_size, layer.input_size, dtype=layer.dtype)
        zeros = layer.initial_state(batch_size).to_dict()
        tensors = {name: torch.randn_like(value) for name, value in zeros.items()}
        state = State(tensors={name: value.requires_grad_() for name, value in tensors.items()})
        return x.requires_grad_(), state

    def test_output_equals_interpreter(self) -> None:
        for precision in ("float64", "float32", "bfloat16"):
            if precision == "bfloat16" and self.backend == "fused":
                continue
            layer = self.layer(precision=precision)
            x, state = self.batch(layer)
            expected = self.cell.interpret(_parameters(layer), _array(x), _arrays(state))
            with torch.no_grad():
                plain, _ = layer(x, state)
            output, final = layer(x, state)
            for found in (plain, output):
                assert_near(found, expected.output, f"interpreter_{precision}", what="output")
            for name, value in expected.state.items():
                assert_near(final[name][0], value, f"interpreter_{precision}", what=name)

    def test_gradients_equal_interpreter(self) -> None:
        layer = self.layer()
        x, state = self.batch(layer)
        output, final = layer(x, state)
        by_output = torch.randn_like(output)
        by_state = {name: torch.randn_like(value) for name, value in final.to_dict().items()}
        _loss(output, final, by_output, by_state).backward()
        expected = interpret_backward(
            self.cell.graph,
            _parameters(layer),
            _array(x),
            _arrays(state),
            _array(by_output),
            {name: _array(value[0]) for name, value in by_state.items()},
        )
        assert x.grad is not None
        assert_near(x.grad, expected.x, "interpreter_float64", what="x")
        for name, value in expected.state.items():
            gradient = state[name].grad
            assert gradient is not None
            assert_near(gradient[0], value, "interpreter_float64", what=name)
        for name, parameter in _named(layer).items():
            found = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
            assert_near(found, expected.parameters[name], "interpreter_float64", what=name)

    def test_gradients_equal_finite_differences(self) -> None:
        layer = self.layer(num_layers=1)
        x, state = self.batch(layer, num_steps=3, batch_size=2)
        leaves = [x, *state.to_dict().values(), *layer.parameters()]
        output, final = layer(x, state)
        by_output = torch.randn_like(output)
        by_state = {name: torch.randn_like(value) for name, value in final.to_dict().items()}
        _loss(output, final, by_output, by_state).backward()

        def loss() -> float:
            output, final = layer(x, state)
            return _loss(output, final, by_output, by_state).item()

        for leaf in leaves:
            direction = torch.randn_like(leaf)
            gradient = leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)
            found = (gradient * direction).sum()
            numeric = _directional(loss, leaf, direction)
            assert_near(found, torch.tensor(numeric), "gradient_float64", what="gradient")

    def test_padding_changes_nothing(self) -> None:
        lengths = [4, 0, 2, 4, 1]
        # A cell that wants I == H cannot read both directions of a layer below.
        num_layers = 1 if self.cell.graph.needs_square else 2
        layer = self.layer(bidirectional=True, num_layers=num_layers)
        x, state = self.batch(layer, batch_size=len(lengths))
        with torch.no_grad():
            for stream, length in enumerate(lengths):
                x[length:, stream] = float("nan")
        output, final = layer(x, state, lengths=lengths)
        gradients = _weight_gradients(output, layer)
        alone = [torch.zeros_like(gradient) for gradient in gradients]
        for stream, length in enumerate(lengths):
            mine = state.index([stream])
            expected, last = layer(x[:length, stream : stream + 1], mine)
            found = output[:, stream : stream + 1]
            assert_near(found[:length], expected, "padding_float64", what=f"stream {stream}")
            assert not found[length:].any(), "padding of the output is not zero"
            for name in state.names:
                row = final[name][:, stream : stream + 1]
                assert_near(row, last[name], "padding_float64", what=name)
            if length:
                parts = _weight_gradients(expected, layer)
                alone = [a + b for a, b in zip(alone, parts, strict=True)]
        for together, apart in zip(gradients, alone, strict=True):
            assert_near(together, apart, "padding_float64", what="gradient")

    def test_two_halves_equal_one_run(self) -> None:
        layer = self.layer(num_layers=2)
        x, state = self.batch(layer, num_steps=6)
        whole, final = layer(x, state)
        first, between = layer(x[:3], state)
        second, last = layer(x[3:], between)
        assert_near(torch.cat([first, second]), whole, "carried_float64", what="output")
        for name in final.names:
            assert_near(last[name], final[name], "carried_float64", what=name)
        found = _weight_gradients(torch.cat([first, second]), layer)
        for a, b in zip(found, _weight_gradients(whole, layer), strict=True):
            assert_near(a, b, "carried_float64", what="gradient")

    def test_steps_equal_one_run(self) -> None:
        layer = self.layer(num_layers=2)
        x, state = self.batch(layer)
        whole, final = layer(x, state)
        for number, x_t in enumerate(x):
            output, state = layer.step(x_t, state)
            assert_near(output, whole[number], "carried_float64", what=f"step {number}")
        for name in final.names:
            assert_near(state[name], final[name], "carried_float64", what=name)

    def test_edge_sizes(self) -> None:
        layer = self.layer(bidirectional=True)
        for num_steps, batch_size in ((0, 3), (1, 1), (1, 3), (7, 1), (2, 0)):
            x, state = self.batch(layer, num_steps=num_steps, batch_size=batch_size)
            output, final = layer(x, state)
            assert output.shape == (num_steps, batch_size, 2 * self.hidden_size)
            _loss(output, final, torch.ones_like(output), final.detach().to_dict()).backward()
            if num_steps == 0:
                assert all(torch.equal(final[name], state[name]) for name in state.names)

    def test_strided_weights_and_input(self) -> None:
        layer = self.layer()
        x, state = self.batch(layer)
        expected, _ = layer(x, state)
        for parameter in layer.parameters():
            if parameter.dim() == 2:
                parameter.data = parameter.data.t().contiguous().t()
        strided = x.detach().transpose(0, 2).contiguous().transpose(0, 2)
        assert_near(layer(strided, state)[0], expected, "carried_float64", what="output")


def _parameters(layer: Recurrent) -> dict[str, np.ndarray]:
    return {name: _array(value) for name, value in _named(layer).items()}


def _named(layer: Recurrent) -> dict[str, Tensor]:
    """The parameters of the first layer, by their names in the equations."""
    prefix = "layers.0.forward."
    named = layer.named_parameters()
    return {name[len(prefix) :]: value for name, value in named if name.startswith(prefix)}


def _array(value: Tensor) -> np.ndarray:
    return value.detach().to(torch.float64).numpy()


def _arrays(state: State) -> dict[str, np.ndarray]:
    return {name: _array(value[0]) for name, value in state.to_dict().items()}


def _loss(
    output: Tensor, final: State, by_output: Tensor, by_state: Mapping[str, Tensor]
) -> Tensor:
    """A number whose gradients by output and state are the given ones."""
    shares = [(final[name] * gradient).sum() for name, gradient in by_state.items()]
    return (output * by_output).sum() + sum(shares)


def _weight_gradients(output: Tensor, layer: Recurrent) -> tuple[Tensor, ...]:
    """The gradients of a sum of squares by all weights; none for a cell without parameters."""
    weights = list(layer.parameters())
    return torch.autograd.grad(output.square().sum(), weights, retain_graph=True) if weights else ()


def _directional(loss, leaf: Tensor, direction: Tensor) -> float:
    """The derivative of a loss along a direction, by differences of fourth order."""
    size, start = 1e-5, leaf.detach().clone()

    def at(steps: int) -> float:
        with torch.no_grad():
            leaf.copy_(start + steps * size * direction)
            value = loss()
            leaf.copy_(start)
        return value

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * size)
