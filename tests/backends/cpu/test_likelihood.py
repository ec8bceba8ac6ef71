"""Scores turned into errors of their cross-entropy, against torch, for several processors."""

import llvmlite.binding as llvm
import pytest
import torch
from torch.nn import functional

from recurry.backends.cpu.likelihood import Scoring, write_likelihood
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.tiling import make_tiling


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("features", ["sse2", "avx2 fma", "avx512f fma"])
def test_the_module_is_valid(features, bits):
    machine = Machine(triple=host().triple, features=frozenset(features.split()))
    llvm.parse_assembly(write_likelihood(machine, make_tiling(machine, bits))).verify()


def given(rows: int, size: int, count: int, *, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    """Vectors, a matrix, a bias, targets."""
    made = (torch.randn(shape, dtype=dtype) for shape in ((rows, size), (count, size), (count,)))
    return (*made, torch.randint(count, (rows,)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 3, 33), (40, 16, 1600), (3, 5, 16)], ids=str)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_errors_are_the_gradients_of_torch(sizes, dtype, smoothing):
    rows, weight, bias, targets = given(*sizes, dtype=dtype)
    scores = (rows @ weight.t() + bias).requires_grad_()
    expected = functional.cross_entropy(scores, targets, label_smoothing=smoothing, reduction="sum")
    expected.backward()
    scoring = Scoring(weight, bias, smoothing=smoothing, most=len(rows) + 2)
    errors, loss = scoring.errors(rows, targets)
    torch.testing.assert_close(errors, scores.grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(loss, expected.detach())


@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 3, 33), (40, 16, 1600)], ids=str)
def test_products_of_rounded_numbers_are_added_up_in_float32(sizes):
    rows, weight, bias, targets = given(*sizes, dtype=torch.float32)
    rows, weight = rows.bfloat16(), weight.bfloat16()
    scores = (rows.double() @ weight.double().t() + bias).requires_grad_()
    expected = functional.cross_entropy(scores, targets, label_smoothing=0.1, reduction="sum")
    expected.backward()
    errors, loss = Scoring(weight, bias, smoothing=0.1, most=len(rows)).errors(rows, targets)
    assert errors.dtype == torch.float32
    torch.testing.assert_close(errors, scores.grad.float(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(loss, expected.detach().float())


def test_a_score_that_is_not_a_number_shows_in_the_loss():
    rows, weight, bias, targets = given(2, 3, 40, dtype=torch.float32)
    bias[17] = torch.nan
    assert Scoring(weight, bias, smoothing=0.0, most=2).errors(rows, targets)[1].isnan()


def test_large_scores_stay_finite():
    rows, weight, bias, targets = given(5, 3, 40, dtype=torch.float32)
    errors, loss = Scoring(weight, bias, smoothing=0.1, most=5).errors(1e6 * rows, targets)
    assert errors.isfinite().all()
    assert loss.isfinite()


def test_the_bits_do_not_depend_on_the_number_of_threads(set_threads):
    rows, weight, bias, targets = given(60, 16, 1000, dtype=torch.float32)
    found = []
    for count in (1, 2):
        set_threads(count)
        errors, loss = Scoring(weight, bias, smoothing=0.1, most=60).errors(rows, targets)
        found.append((errors.clone(), loss))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
