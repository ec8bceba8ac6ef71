"""Cells that no table knows, step by step against the interpreter."""

import numpy as np
import pytest
import torch

from recurry.backends.rewrite import forward_program
from recurry.compiler.cell import Cell
from recurry.compiler.random_cell import random_cell
from recurry.network.layer_step import LayerStep, Source

NUM_SYMBOLS, SIZE, ROWS = 5, 4, 3


def compare(equations: str, *, embedding_size: int | None, is_stacked: bool = False) -> None:
    """The states and the output of a few steps, from symbols or from vectors."""
    cell, rng = Cell.parse(equations), np.random.default_rng(0)
    table = np.eye(NUM_SYMBOLS) if embedding_size is None else rng.normal(size=(5, embedding_size))
    weights = {
        name: rng.normal(size=shape)
        for name, shape in cell.parameter_shapes(table.shape[1], SIZE).items()
    }
    symbols = torch.zeros(ROWS, dtype=torch.long)
    vectors = torch.zeros(ROWS, table.shape[1], dtype=torch.float64) if is_stacked else None
    step = LayerStep(
        forward_program(cell.plan, False),
        {name: torch.tensor(value) for name, value in weights.items()},
        source=Source(
            symbols=symbols,
            num_symbols=NUM_SYMBOLS,
            table=None if embedding_size is None else torch.tensor(table),
            vectors=vectors,
        ),
        size=SIZE,
        dtype=torch.float64,
        is_rounded=False,
    )
    text = rng.integers(NUM_SYMBOLS, size=(4, ROWS))
    expected = cell.interpret(weights, table[text])
    for at, ids in enumerate(text):
        symbols.copy_(torch.from_numpy(ids))
        if vectors is not None:
            vectors.copy_(torch.tensor(table[ids]))
        for operation in step.operations:
            operation()
        np.testing.assert_allclose(step.output.numpy(), expected.output[at], atol=1e-12)
        for name, buffer in step.states.items():
            np.testing.assert_allclose(buffer.numpy(), expected.values[name][at], atol=1e-12)


EQUATIONS = [
    "h = tanh(W @ x)",
    "h = tanh(W @ x + U @ h + b)",
    "a = tanh(W @ x + b)\nh = a * h + a",
    "c = 0.5 * c + tanh(W @ x)\nh = sigmoid(V @ x) * c",
    "k = h\nh = tanh(W @ x + U @ h + V @ k)",
    "h = maximum(tanh(W @ x + U @ tanh(h) + b), 0.1 * h - d)",
    "q = tanh(W @ x)\nh = tanh(V @ q + W @ x + U @ h)",
    "h = tanh(W @ (x * x) + U @ h)",
    "c = tanh(W @ x + U @ h)\nh = c * h + b * c",
    "h = c\nc = tanh(W @ x + U @ c)",
    "h = tanh(W @ x + U @ third)\nthird = second\nsecond = h",
    "h = tanh(W @ x + c)\nc = p",
    "h = tanh(A @ relu(B @ tanh(W @ x)) + U @ b) + h / 2",
    "g = sigmoid(A @ (B @ x))\nh = g * h + tanh(V @ g + W @ x)",
]


@pytest.mark.parametrize("equations", EQUATIONS)
@pytest.mark.parametrize("embedding_size", [None, 3])
@pytest.mark.parametrize("is_stacked", [False, True])
def test_cells_of_ones_own(equations, embedding_size, is_stacked):
    compare(equations, embedding_size=embedding_size, is_stacked=is_stacked)


@pytest.mark.parametrize("seed", range(30))
def test_cells_that_nobody_thought_of(seed):
    text = random_cell(np.random.default_rng(seed))
    compare(text, embedding_size=None if seed % 2 else 3, is_stacked=seed % 3 == 0)


@pytest.mark.parametrize("equations", ["h = h / 2 + x", "h = tanh(x)", "h = x"])
def test_cells_without_parameters(equations):
    compare(equations, embedding_size=SIZE)


def test_large_embeddings_are_multiplied_each_time(monkeypatch):
    monkeypatch.setattr("recurry.network.layer_step._LARGEST_TABLE", 10)
    compare(EQUATIONS[1], embedding_size=3)
