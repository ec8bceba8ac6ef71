"""Products with what does not wait for a state, for all rows of the input at once.

Comes in: a call. Goes out: their values before its kernel runs. Imports torch, call, matrices,
packing, tasks.
"""

from torch import Tensor

from recurry.backends.cpu.call import Call
from recurry.backends.cpu.matrices import panel_product
from recurry.backends.cpu.packing import row_stride
from recurry.backends.cpu.tasks import Forward
from recurry.compiler.nodes import Input


def is_plain(call: Call, made: Forward) -> bool:
    """Whether all of them are products with the input of each row, one beside the other."""
    return call.input.picks is None and all(p.operand is Input() for p in made.projected)


def project(call: Call, made: Forward) -> Tensor:
    """The products side by side; those of a table serve many calls."""
    if call.input.picks is None:
        return _project(call, made)
    key = ("projected", *(product.matrix.name for product in made.projected))
    return call.kept(key, lambda: _project(call, made))


def _project(call: Call, made: Forward) -> Tensor:
    evaluator = call.input_evaluator()
    stride = row_stride(len(made.projected) * call.padded, call.x.dtype.itemsize)
    projected = call.x.new_empty(call.x.shape[0], stride)
    start = 0
    while start < len(made.projected):
        operand = made.projected[start].operand
        stop = start
        while stop < len(made.projected) and made.projected[stop].operand is operand:
            stop += 1
        names = tuple(product.matrix.name for product in made.projected[start:stop])
        into = projected[:, start * call.padded : stop * call.padded]
        if call.input.is_identity and isinstance(operand, Input):
            _turn([call.as_read(call.parameters[name].detach()) for name in names], into)
        else:
            rows = call.rounded_x if isinstance(operand, Input) else evaluator.value(operand)
            panel_product(call.rounded(rows), call.row_panels(names), into=into)
        start = stop
    return projected


def _turn(matrices: list[Tensor], into: Tensor) -> None:
    """Products of matrices with the identity: their columns as rows, matrix beside matrix."""
    size = matrices[0].shape[0]
    parts = into.unflatten(1, (len(matrices), -1))
    parts[:, :, size:] = 0
    for number, matrix in enumerate(matrices):
        parts[:, number, :size] = matrix.detach().t()
