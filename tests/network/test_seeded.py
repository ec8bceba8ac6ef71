"""Sequences that start from a vector."""

import pytest
import torch

from recurry.errors import ShapeError, UsageError
from recurry.network.recurrent import Recurrent
from recurry.network.seeded import Seeded
from recurry.testing import assert_near

LENGTHS = [4, 1, 0]


def network(feed: str) -> Seeded:
    layers = Recurrent("lstm", 5, 6, 2, precision="float64")
    return Seeded(layers, 7, vector_size=3, feed=feed, begin=1)


@pytest.mark.parametrize("feed", ["first", "every"])
def test_padding_changes_nothing(feed: str):
    made = network(feed)
    vectors, targets = torch.randn(3, 3, dtype=torch.float64), torch.randint(7, (4, 3))
    for stream, length in enumerate(LENGTHS):
        targets[length:, stream] = -7
    nats, count = made.loss(vectors, targets, LENGTHS)
    assert count == sum(LENGTHS)
    weights = list(made.parameters())
    found = torch.autograd.grad(nats, weights, materialize_grads=True)
    total, sums = torch.zeros(()), [torch.zeros_like(weight) for weight in weights]
    for stream, length in enumerate(LENGTHS):
        here = (slice(length), slice(stream, stream + 1))
        mine, _ = made.loss(vectors[here[1]], targets[here])
        total = total + mine
        if length:
            parts = torch.autograd.grad(mine, weights, materialize_grads=True)
            sums = [a + b for a, b in zip(sums, parts, strict=True)]
    assert_near(nats, total, "padding_float64", what="loss")
    for one, other in zip(found, sums, strict=True):
        assert_near(one, other, "padding_float64", what="gradient")


@pytest.mark.parametrize("feed", ["first", "every"])
def test_loss_scores_and_steps_agree(feed: str):
    made = network(feed).eval()
    vectors, targets = torch.randn(3, 3, dtype=torch.float64), torch.randint(7, (4, 3))
    logits = made(vectors, targets, [4, 4, 4])
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), reduction="sum"
    )
    assert_near(made.loss(vectors, targets)[0], expected, "carried_float64", what="loss")
    writer, symbols = made.writer(vectors), torch.full((3,), made.begin)
    with torch.no_grad():
        state = writer.start()
        for t in range(4):
            logs, state = writer.step(symbols, state)
            assert_near(logs, logits[t].log_softmax(1), "carried_float64", what=f"step {t}")
            symbols = targets[t]
        rows = torch.tensor([2, 0])
        found, _ = writer.step(symbols[rows], state.reorder(rows))
        again, _ = writer.step(symbols, state)
    assert_near(found, again[rows], "carried_float64", what="other rows")


@pytest.mark.parametrize("feed", ["first", "every"])
def test_each_vector_learns_its_own_sequence(feed: str):
    made = Seeded(Recurrent("gru", 8, 16), 5, vector_size=3, feed=feed, begin=0)
    vectors, targets = torch.eye(3), torch.tensor([[1, 2, 3], [2, 2, 4], [4, 1, 1], [3, 3, 2]])
    optimiser = torch.optim.Adam(made.parameters(), lr=0.03)
    for _ in range(120):
        optimiser.zero_grad()
        nats, _ = made.loss(vectors, targets)
        nats.backward()
        optimiser.step()
    assert torch.equal(made(vectors, targets).argmax(2), targets)


@pytest.mark.parametrize("feed", ["first", "every"])
def test_gradients_reach_the_vectors(feed: str):
    made = network(feed)
    vectors = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(7, (3, 2))
    (gradient,) = torch.autograd.grad(made.loss(vectors, targets)[0], vectors)
    direction = torch.randn_like(vectors)
    with torch.no_grad():
        sides = [made.loss(vectors + s * 1e-5 * direction, targets)[0] for s in (1, -1)]
    numeric = (sides[0] - sides[1]) / 2e-5
    assert_near((gradient * direction).sum(), numeric, "gradient_float64", what="gradient")


def test_what_does_not_fit_is_named():
    layers = Recurrent("gru", 4, 4)
    with pytest.raises(UsageError, match="no way to feed a vector named 'last'"):
        Seeded(layers, 5, vector_size=3, feed="last", begin=0)
    with pytest.raises(UsageError, match="read one way"):
        Seeded(Recurrent("gru", 4, 4, bidirectional=True), 5, vector_size=3, begin=0)
    with pytest.raises(ShapeError, match="begin are out of range"):
        Seeded(layers, 5, vector_size=3, begin=5)
    with pytest.raises(ShapeError, match="targets are out of range"):
        Seeded(layers, 5, vector_size=3, begin=0).loss(torch.zeros(1, 3), torch.tensor([[5]]))


def test_it_is_made_without_memory():
    with torch.device("meta"):
        made = Seeded(Recurrent("gru", 8, 16), 5, vector_size=3, begin=0)
    assert made.head.weight.is_meta
