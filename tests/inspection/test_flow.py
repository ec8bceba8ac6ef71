"""Gradients at earlier steps are those of finite differences, and powers of a linear matrix."""

import numpy as np
import pytest
import torch

from recurry.compiler.cell import Cell
from recurry.errors import EquationError, UsageError
from recurry.inspection.flow import LayerFlow, fresh_layers, measure_flow
from recurry.network.recurrent import Recurrent

SIZE, INPUT, REACH = 3, 2, 6


def _layers(cell, *, num_layers: int = 1, bidirectional: bool = False, **more) -> Recurrent:
    torch.manual_seed(1)
    return Recurrent(
        cell, INPUT, SIZE, num_layers, bidirectional, precision="float64", **more
    )  # fmt: skip


def _loss(width: int):
    weights = torch.linspace(0.3, 1.0, width, dtype=torch.float64)
    return lambda hidden: torch.tanh(hidden) @ weights


def _step(cell: Cell, values, x: np.ndarray, old, *, at: str = "", shift=0.0):
    """The output and states after one step, in which a name is shifted where it is assigned.

    What is assigned before it is as it was; all that comes after it is made of the shifted value.
    """
    names = dict(values) | {"x": x} | {name: value[0] for name, value in (old or {}).items()}
    names |= {name: np.zeros(SIZE) for name in cell.states if name not in names}
    for line in cell.equations.splitlines():
        name, _, text = line.partition(" = ")
        names[name] = eval(text, _FUNCTIONS, names) + (shift if name == at else 0.0)
    return names["h"], {name: names[name][None] for name in cell.states}


_FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "relu": lambda a: np.maximum(a, 0),
}


def _replayed(layers: Recurrent, x: torch.Tensor, loss, *, at, shift) -> float:
    """The loss of an own loop over steps in which one state of one layer is shifted at one step."""
    states, hidden = {}, None
    for step, entering in enumerate(x[:, 0].numpy()):
        below = entering
        for index, layer in enumerate(layers.layers):
            values = {n: p.detach().numpy() for n, p in layer.forward.tensors().items()}
            name = at[2] if at[:2] == (step, index) else ""
            out, states[index] = _step(
                layers.cell, values, below, states.get(index), at=name, shift=shift
            )
            below = out + below if layers.has_residual and index else out
        hidden = below
    return float(loss(torch.from_numpy(hidden)[None])[0])


# A state that the same step never reads, and an output that another state is made of.
LATE = Cell.parse("h = tanh(W @ x + U @ h + c)\nc = 0.9 * c + V @ x", name="late")
BELOW = Cell.parse("h = tanh(W @ x + U @ h + v * s)\ns = 0.5 * s + u * h", name="below")


def test_the_own_step_is_that_of_the_equations():
    for name in ("lstm_peephole", "gru", "scrn", LATE, BELOW):
        layers = _layers(name)
        values = {n: p.detach().numpy() for n, p in layers.layers[0].forward.tensors().items()}
        x, states = np.random.default_rng(0).normal(size=(4, 1, 1, INPUT)), None
        state = None
        for now in x:
            run = layers.cell.interpret(values, now, state)
            out, states = _step(layers.cell, values, now[0, 0], states)
            state = run.state
            np.testing.assert_allclose(out, run.output[0, 0], rtol=1e-12)
            for key, value in run.state.items():
                np.testing.assert_allclose(states[key], value, rtol=1e-12)


