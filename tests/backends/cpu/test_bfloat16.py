"""bfloat16 in the whole backend: products of rounded numbers, everything else in float32.

Referees: the eager backend, which rounds what products read, and the float64 interpreter.
"""

import numpy as np
import pytest
import torch

from recurry.backends.cpu.frame import Split
from recurry.backends.cpu.machine import host
from recurry.backends.symbols import Symbols
from recurry.cells import cells, find_cell
from recurry.compiler.cell import Cell
from recurry.compiler.random_cell import random_cell
from recurry.network.recurrent import Recurrent
from recurry.testing import TOLERANCES, assert_near

INTERPRETER = TOLERANCES["interpreter_bfloat16"].relative


def _layers(cell, *sizes, **facts):
    """The same layer in the compiled and in the eager backend."""
    layers = [
        Recurrent(cell, *sizes, backend=backend, precision="bfloat16", **facts)
        for backend in ("cpu", "eager")
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    return layers


def _results(layer, x, lengths=None):
    """Output, last states and all gradients, by name."""
    x = x.clone().requires_grad_()
    output, state = layer(x, lengths=lengths)
    (output.square().mean() + sum(state[n].sum() for n in state.names)).backward()
    found = {"output": output, "x": x.grad, **{n: state[n] for n in state.names}}
    found |= {name: p.grad for name, p in layer.named_parameters()}
    return {name: value for name, value in found.items() if value is not None}


def _assert_same(layers, x, lengths=None):
    found, expected = (_results(layer, x, lengths) for layer in layers)
    for name, value in expected.items():
        assert_near(found[name], value, "eager_bfloat16", what=name)


@pytest.mark.parametrize("sizes", [(6, 5, 40, 40), (3, 1, 17, 17)], ids=str)
@pytest.mark.parametrize("name", cells())
def test_a_cell_gives_what_the_eager_backend_gives(name, sizes):
    steps, streams, width, size = sizes
    _assert_same(_layers(name, width, size), torch.randn(steps, streams, width))


@pytest.mark.parametrize("number", range(50))
def test_random_cells_give_what_the_eager_backend_gives(number):
    rng = np.random.default_rng(1000 + number)
    cell = Cell.parse(random_cell(rng))
    steps, streams, width, size = (int(n) for n in rng.integers((1, 1, 1, 1), (5, 8, 12, 40)))
    width = size if cell.graph.needs_square else width
    _assert_same(_layers(cell, width, size), torch.randn(steps, streams, width))


@pytest.mark.parametrize("is_fused", [False, True], ids=["early", "fused"])
@pytest.mark.parametrize("name", cells())
def test_a_cell_computes_its_equations(name, is_fused, rng, make_case):
    facts = {"sizes": (5, 3, 10, 12), "dtype": torch.float32, "is_rounded": True}
    error, where = make_case(find_cell(name), is_fused=is_fused, **facts).worst_error(rng)
    assert error <= INTERPRETER, where


@pytest.mark.parametrize("by_rows", [False, True], ids=["units", "streams"])
@pytest.mark.parametrize("name", ["lstm", "gru", "mut3", "scrn", "sru"])
def test_threads_share_the_work(name, by_rows, rng, make_case):
    split = Split(num_threads=2, by_rows=by_rows)
    facts = {"sizes": (20, 6, 5, 37), "dtype": torch.float32, "is_rounded": True}
    error, where = make_case(find_cell(name), split=split, **facts).worst_error(rng)
    assert error <= INTERPRETER, where


@pytest.mark.parametrize("is_bidirectional", [False, True])
@pytest.mark.parametrize("name", ["lstm", "gru", "indrnn"])
def test_unequal_lengths(name, is_bidirectional):
    layers = _layers(name, 6, 10, 2, bidirectional=is_bidirectional)
    _assert_same(layers, torch.randn(7, 5, 6), [3, 7, 0, 1, 7])


@pytest.mark.parametrize("is_one_hot", [False, True], ids=["table", "one-hot"])
@pytest.mark.parametrize("name", ["lstm", "gru", "mut1", "sru"])
def test_symbols_give_what_their_vectors_give(name, is_one_hot):
    layer, _ = _layers(name, 10, 10)
    table = None if is_one_hot else torch.randn(10, 10, requires_grad=True)
    leaves = [*layer.parameters(), *([] if table is None else [table])]
    ids = torch.randint(10, (9, 4))
    symbols = Symbols(ids=ids, table=table, num_symbols=10, dtype=torch.float32)
    results = []
    for x in (symbols, symbols.vectors()):
        output, _ = layer(x)
        results.append([output, *torch.autograd.grad(output.square().mean(), leaves)])
    assert torch.equal(results[0][0], results[1][0])
    for one, other in zip(*results, strict=True):
        assert_near(one, other, "torch_float32")


def test_chunks_that_are_run_again():
    layer, _ = _layers("lstm", 6, 21)
    low = Recurrent("lstm", 6, 21, backend="cpu", precision="bfloat16", memory="low")
    low.load_state_dict(layer.state_dict())
    x = torch.randn(11, 4, 6)
    found, expected = _results(low, x), _results(layer, x)
    assert torch.equal(found["output"], expected["output"])
    for name, value in expected.items():
        assert_near(found[name], value, "torch_float32", what=name)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_steps_and_a_given_state(name):
    layer, eager = _layers(name, 6, 40)
    x = torch.randn(4, 3, 6)
    with torch.no_grad():
        _, state = layer(x)
        other = state
        for x_t in x:
            output, state = layer.step(x_t, state)
            expected, other = eager.step(x_t, other)
            assert_near(output, expected, "eager_bfloat16", what="output")


@pytest.mark.parametrize("name", cells())
@pytest.mark.parametrize("size", [16, 40])
def test_a_sequence_gives_the_same_bits_in_every_batch_and_call(name, size):
    layer, x = (
        Recurrent(name, size, size, backend="cpu", precision="bfloat16"),
        torch.randn(5, 33, size),
    )
    with torch.no_grad():
        whole, _ = layer(x)
        for streams in (1, 3, 4, 20, 33):
            assert torch.equal(layer(x[:, :streams])[0], whole[:, :streams])
    assert torch.equal(layer(x.requires_grad_())[0], whole)


def test_nan_and_infinity_go_through():
    for odd in (float("nan"), float("inf")):
        layer, eager = _layers("lstm", 3, 5)
        x = torch.zeros(3, 2, 3)
        x[1, 0, 0] = odd
        with torch.no_grad():
            output, expected = layer(x)[0], eager(x)[0]
        assert torch.equal(output.isnan(), expected.isnan())
        assert output[:, 1].isfinite().all()
    with torch.no_grad():
        layer(torch.full((1, 1, 3), float("nan")))[0].isnan().all()


def test_tensors_stay_float32():
    layer = Recurrent("gru", 5, 9, backend="cpu", precision="bfloat16")
    found = _results(layer, torch.randn(3, 2, 5))
    assert {value.dtype for value in found.values()} == {torch.float32}


@pytest.mark.parametrize("features", ["avx2,fma", "sse2"])
def test_without_an_instruction_for_pairs_the_answers_are_as_near(features, run_with_features):
    script = """
import torch
from recurry import Recurrent
torch.manual_seed(5)
layer = Recurrent("lstm", 7, 21, backend="cpu", precision="bfloat16")
x = torch.randn(6, 5, 7, requires_grad=True)
output, _ = layer(x)
output.square().mean().backward()
torch.save([output.detach(), x.grad, *(p.grad for p in layer.parameters())], path)
"""
    if not host().is_x86:
        pytest.skip("the features are those of x86")
    found, expected = (run_with_features(script, f) for f in (features, None))
    for one, other in zip(found, expected, strict=True):
        assert_near(one, other, "eager_bfloat16", what=features)
