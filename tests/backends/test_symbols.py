"""Symbols answer as the vectors do that they stand for."""

import pytest
import torch

from recurry.backends.symbols import Symbols, as_vectors


@pytest.fixture(params=[False, True], ids=["table", "one-hot"])
def symbols(request):
    ids = torch.tensor([[0, 2, 1], [3, 3, 0]])
    table = None if request.param else torch.randn(4, 5, requires_grad=True)
    return Symbols(ids=ids, table=table, num_symbols=4, dtype=torch.float32)


def test_vectors_are_looked_up(symbols):
    table = torch.eye(4) if symbols.table is None else symbols.table
    assert torch.equal(symbols.vectors(), table[symbols.ids])
    assert torch.equal(as_vectors(symbols), symbols.vectors())
    x = torch.zeros(1)
    assert as_vectors(x) is x


def test_facts_are_those_of_the_vectors(symbols):
    vectors = symbols.vectors()
    for name in ("shape", "dtype", "device", "requires_grad"):
        assert getattr(symbols, name) == getattr(vectors, name), name
    assert symbols.numel() == vectors.numel()
    assert symbols.new_zeros(2, 3).dtype == vectors.dtype
    assert torch.equal(symbols.transpose(0, 1).vectors(), vectors.transpose(0, 1))
    pieces = [piece.vectors() for piece in symbols.tensor_split((1,))]
    for piece, expected in zip(pieces, vectors.tensor_split((1,)), strict=True):
        assert torch.equal(piece, expected)
