"""Updates of Adam in one walk, against torch's, for several processors."""

import llvmlite.binding as llvm
import pytest
import torch

from recurry.backends.cpu.adam import (
    AdamSettings,
    Moving,
    can_move,
    move,
    sum_of_squares,
    write_adam,
)
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.tiling import make_tiling

SHAPES = ((3,), (17, 5), (1,), (64, 40), (40_001,))
# Of all sums here the sum of squares has the most terms.
CLOSE = {torch.float32: 1e-5, torch.float64: 1e-12}


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("features", ["sse2", "avx2 fma", "avx512f fma"])
def test_the_module_is_valid(features, bits):
    machine = Machine(triple=host().triple, features=frozenset(features.split()))
    llvm.parse_assembly(write_adam(machine, make_tiling(machine, bits))).verify()


def settings(step: int = 1, **changes: float) -> AdamSettings:
    """Those of torch's defaults at a rate of 0.01."""
    found = {"factor": 1.0, "penalty": 0.0, "kept": 0.9999, "fresh": 0.1, "old": 0.999}
    found |= {"root": (1 - 0.999**step) ** -0.5, "epsilon": 1e-8, "following": 0.2}
    found |= {"step": 0.01 / (1 - 0.9**step)}
    return AdamSettings(**found | changes)


def zeros_like(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    return [torch.zeros_like(tensor) for tensor in tensors]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", ["AdamW", "Adam"])
def test_updates_are_those_of_torch(name, dtype):
    weights = [torch.randn(shape, dtype=dtype).requires_grad_() for shape in SHAPES]
    own = [weight.detach().clone() for weight in weights]
    means, squares, average = zeros_like(own), zeros_like(own), [w.clone() for w in own]
    expected = [weight.clone() for weight in own]
    theirs = getattr(torch.optim, name)(weights, lr=0.01, weight_decay=0.01)
    decay = {"penalty": 0.01, "kept": 1.0} if name == "Adam" else {}
    for step in range(1, 5):
        gradients = [torch.randn_like(weight) for weight in own]
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = 0.5 * gradient
        before = torch.cat([weight.detach().flatten() for weight in weights])
        theirs.step()
        after = torch.cat([weight.detach().flatten() for weight in weights])
        for one, weight in zip(expected, weights, strict=True):
            one.lerp_(weight.detach(), 0.2)
        moving = [Moving(*m) for m in zip(own, gradients, means, squares, average, strict=True)]
        chosen = settings(step, factor=0.5, **decay)
        change, whole = move([(one, chosen) for one in moving])
        assert change == pytest.approx(float((after - before).square().sum()), rel=1e-4)
        assert whole == pytest.approx(float(before.square().sum()), rel=CLOSE[dtype])
    pairs = [*zip(own, weights, strict=True), *zip(average, expected, strict=True)]
    for one, other in pairs:
        torch.testing.assert_close(one, other.detach(), rtol=CLOSE[dtype], atol=1e-6)


def test_each_tensor_has_settings_of_its_own_and_may_have_no_average():
    weights = [torch.ones(5) for _ in range(2)]
    moving = [Moving(w, torch.ones(5), torch.zeros(5), torch.zeros(5), None) for w in weights]
    move([(moving[0], settings(step=1)), (moving[1], settings(step=1, kept=0.5))])
    assert weights[0].tolist() == pytest.approx([0.9899] * 5)
    assert weights[1].tolist() == pytest.approx([0.49] * 5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_squares_are_added(dtype):
    tensors = [torch.randn(shape, dtype=dtype) for shape in SHAPES]
    expected = sum(float(tensor.square().sum()) for tensor in tensors)
    assert sum_of_squares(tensors) == pytest.approx(expected, rel=CLOSE[dtype])


def test_what_it_does_not_take():
    dense = torch.ones(4, 4)
    assert can_move([dense, dense])
    assert not can_move([dense, dense.t()[:2]])
    assert not can_move([dense, dense.double()])
    assert not can_move([dense.bfloat16()])
    assert not can_move([dense.to_sparse()])


def test_weights_do_not_depend_on_the_number_of_threads(set_threads):
    weight, gradient = torch.randn(100_003), torch.randn(100_003)
    found = []
    for count in (1, 2):
        set_threads(count)
        own = weight.clone()
        one = Moving(own, gradient, torch.zeros(100_003), torch.zeros(100_003), None)
        move([(one, settings())])
        found.append(own)
    assert torch.equal(*found)
