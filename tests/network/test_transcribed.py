"""The head without alignment."""

import pytest
import torch
from torch.nn import functional

from recurry.errors import ShapeError
from recurry.network.recurrent import Recurrent
from recurry.network.transcribed import Transcribed
from recurry.testing import assert_near

LENGTHS, LABEL_LENGTHS = [7, 3, 5], [3, 1, 0]


def test_padding_changes_nothing():
    head = Transcribed(4, 5, dtype=torch.float64)
    output, labels = torch.randn(7, 3, 4, dtype=torch.float64), torch.randint(1, 5, (3, 3))
    for stream, (length, count) in enumerate(zip(LENGTHS, LABEL_LENGTHS, strict=True)):
        output[length:, stream] = torch.nan
        labels[count:, stream] = -7
    nats, count = head.loss(output, labels, lengths=LENGTHS, label_lengths=LABEL_LENGTHS)
    assert count == sum(LABEL_LENGTHS)
    gradient = torch.autograd.grad(nats, head.linear.weight)[0]
    total, summed = torch.zeros(()), torch.zeros_like(gradient)
    decoded, best = head.decode(output, LENGTHS), head.decode_best(output, LENGTHS, width=4)
    for stream, (length, count) in enumerate(zip(LENGTHS, LABEL_LENGTHS, strict=True)):
        alone = output[:length, stream : stream + 1]
        mine, _ = head.loss(alone, labels[:count, stream : stream + 1])
        total = total + mine
        summed += torch.autograd.grad(mine, head.linear.weight)[0]
        assert decoded[stream] == head.decode(alone)[0]
        assert best[stream][0].labels == head.decode_best(alone, width=4)[0][0].labels
    assert_near(nats, total, "padding_float64", what="loss")
    assert_near(gradient, summed, "padding_float64", what="gradient")


def test_the_loss_is_that_of_torch():
    head, output, labels = Transcribed(4, 5), torch.randn(9, 2, 4), torch.randint(1, 5, (3, 2))
    expected = functional.ctc_loss(head(output), labels.t(), [9, 9], [3, 3], reduction="sum")
    torch.testing.assert_close(head.loss(output, labels)[0], expected)


def test_the_best_path_without_repeats_and_blanks():
    head = Transcribed(3, 3)
    with torch.no_grad():
        head.linear.weight.copy_(torch.eye(3))
    paths = torch.tensor([[1, 1, 0, 1, 2, 2, 0], [0, 2, 2, 0, 2, 1, 1]])
    output = functional.one_hot(paths.t(), 3).float()
    assert head.decode(output) == [[1, 1, 2], [2, 2, 1]]
    assert head.decode(output, [4, 2]) == [[1, 1], [2]]


def test_labels_that_do_not_fit_are_left_out():
    head, output = Transcribed(4, 5), torch.randn(2, 2, 4)
    labels = torch.tensor([[1, 1], [1, 2]])
    nats, count = head.loss(output, labels)
    alone, _ = head.loss(output[:, 1:], labels[:, 1:])
    torch.testing.assert_close(nats, alone)
    assert count == 2


def test_it_learns_to_write_without_alignment():
    torch.manual_seed(3)
    layer, head = Recurrent("gru", 4, 24, bidirectional=True), Transcribed(48, 4)
    optimiser = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.01)
    labels = torch.randint(1, 4, (4, 16))
    x = functional.one_hot(labels.repeat_interleave(3, 0), 4).float() * (
        torch.rand(12, 16, 1) > 0.2
    )
    for _ in range(150):
        optimiser.zero_grad()
        nats, count = head.loss(layer(x)[0], labels)
        (nats / count).backward()
        optimiser.step()
    assert head.decode(layer(x)[0]) == labels.t().tolist()


def test_what_does_not_fit_is_named():
    head = Transcribed(4, 5)
    with pytest.raises(ShapeError, match="labels, less the blank, are out of range"):
        head.loss(torch.zeros(3, 1, 4), torch.tensor([[0]]))
    with pytest.raises(ShapeError, match="width must be"):
        head.decode_best(torch.zeros(3, 1, 4), width=0)
