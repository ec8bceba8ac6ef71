"""The head that gives every sequence one answer."""

import pytest
import torch
from torch.nn import functional

from recurry.errors import ShapeError, UsageError
from recurry.network.pooled import Pooled, median_class
from recurry.network.recurrent import Recurrent
from recurry.testing import assert_near

LENGTHS = [5, 2, 0, 4]
KINDS = [("class", 3), ("rating", 3), ("number", 1)]


def batch(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs whose padding is no number, and an answer for each sequence."""
    output = torch.randn(5, 4, 6, dtype=torch.float64)
    for stream, length in enumerate(LENGTHS):
        output[length:, stream] = torch.nan
    targets = torch.randn(4) if kind == "number" else torch.randint(3, (4,))
    return output, targets


@pytest.mark.parametrize(("kind", "num_outputs"), KINDS)
@pytest.mark.parametrize("pooling", ["last", "attention"])
def test_padding_changes_nothing(kind, num_outputs, pooling):
    head = Pooled(6, num_outputs, pooling=pooling, kind=kind, num_directions=2, dtype=torch.float64)
    output, targets = batch(kind)
    loss, count = head.loss(output, targets, LENGTHS)
    assert count == 4
    gradients = torch.autograd.grad(loss, list(head.parameters()))
    sums = [torch.zeros_like(gradient) for gradient in gradients]
    total, answers = torch.zeros(()), head.decode(output, LENGTHS)
    for stream, length in enumerate(LENGTHS):
        alone = output[:length, stream : stream + 1]
        mine, _ = head.loss(alone, targets[stream : stream + 1])
        total = total + mine
        assert_near(answers[stream], head.decode(alone)[0], "padding_float64", what="answer")
        parts = torch.autograd.grad(mine, list(head.parameters()), materialize_grads=True)
        sums = [a + b for a, b in zip(sums, parts, strict=True)]
    assert_near(loss, total, "padding_float64", what="loss")
    for found, expected in zip(gradients, sums, strict=True):
        assert_near(found, expected, "padding_float64", what="gradient")


def test_the_loss_of_classes_is_that_of_torch():
    head, output, targets = Pooled(6, 3), torch.randn(5, 4, 6), torch.randint(3, (4,))
    expected = functional.cross_entropy(head(output), targets, reduction="sum")
    torch.testing.assert_close(head.loss(output, targets)[0], expected)
    weights = torch.tensor([1.0, 2.0, 0.5])
    loss, count = head.loss(output, targets, weights=weights)
    mean = functional.cross_entropy(head(output), targets, weight=weights)
    torch.testing.assert_close(loss / count, mean)


def test_the_loss_of_a_rating_is_the_logarithm_of_its_probability():
    head, output = Pooled(6, 5, kind="rating"), torch.randn(5, 4, 6)
    targets = torch.tensor([0, 2, 3, 4])
    shares = head.probabilities(output)
    torch.testing.assert_close(shares.sum(1), torch.ones(4))
    expected = -shares[range(4), targets].log().sum()
    torch.testing.assert_close(head.loss(output, targets)[0], expected)


def test_a_rating_is_the_middle_of_its_distribution():
    shares = torch.tensor([[0.4, 0.0, 0.2, 0.4], [0.6, 0.1, 0.1, 0.2], [0.1, 0.1, 0.1, 0.7]])
    assert median_class(shares.log()).tolist() == [2, 0, 3]


@pytest.mark.parametrize(("kind", "num_outputs"), KINDS)
def test_gradients_equal_finite_differences(kind, num_outputs):
    head = Pooled(4, num_outputs, pooling="concatenated", kind=kind, dtype=torch.float64)
    output = torch.randn(3, 2, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([0.5, -1.0]) if kind == "number" else torch.tensor([2, 0])
    leaves = (output, *head.parameters())
    assert torch.autograd.gradcheck(lambda x, *_: head.loss(x, targets, [3, 2])[0], leaves)


@pytest.mark.parametrize(("kind", "num_outputs"), KINDS)
def test_each_kind_learns_which_sequence_is_which(kind, num_outputs):
    layer, head = Recurrent("gru", 2, 12), Pooled(12, num_outputs, pooling="last", kind=kind)
    x, targets = torch.randn(6, 8, 2), torch.arange(8) % 3
    wanted = targets.float() if kind == "number" else targets
    optimiser = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.03)
    for _ in range(150):
        optimiser.zero_grad()
        head.loss(layer(x)[0], wanted)[0].backward()
        optimiser.step()
    assert torch.equal(head.decode(layer(x)[0]).round().long(), targets)


def test_dropout_acts_in_training_alone():
    head, output = Pooled(6, 3, dropout=0.5), torch.randn(5, 4, 6)
    assert not torch.equal(head(output), head(output))
    head.eval()
    assert torch.equal(head(output), head(output))


def test_what_does_not_fit_is_named():
    with pytest.raises(UsageError, match="no kind of answer named 'star'"):
        Pooled(4, 2, kind="star")
    with pytest.raises(UsageError, match="one output"):
        Pooled(4, 2, kind="number")
    with pytest.raises(ShapeError, match="rating needs two"):
        Pooled(4, 1, kind="rating")
    with pytest.raises(ShapeError, match="targets are out of range"):
        Pooled(4, 2).loss(torch.zeros(3, 1, 4), torch.tensor([2]))
    number = Pooled(4, 1, kind="number")
    with pytest.raises(UsageError, match="no probabilities"):
        number.probabilities(torch.zeros(3, 1, 4))
    with pytest.raises(UsageError, match="no classes"):
        number.loss(torch.zeros(3, 1, 4), torch.zeros(1), weights=torch.ones(1))
