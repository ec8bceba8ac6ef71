"""The head that gives every step a label."""

import pytest
import torch
from torch.nn import functional

from recurry.errors import ShapeError
from recurry.network.aligned import Aligned
from recurry.network.recurrent import Recurrent
from recurry.network.transitions import Transitions
from recurry.testing import assert_near

LENGTHS = [5, 2, 0, 4]


def batch(size: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs and labels whose padding holds what nobody may read."""
    output, labels = torch.randn(5, 4, size, dtype=torch.float64), torch.randint(3, (5, 4))
    for stream, length in enumerate(LENGTHS):
        output[length:, stream] = torch.nan
        labels[length:, stream] = -100
    return output, labels


@pytest.mark.parametrize("crf", [False, True])
def test_padding_changes_nothing(crf: bool):
    head = Aligned(6, 3, crf=crf, dtype=torch.float64)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    output, labels = batch()
    output.requires_grad_()
    nats, count = head.loss(output, labels, LENGTHS)
    assert count == sum(LENGTHS)
    gradients = torch.autograd.grad(nats, [output, *head.parameters()])
    decoded, shares = head.decode(output, LENGTHS), head.probabilities(output, LENGTHS)
    total, sums = torch.zeros((), dtype=torch.float64), [torch.zeros_like(g) for g in gradients]
    for stream, length in enumerate(LENGTHS):
        alone = output.detach()[:length, stream : stream + 1].requires_grad_()
        mine, _ = head.loss(alone, labels[:length, stream : stream + 1])
        total = total + mine.detach()
        assert (decoded[length:, stream] == -1).all()
        assert not shares[length:, stream].any()
        if not length:
            continue
        here = (slice(length), slice(stream, stream + 1))
        assert torch.equal(decoded[here], head.decode(alone))
        assert_near(shares[here], head.probabilities(alone), "padding_float64", what="shares")
        parts = torch.autograd.grad(mine, [alone, *head.parameters()])
        sums[0][here] = parts[0]
        sums[1:] = [a + b for a, b in zip(sums[1:], parts[1:], strict=True)]
    assert_near(nats, total, "padding_float64", what="loss")
    for found, expected in zip(gradients, sums, strict=True):
        assert_near(found, expected, "padding_float64", what="gradient")


def test_the_plain_loss_is_that_of_torch():
    head = Aligned(6, 3)
    output, labels = torch.randn(4, 2, 6), torch.randint(3, (4, 2))
    expected = functional.cross_entropy(
        head(output).flatten(0, 1), labels.flatten(), reduction="sum"
    )
    assert torch.equal(head.loss(output, labels)[0], expected)
    assert torch.equal(head.probabilities(output), head(output).softmax(2))


@pytest.mark.parametrize("crf", [False, True])
def test_decoded_labels_obey_the_rules(crf: bool):
    names = ["O", "B-a", "I-a", "B-b", "I-b"]
    rules = Transitions.of_spans(names)
    head = Aligned(6, 5, crf=crf, allowed=rules)
    output = 4 * torch.randn(8, 20, 6)
    found = head.decode(output, [8] * 19 + [3])
    free = head(output).argmax(2)
    assert not rules.between[free[:-1], free[1:]].all()
    for stream in range(20):
        path = found[: 8 if stream < 19 else 3, stream]
        assert rules.first[path[0]]
        assert rules.between[path[:-1], path[1:]].all()


def test_a_chain_learns_what_single_labels_cannot():
    """Labels alternate, and the input tells only the first one."""
    layer, head = torch.nn.Linear(2, 8), Aligned(8, 2, crf=True)
    labels = torch.stack([(torch.arange(6) + start) % 2 for start in (0, 1)], 1)
    x = torch.zeros(6, 2, 2)
    x[0, 0, 0] = x[0, 1, 1] = 1
    optimiser = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.1)
    for _ in range(60):
        optimiser.zero_grad()
        head.loss(layer(x), labels)[0].backward()
        optimiser.step()
    assert torch.equal(head.decode(layer(x)), labels)


def test_behind_a_layer_with_unequal_lengths():
    layer, head = Recurrent("lstm", 3, 4, bidirectional=True), Aligned(8, 3, crf=True)
    x, labels = torch.randn(5, 4, 3), torch.randint(3, (5, 4))
    nats, count = head.loss(layer(x, lengths=LENGTHS)[0], labels, LENGTHS)
    (nats / count).backward()
    assert all(p.grad is not None for p in layer.parameters())


def test_no_steps_at_all():
    for crf in (False, True):
        head = Aligned(6, 3, crf=crf)
        nats, count = head.loss(torch.zeros(2, 3, 6), torch.zeros(2, 3).long(), [0, 0, 0])
        assert (nats.item(), count) == (0.0, 0)
        assert head.decode(torch.zeros(0, 3, 6)).shape == (0, 3)
        assert head.probabilities(torch.zeros(0, 3, 6)).shape == (0, 3, 3)


def test_what_does_not_fit_is_named():
    head = Aligned(6, 3)
    with pytest.raises(ShapeError, match="labels are out of range"):
        head.loss(torch.zeros(2, 1, 6), torch.tensor([[0], [3]]))
    with pytest.raises(ShapeError, match="another number of labels"):
        Aligned(6, 3, allowed=Transitions.of_spans(["O"]))
    with pytest.raises(ShapeError, match="num_labels"):
        Aligned(6, 0)
