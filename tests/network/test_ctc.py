"""The loss without alignment, against all paths and against torch."""

import itertools

import pytest
import torch
from torch.nn import functional

from recurry.network.ctc import ctc_losses, fits
from recurry.network.padding import Steps
from recurry.testing import assert_near

LENGTHS, LABEL_LENGTHS = [5, 3, 0, 4, 1, 2], [2, 3, 0, 0, 1, 2]


def merged(path: tuple[int, ...]) -> tuple[int, ...]:
    """What remains of a path."""
    return tuple(label for label, _ in itertools.groupby(path) if label)


def batch() -> tuple[torch.Tensor, torch.Tensor, Steps]:
    """Log-probabilities and labels of unequal lengths; the last sequence does not fit."""
    scores = torch.randn(5, 6, 3, dtype=torch.float64)
    logs, labels = scores.log_softmax(2), torch.tensor([[1, 2, 1, 2, 2, 1], [1, 1, 1, 2, 2, 1]])
    labels = torch.cat([labels, torch.tensor([[2, 2, 2, 2, 2, 2]])])
    return logs, labels, Steps.of(logs, LENGTHS)


def test_losses_are_sums_over_all_paths():
    logs, labels, steps = batch()
    losses = ctc_losses(logs, labels, steps, LABEL_LENGTHS)
    for stream, length in enumerate(LENGTHS):
        wanted = tuple(labels[: LABEL_LENGTHS[stream], stream].tolist())
        total = sum(
            logs[range(length), stream, list(path)].sum().exp().item()
            for path in itertools.product(range(3), repeat=length)
            if merged(path) == wanted
        )
        assert losses[stream].neg().exp().item() == pytest.approx(total, rel=1e-12)
    assert losses[5] == torch.inf
    is_fitting = fits(labels, LENGTHS, LABEL_LENGTHS)
    assert torch.equal(is_fitting, torch.isfinite(losses))


def test_losses_and_gradients_are_those_of_torch():
    scores = torch.randn(12, 4, 6, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(1, 6, (5, 4))
    lengths, label_lengths = [12, 9, 11, 10], [5, 2, 4, 0]
    logs = scores.log_softmax(2)
    expected = functional.ctc_loss(logs, labels.t(), lengths, label_lengths, reduction="none")
    found = ctc_losses(logs, labels, Steps.of(logs, lengths), label_lengths)
    assert_near(found, expected, "interpreter_float64", what="loss")
    weights = torch.randn(4, dtype=torch.float64)
    (one,) = torch.autograd.grad((found * weights).sum(), scores, retain_graph=True)
    (other,) = torch.autograd.grad((expected * weights).sum(), scores)
    assert_near(one, other, "interpreter_float64", what="gradient")


def test_gradients_equal_finite_differences():
    logs, labels, steps = batch()
    logs.requires_grad_()

    def loss(logs: torch.Tensor) -> torch.Tensor:
        return ctc_losses(logs, labels, steps, LABEL_LENGTHS)[:5]

    assert torch.autograd.gradcheck(loss, (logs,))
    (gradient,) = torch.autograd.grad(loss(logs).sum(), logs)
    assert not gradient[3:, 1].any()


def test_what_does_not_fit_gives_no_gradient():
    logs, labels, steps = batch()
    logs.requires_grad_()
    (gradient,) = torch.autograd.grad(ctc_losses(logs, labels, steps, LABEL_LENGTHS).sum(), logs)
    assert not gradient[:, 5].any()
    assert torch.isfinite(gradient).all()


def test_labels_without_probability_stay_finite():
    logs, labels, steps = batch()
    logs[..., 2] = -torch.inf
    logs.requires_grad_()
    losses = ctc_losses(logs, labels, steps, LABEL_LENGTHS)
    (gradient,) = torch.autograd.grad(losses[torch.isfinite(losses)].sum(), logs)
    assert torch.isfinite(losses[0])
    assert not torch.isfinite(losses[4])
    assert torch.isfinite(gradient).all()


def test_long_sequences_stay_finite_in_float32():
    logs = (20 * torch.randn(2000, 2, 5)).log_softmax(2).requires_grad_()
    labels = torch.randint(1, 5, (300, 2))
    losses = ctc_losses(logs, labels, Steps.of(logs, None), [300, 300])
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    sums = logs.grad.sum(2)
    torch.testing.assert_close(sums, -torch.ones_like(sums), rtol=0.01, atol=0.01)


def test_no_steps():
    logs = torch.zeros(0, 2, 3)
    losses = ctc_losses(logs, torch.ones(1, 2).long(), Steps.of(logs, None), [0, 1])
    assert losses.tolist() == [0.0, torch.inf]
