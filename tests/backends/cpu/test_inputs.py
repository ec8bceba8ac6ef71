"""Symbols give what their vectors give, bit for bit forward, in every cell and direction."""

import pytest
import torch

from recurry.backends.cpu.cost import should_project
from recurry.backends.cpu.inputs import InputRows, pick_rows
from recurry.backends.symbols import Symbols
from recurry.cells import cells
from recurry.errors import ShapeError
from recurry.network.recurrent import Recurrent

TEXTS = [
    "h = tanh(W @ (x * x) + U @ h + x) + V @ tanh(G @ x)",  # products that do not read x itself
    "c = c * sigmoid(F @ x) + x\nh = c * x",  # the input beside a state
    "h = tanh(W @ x)",
    "h = tanh(U @ (x * h) + b)",
]


def _symbols(is_one_hot, size=10, *, num_steps=9):
    ids = torch.randint(size, (num_steps, 4))
    table = None
    if not is_one_hot:
        table = torch.randn(size, size, dtype=torch.float64, requires_grad=True)
    return Symbols(ids=ids, table=table, num_symbols=size, dtype=torch.float64)


def _results(layer, x, lengths, table):
    layer.zero_grad()
    if table is not None:
        table.grad = None
    output, state = layer(x, lengths=lengths)
    with torch.no_grad():
        inference = [layer(x, lengths=lengths)[0] for _ in range(2)]  # made, then kept
    (output.square().sum() + sum(state[name].sum() for name in state.names)).backward()
    gradients = [parameter.grad for parameter in layer.parameters()]
    by_table = [] if table is None else [table.grad.clone()]
    return [output, *inference], [*gradients, *by_table]


@pytest.mark.parametrize("text", [*cells(), *TEXTS])
@pytest.mark.parametrize("is_one_hot", [False, True], ids=["table", "one-hot"])
@pytest.mark.parametrize("lengths", [None, [5, 9, 0, 1]], ids=["equal", "unequal"])
def test_symbols_give_what_their_vectors_give(text, is_one_hot, lengths):
    layer = Recurrent(text, 10, 10, backend="cpu", precision="float64")
    symbols = _symbols(is_one_hot)
    outputs, gradients = _results(layer, symbols, lengths, symbols.table)
    same, others = _results(layer, symbols.vectors(), lengths, symbols.table)
    for one, other in zip(outputs, same, strict=True):
        assert torch.equal(one, other)
    for one, other in zip(gradients, others, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("options", [{"bidirectional": True}, {"batch_first": True}, {}], ids=str)
@pytest.mark.parametrize("num_steps", [1, 9])
def test_directions_layers_and_batch_first(options, num_steps):
    layer = Recurrent("gru", 10, 12, 2, backend="cpu", precision="float64", **options)
    symbols = _symbols(False, num_steps=num_steps)
    outputs, gradients = _results(layer, symbols, None, symbols.table)
    same, others = _results(layer, symbols.vectors(), None, symbols.table)
    for one, other in zip([*outputs, *gradients], [*same, *others], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_no_steps_give_no_output():
    layer = Recurrent("gru", 10, 12, backend="cpu", precision="float64")
    assert layer(_symbols(False, num_steps=0))[0].shape == (0, 4, 12)


def test_a_changed_table_is_seen():
    layer = Recurrent("gru", 10, 12, backend="cpu", precision="float64")
    symbols = _symbols(False)
    assert symbols.table is not None
    with torch.no_grad():
        before = layer(symbols)[0]
        symbols.table.mul_(2.0)
        assert not torch.equal(layer(symbols)[0], before)
        assert torch.equal(layer(symbols)[0], layer(symbols.vectors())[0])


def test_symbols_changed_before_the_backward_pass_are_an_error():
    layer, symbols = Recurrent("gru", 10, 12, backend="cpu", precision="float64"), _symbols(False)
    output = layer(symbols)[0]
    symbols.ids.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        output.sum().backward()


def test_a_table_is_projected_where_it_is_shorter_than_the_sequence_or_kept():
    facts = {"is_one_hot": False, "is_kept": False}
    assert should_project(100, 100, **facts)
    assert not should_project(101, 100, **facts)
    assert should_project(101, 1, is_one_hot=False, is_kept=True)
    assert not should_project(50_000, 100, is_one_hot=False, is_kept=True)
    assert not should_project(50_000, 60_000, is_one_hot=True, is_kept=True)


def test_rows_are_picked():
    symbols = _symbols(False)
    picked = pick_rows(symbols, lambda value: value.flatten(0, 1))
    assert picked.num_rows == 36
    assert torch.equal(picked.by_row(), symbols.vectors().flatten(0, 1))
    own = InputRows(values=torch.zeros(3, 2))
    assert own.num_rows == 3
    assert own.by_row() is own.values


@pytest.mark.parametrize("ids", [[[10]], [[-1]]], ids=str)
def test_symbols_outside_of_the_table_are_refused(ids):
    symbols = Symbols(
        ids=torch.tensor(ids), table=torch.zeros(10, 3), num_symbols=10, dtype=torch.float32
    )
    with pytest.raises(ShapeError, match="no row for") as caught:
        pick_rows(symbols, lambda value: value.flatten(0, 1))
    assert "0 to 9" in str(caught.value)
