"""One answer a sequence, whatever is read beside it."""

import pytest
import torch

from recurry.cells import find_cell
from recurry.network.classifier import Classifier
from recurry.network.configuration import EncoderConfig
from recurry.network.dropout import Dropout


def _network(kind="class", *, num_outputs=3, pooling="max", **config) -> Classifier:
    settings = {"hidden_size": 5, "embedding_size": 4, "precision": "float64"} | config
    return Classifier(
        find_cell("gru"),
        EncoderConfig(**settings),
        dropout=Dropout(),
        num_symbols=7,
        num_outputs=num_outputs,
        kind=kind,
        pooling=pooling,
    )


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "concatenated", "attention"])
@pytest.mark.parametrize("embedding_size", [0, 4])
def test_padding_changes_no_answer(pooling, embedding_size):
    network = _network(pooling=pooling, embedding_size=embedding_size)
    ids = torch.tensor([[1, 2], [3, 4], [5, 0], [6, 0]])
    together = network(ids, [4, 2])
    alone = torch.cat([network(ids[:, :1], [4]), network(ids[:2, 1:], [2])])
    assert torch.allclose(together, alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "num_outputs", "shape"),
    [("class", 3, (2, 3)), ("rating", 4, (2, 4)), ("number", 1, (2,))],
)
def test_every_kind_of_answer_learns(kind, num_outputs, shape):
    network = _network(kind, num_outputs=num_outputs)
    ids, targets = torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, 1])
    assert network(ids, [2, 2]).shape == shape
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss, count = network.loss(ids, targets, [2, 2])
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()) / count)
    assert losses[-1] < 0.3 * losses[0]


def test_one_direction_is_half_as_wide():
    assert _network(is_bidirectional=False).recurrent.output_size == 5
    assert _network().recurrent.output_size == 10