@pytest.mark.parametrize(
    "cell", ["rnn", "lstm", "gru", "lstm_peephole", "indrnn", "mgu", "scrn", LATE, BELOW]
)
@pytest.mark.parametrize(("num_layers", "has_residual"), [(1, False), (2, False), (3, True)])
def test_norms_are_those_of_finite_differences(cell, num_layers, has_residual):
    layers = _layers(cell, num_layers=num_layers, has_residual=has_residual)
    x, loss = torch.randn(REACH + 1, 1, INPUT, dtype=torch.float64), _loss(SIZE)
    flows = measure_flow(layers, x, loss, reach=REACH)
    assert {flow.layer for flow in flows} == set(range(num_layers))
    assert {flow.state for flow in flows} == {"h", *layers.cell.states}
    for flow in flows:
        for k in (0, 1, REACH // 2, REACH):
            slopes = []
            for unit in range(SIZE):
                step = 1e-6 * np.eye(SIZE)[unit]
                at = (REACH - k, flow.layer, flow.state)
                up, down = (_replayed(layers, x, loss, at=at, shift=s) for s in (step, -step))
                slopes.append((up - down) / 2e-6)
            assert flow.norms[k, 0] == pytest.approx(np.linalg.norm(slopes), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_a_loss_is_felt_by_the_c_of_its_own_step(num_layers):
    """In the last layer by way of `h = o * tanh(c)`, whose slope is known."""
    layers = _layers("lstm", num_layers=num_layers)
    x, weights = torch.randn(REACH + 1, 1, INPUT, dtype=torch.float64), torch.ones(SIZE).double()
    flows = measure_flow(layers, x, lambda hidden: hidden @ weights, reach=REACH)
    (flow,) = (f for f in flows if f.state == "c" and f.layer == num_layers - 1)
    below, values = x.numpy(), {}
    for layer in layers.layers:
        tensors = {n: p.detach().numpy() for n, p in layer.forward.tensors().items()}
        values = layers.cell.interpret(tensors, below).values
        below = values["h"]
    slope = values["o"][-1, 0] * (1 - np.tanh(values["c"][-1, 0]) ** 2)
    assert flow.norms[0, 0] == pytest.approx(np.linalg.norm(slope), rel=1e-12)
    assert all(f.norms[0, 0] > 0 for f in flows)


def test_a_state_that_only_the_next_step_reads_is_felt_from_there_on():
    layers = _layers(LATE)
    flows = measure_flow(
        layers, torch.randn(3, 1, INPUT, dtype=torch.float64), _loss(SIZE), reach=2
    )
    (flow,) = (f for f in flows if f.state == "c")
    assert flow.norms[0, 0] == 0
    assert flow.norms[1, 0] > 0
    assert flow.shares[:2].tolist() == [0.0, 1.0]


def test_a_linear_cell_gives_powers_of_its_matrix():
    layers = _layers(Cell.parse("h = W @ x + U @ h", name="linear"))
    matrix = layers.layers[0].forward.tensors()["U"].detach().numpy() * 1.3
    layers.layers[0].forward._parameters["U"].data.copy_(torch.from_numpy(matrix))
    weights = torch.tensor([0.2, -1.0, 0.5], dtype=torch.float64)
    x = torch.randn(41, 2, INPUT, dtype=torch.float64)
    (flow,) = measure_flow(layers, x, lambda hidden: hidden @ weights, reach=40)
    wanted = [
        np.linalg.norm(np.linalg.matrix_power(matrix.T, k) @ weights.numpy()) for k in range(41)
    ]
    for stream in range(2):
        np.testing.assert_allclose(flow.norms[:, stream], wanted, rtol=1e-12)


def test_a_diagonal_linear_cell_fades_and_explodes_as_its_factor_says():
    layers = _layers(Cell.parse("h = W @ x + u * h", name="leaky"))
    for factor in (0.99, 1.01):
        layers.layers[0].forward._parameters["u"].data.fill_(factor)
        x = torch.randn(201, 1, INPUT, dtype=torch.float64)
        (flow,) = measure_flow(layers, x, lambda hidden: hidden.sum(1), reach=200)
        np.testing.assert_allclose(
            flow.median / flow.median[0], factor ** np.arange(201), rtol=1e-9
        )


def test_layers_that_read_both_ways_are_felt_from_both_sides():
    layers = _layers("gru", num_layers=2, bidirectional=True)
    x = torch.randn(2 * REACH + 1, 1, INPUT, dtype=torch.float64)
    flows = measure_flow(layers, x, _loss(2 * SIZE), reach=REACH)
    assert {flow.direction for flow in flows} == {"forward", "backward"}
    turned = {(f.layer, f.direction): f.norms for f in flows}
    assert all(np.isfinite(norms).all() and norms[0] > 0 for norms in turned.values())
    # Of the first layer, what is turned round in time changes places with its mirror.
    for layer in layers.layers:
        ahead, back = layer.directions()
        for name, value in ahead.tensors().items():
            other = back.tensors()[name]
            first, second = value.detach().clone(), other.detach().clone()
            if name.startswith("W") and layer is layers.layers[1]:
                first, second = (m.roll(SIZE, 1) for m in (first, second))
            value.data.copy_(second)
            other.data.copy_(first)
    weights = torch.linspace(0.3, 1.0, 2 * SIZE, dtype=torch.float64).roll(SIZE)
    mirrored = measure_flow(
        layers, x.flip(0), lambda hidden: torch.tanh(hidden) @ weights, reach=REACH
    )
    for flow in mirrored:
        other = "backward" if flow.direction == "forward" else "forward"
        np.testing.assert_allclose(flow.norms, turned[flow.layer, other], rtol=1e-10)


def test_steps_before_only_bring_the_states_to_where_they_are():
    layers = _layers("lstm", num_layers=2)
    x = torch.randn(REACH + 11, 1, INPUT, dtype=torch.float64)
    warm = measure_flow(layers, x, _loss(SIZE), reach=REACH, num_warm=10)
    whole = measure_flow(layers, x, _loss(SIZE), reach=REACH)
    for one, other in zip(warm, whole, strict=True):
        np.testing.assert_allclose(one.norms, other.norms, rtol=1e-10)


def test_kernels_and_eager_operations_agree():
    x = torch.randn(REACH + 1, 4, INPUT)
    found = []
    for backend in ("auto", "eager"):
        torch.manual_seed(1)
        layers = Recurrent("lstm", INPUT, 16, 2, backend=backend)
        found.append(measure_flow(layers, x, lambda hidden: hidden.sum(1), reach=REACH))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.norms, other.norms, rtol=1e-4)


def test_no_weight_has_a_gradient_afterwards():
    layers = _layers("lstm")
    measure_flow(layers, torch.randn(5, 1, INPUT, dtype=torch.float64), _loss(SIZE), reach=4)
    assert all(weight.grad is None for weight in layers.parameters())


def test_fresh_layers_have_the_same_sizes_and_their_own_weights():
    layers = _layers("lstm", num_layers=2)
    state = torch.random.get_rng_state()
    one, other, gru = (fresh_layers(layers, cell) for cell in (layers.cell, "lstm", "gru"))
    assert torch.equal(state, torch.random.get_rng_state())
    assert (gru.cell.name, gru.num_layers, gru.hidden_size) == ("gru", 2, SIZE)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    assert any(
        not torch.equal(a, c) for a, c in zip(one.parameters(), layers.parameters(), strict=True)
    )
    with pytest.raises(EquationError):
        fresh_layers(layers, "mut1")


def test_medians_and_quartiles_are_over_places():
    flow = LayerFlow(
        layer=0, direction="forward", state="h", norms=np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 4.0]])
    )
    assert flow.median.tolist() == [2.0, 0.0]
    assert flow.quartiles[1].tolist() == [2.5, 2.0]


def test_a_cell_that_remembers_nothing_is_refused():
    layers = _layers(Cell.parse("h = tanh(W @ x)", name="blind"))
    with pytest.raises(UsageError, match="carries no state"):
        measure_flow(layers, torch.randn(3, 1, INPUT), _loss(SIZE), reach=2)
