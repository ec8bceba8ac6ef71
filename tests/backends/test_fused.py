"""torch's kernels: the same answers as the loop, and refusals that say why."""

import pytest
import torch

from recurry.backends.fused import KERNELS, find_kernel
from recurry.cells import cell, cells
from recurry.compiler.cell import Cell
from recurry.compiler.parse import parse
from recurry.compiler.plan import make_plan
from recurry.errors import UsageError
from recurry.network.dropout import Dropout
from recurry.network.recurrent import Recurrent
from recurry.testing import CellConformance, assert_near

FUSED = {"rnn": "rnn_tanh", "rnn_relu": "rnn_relu", "irnn": "rnn_relu"} | {
    "lstm": "lstm",
    "gru_after": "gru",
}


def _conformance(name: str) -> type:
    """The fused backend refuses empty sequences, so it is asked for through `auto` there."""
    return type(f"Test_{name}", (CellConformance,), {"cell": cell(name), "backend": "auto"})


for _name in FUSED:
    globals()[f"Test_{_name}"] = _conformance(_name)


@pytest.mark.parametrize("name", cells())
def test_kernels_are_found_by_equations(name: str):
    found = find_kernel(cell(name).plan)
    assert (found.kernel.name if found else None) == FUSED.get(name)


def test_renamed_and_reordered_equations_are_found():
    text = """
        remember = sigmoid(bias_1 + A_1 @ h + B_1 @ x)
        accept = sigmoid(A_2 @ h + bias_2 + B_2 @ x)
        new = tanh(B_3 @ x + A_3 @ h + bias_3)
        show = sigmoid(B_4 @ x + A_4 @ h + bias_4)
        memory = new * accept + memory * remember
        h = tanh(memory) * show
    """
    mine = Cell.parse(text, name="mine")
    outputs = []
    for backend in ("fused", "eager"):
        torch.manual_seed(1)
        layer = Recurrent(mine, 3, 4, backend=backend)
        outputs.append(layer(torch.randn(5, 2, 3))[0])
    assert_near(outputs[0], outputs[1], "torch_float32", what="fused")


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_ragged_batches_equal_the_loop(kernel, bidirectional: bool):
    plan = make_plan(parse(kernel.equations))
    made = Cell(name=kernel.name, graph=plan.graph)
    fused = Recurrent(made, 3, 4, 2, bidirectional, backend="fused", precision="float64")
    loop = Recurrent(made, 3, 4, 2, bidirectional, backend="eager", precision="float64")
    loop.load_state_dict(fused.state_dict())
    x = torch.randn(5, 4, 3, dtype=torch.float64)
    lengths = torch.tensor([2, 5, 1, 5])
    for layer in (fused, loop):
        output, state = layer(x, lengths=lengths)
        (output.square().sum() + state["h"].sum()).backward()
    assert_near(fused(x, lengths=lengths)[0], loop(x, lengths=lengths)[0], "padding_float64")
    for a, b in zip(fused.parameters(), loop.parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert_near(a.grad, b.grad, "padding_float64", what="gradient")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"cell": "gru"}, "no kernel with these equations"),
        ({"precision": "bfloat16"}, "no float32 state in bfloat16"),
        ({"dropout": Dropout(zoneout=0.1)}, "no zoneout"),
    ],
)
def test_refusals_say_why(options: dict, reason: str):
    with pytest.raises(UsageError, match=rf"'fused' cannot run[\s\S]*{reason}[\s\S]*auto"):
        Recurrent(
            **({"cell": "lstm", "input_size": 3, "hidden_size": 4} | options), backend="fused"
        )


def test_empty_sequences_are_refused():
    layer = Recurrent("lstm", 3, 4, backend="fused")
    with pytest.raises(UsageError, match="no empty sequence"):
        layer(torch.randn(2, 2, 3), lengths=[2, 0])


def test_recurrent_weight_dropout_works_on_the_fast_path():
    torch.manual_seed(0)
    layer = Recurrent("lstm", 3, 4, backend="fused", dropout=Dropout(recurrent_weights=0.5))
    x = torch.randn(6, 2, 3)
    first, second = layer(x)[0], layer(x)[0]
    assert torch.equal(first[0], second[0])  # the state is zero, so no mask can be seen yet
    assert not torch.equal(first, second)
    assert torch.equal(layer.eval()(x)[0], layer(x)[0])
