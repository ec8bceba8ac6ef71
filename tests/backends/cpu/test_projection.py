"""Products with the input before the loop."""

import torch

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.frame import Split
from recurry.backends.cpu.inputs import InputRows
from recurry.backends.cpu.kernels import kernels
from recurry.backends.cpu.projection import is_plain, project
from recurry.backends.cpu.rows import make_rows
from recurry.backends.timeline import even_timeline
from recurry.compiler.cell import Cell


def _call(text: str, picks: torch.Tensor | None = None) -> Call:
    cell = Cell.parse(text)
    shapes = cell.parameter_shapes(4, 6)
    return Call(
        kernels=kernels(cell.plan, bits=32, is_fused=False),
        parameters={name: torch.randn(shape) for name, shape in shapes.items()},
        input=InputRows(torch.randn(3, 4), picks),
        rows=make_rows(even_timeline(3, 1, False)),
        hidden_size=6,
        split=Split(),
    )


def test_products_lie_side_by_side():
    call = _call("z = sigmoid(Z @ x + h)\nh = z * tanh(W @ x)")
    made = call.kernels.forward_pass
    assert is_plain(call, made)
    found = project(call, made)
    for column, product in enumerate(made.projected):
        part = found[:, column * call.padded :][:, :6]
        torch.testing.assert_close(part, call.x @ call.parameters[product.matrix.name].t())


def test_tables_and_functions_of_the_input_are_not_plain():
    made = _call("h = tanh(W @ tanh(V @ x) + U @ h)")
    assert not is_plain(made, made.kernels.forward_pass)
    made = _call("h = tanh(W @ x + U @ h)", torch.tensor([2, 0, 1]))
    assert not is_plain(made, made.kernels.forward_pass)
