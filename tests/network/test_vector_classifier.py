"""One answer a sequence of vectors, alone and in a batch."""

import pytest
import torch

from recurry.cells import find_cell
from recurry.network.configuration import EncoderConfig
from recurry.network.dropout import Dropout
from recurry.network.vector_classifier import VectorClassifier
from recurry.testing import assert_near


def _network(**changes) -> VectorClassifier:
    options = {"embedding_size": 0, "hidden_size": 6, "precision": "float64"} | changes
    return VectorClassifier(
        find_cell("gru"),
        EncoderConfig(cell="gru", **options),
        dropout=Dropout(),
        input_size=3,
        num_outputs=2,
        kind="class",
        pooling="last",
    )


@pytest.mark.parametrize("embedding_size", [0, 5])
def test_padding_changes_nothing(embedding_size):
    network = _network(embedding_size=embedding_size)
    vectors = torch.randn(4, 2, 3, dtype=torch.float64)
    vectors[2:, 1] = 9.0
    together = network(vectors, [4, 2])
    assert together.shape == (2, 2)
    alone = network(vectors[:2, 1:], [2])
    assert_near(together[1:], alone, "padding_float64")


def test_it_learns_which_number_is_the_larger_one():
    torch.manual_seed(0)
    network = _network(hidden_size=8, is_bidirectional=False)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.03)
    for _ in range(150):
        vectors = torch.randn(5, 32, 3, dtype=torch.float64)
        targets = (vectors[0, :, 0] > vectors[0, :, 1]).long()
        loss, count = network.loss(vectors, targets, [5] * 32)
        optimiser.zero_grad()
        (loss / count).backward()
        optimiser.step()
    vectors = torch.randn(5, 200, 3, dtype=torch.float64)
    found = network(vectors, [5] * 200).argmax(1)
    assert (found == (vectors[0, :, 0] > vectors[0, :, 1]).long()).double().mean() > 0.9
