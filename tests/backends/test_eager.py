"""Every built-in cell on the time loop, against all referees; masks of zoneout; bfloat16."""

import numpy as np
import pytest
import torch

from recurry.cells import cell, cells
from recurry.compiler.cell import Cell
from recurry.compiler.random_cell import random_cell
from recurry.errors import RecurryError
from recurry.network.dropout import Dropout
from recurry.network.recurrent import Recurrent
from recurry.testing import CellConformance, assert_near

# Cells in the literature leave some corners of the lowering unvisited; these visit them.
ODD_CELLS = {
    "linear": "h = W @ x + U @ h",
    "shifted": "h = tanh(W @ x + U @ c)\nc = d\nd = U_d @ h + d",
    "late_product": "c = U @ c + V @ h + W @ x\nh = tanh(c) * sigmoid(U @ c)",
    "shared_matrix": "z = sigmoid(U @ h + b)\nh = z * h + tanh(U @ (z * h) + W @ x + b)",
    "fixed": "a = exp(p)\nh = a * h + tanh(U @ b + W @ x) / (1 + a)",
    "stateless_output": "c = tanh(U @ c + W @ x)\nh = relu(V @ c - b) + softplus(q)",
    "twice": "h = tanh(A @ h + B @ h + W @ x + V @ tanh(x))",
    "functions": "a = silu(W @ x) + gelu(U @ h)\n"
    "h = maximum(a, b) * minimum(hard_sigmoid(h), abs(a)) - sqrt(exp(-log(2 + a * a)))",
    "square": "h = tanh(x * (U @ h) + x)",
    "copies_input": "c = tanh(U @ c + x)\nh = x - c / 2",
    "no_state": "h = tanh(W @ x)",
    "no_state_gated": "z = sigmoid(V @ x + b)\nh = z * tanh(W @ x) + (1 - z) * c",
    "no_state_deep": "h = tanh(A @ relu(B @ tanh(W @ x) + b))",
    "deep": "h = tanh(A @ relu(B @ tanh(W @ x) + b)) + U @ h",
    "deep_in_loop": "h = tanh(U @ h + A @ tanh(B @ tanh(W @ x)))",
    "deep_linear": "h = A @ (B @ x) + h / 2",
    "linear_state": "c = tanh(U @ h) + V @ c\nh = h + tanh(c) + W @ x",
    "no_matrix": "h = tanh(x)",
    "no_parameter": "h = h / 2 + x",
    "old_output": "h = c\nc = tanh(W @ x + U @ c)",
    "delay_line": "h = tanh(W @ x + U @ third)\nthird = second\nsecond = first\nfirst = h",
    "vector_state": "h = tanh(W @ x + c)\nc = p",
    # 2 ** 69 terms if one takes all sums apart.
    "doubled": "a0 = W @ x + U @ h\n"
    + "".join(f"a{n} = a{n - 1} + a{n - 1}\n" for n in range(1, 70))
    + "h = tanh(a69 * 1e-21)",
}


def _conformance(made: Cell) -> type:
    name = f"Test_{made.name}"
    return type(name, (CellConformance,), {"cell": made, "backend": "eager"})


for _name in cells():
    globals()[f"Test_{_name}"] = _conformance(cell(_name))
for _name, _text in ODD_CELLS.items():
    globals()[f"Test_odd_{_name}"] = _conformance(Cell.parse(_text, name=_name))


@pytest.mark.parametrize("seed", range(30))
def test_cells_that_nobody_thought_of(seed: int):
    text = random_cell(np.random.default_rng(seed))
    suite = _conformance(Cell.parse(text, name=f"random {seed}"))()
    suite.test_gradients_equal_interpreter()
    suite.test_padding_changes_nothing()


def _lstm_bfloat16(layer: Recurrent, x: torch.Tensor) -> torch.Tensor:
    """The LSTM with every operand of a product rounded, written out."""
    w = {n.rsplit(".", 1)[1]: p for n, p in layer.named_parameters()}

    def product(matrix: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return value.bfloat16().float() @ matrix.bfloat16().float().t()

    h = c = torch.zeros(x.shape[1], layer.hidden_size)
    outputs = []
    for x_t in x:
        pre = {g: product(w[f"W_{g}"], x_t) + product(w[f"U_{g}"], h) for g in "figo"}
        f, i, o = (torch.sigmoid(pre[g] + w[f"b_{g}"]) for g in "fio")
        c = f * c + i * torch.tanh(pre["g"] + w["b_g"])
        h = o * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs)


def test_bfloat16_rounds_operands_and_nothing_else():
    layer = Recurrent("lstm", 8, 16, precision="bfloat16", backend="eager")
    x = torch.randn(6, 4, 8)
    output, state = layer(x)
    assert output.dtype == state["c"].dtype == layer.dtype == torch.float32
    assert_near(output, _lstm_bfloat16(layer, x), "torch_float32", what="bfloat16")


def test_zoneout_takes_the_expectation_in_evaluation():
    layer = Recurrent("rnn", 2, 5, precision="float64", dropout=Dropout(zoneout=0.25)).eval()
    x = torch.randn(4, 3, 2, dtype=torch.float64)
    w = layer.layers[0].forward.tensors()
    matrices = [value for value in w.values() if value.dim() == 2]
    bias = next(value for value in w.values() if value.dim() == 1)
    h = torch.zeros(3, 5, dtype=torch.float64)
    for x_t, found in zip(x, layer(x)[0], strict=True):
        h = 0.25 * h + 0.75 * torch.tanh(x_t @ matrices[0].t() + h @ matrices[1].t() + bias)
        assert_near(found, h, "interpreter_float64", what="zoneout")


def test_zoneout_keeps_old_values_in_training():
    layer = Recurrent("lstm", 2, 50, precision="float64", dropout=Dropout(zoneout=0.3))
    x = torch.randn(9, 8, 2, dtype=torch.float64)
    output, state = layer(x)
    stayed = (output[1:] == output[:-1]).double().mean().item()
    assert stayed == pytest.approx(0.3, abs=0.03)
    output.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())
    assert state.names == ("h", "c")


def test_a_second_derivative_is_refused_clearly():
    layer = Recurrent("gru", 2, 3, backend="eager")
    x = torch.randn(2, 1, 2, requires_grad=True)
    with pytest.raises(RecurryError, match=r"no gradients of gradients[\s\S]*to_torch"):
        torch.autograd.grad(layer(x)[0].sum(), x, create_graph=True)


def test_weights_changed_before_backward_are_noticed():
    layer = Recurrent("gru", 2, 3, backend="eager")
    loss = layer(torch.randn(2, 1, 2))[0].sum()
    with torch.no_grad():
        next(layer.parameters()).add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("lengths", [None, [5, 2]])
@pytest.mark.parametrize("copied", ["m = s", "s = m"])
def test_a_state_that_copies_another_has_gradients(copied, lengths):
    own, other = copied.replace("=", "").split()
    text = f"""
        {other} = tanh(U @ m - p * m) + 0.1 * s
        h = 0.5 * h + tanh(W @ x + s + m)
        {own} = {other}
    """
    x = torch.randn(5, 2, 4, dtype=torch.float64, requires_grad=True)
    found = []
    for backend in ("eager", "cpu"):
        torch.manual_seed(0)
        layer = Recurrent(text, 4, 4, backend=backend, precision="float64")
        found.append(
            torch.autograd.grad(layer(x, lengths=lengths)[0].sum(), [x, *layer.parameters()])
        )
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two)
