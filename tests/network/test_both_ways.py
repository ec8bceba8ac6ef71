"""Two language models in one: each is one, and neither sees what the other reads."""

import pytest
import torch

from recurry.cells import find_cell
from recurry.errors import ShapeError
from recurry.network.both_ways import BothWays
from recurry.network.configuration import TwoReadersConfig
from recurry.network.dropout import Dropout
from recurry.testing import assert_near

EDGE = 6


def _network(**values) -> BothWays:
    config = TwoReadersConfig.model_validate(
        {"embedding_size": 5, "hidden_size": 5, "precision": "float64"} | values
    )
    cell = find_cell("gru")
    return BothWays(cell, config, dropout=Dropout(), num_symbols=7, edge=EDGE)


def _by_hand(network: BothWays, words: list[int], *, is_backward: bool) -> torch.Tensor:
    """The log-probability of each word and the edge, word after word."""
    read = words[::-1] if is_backward else words
    logs = []
    for count, wanted in enumerate([*read, EDGE]):
        known = read[:count][::-1] if is_backward else read[:count]
        block = torch.tensor(known, dtype=torch.int64)[:, None]
        logs.append(network.next_word(block, [count], is_backward=is_backward)[0, wanted])
    return torch.stack(logs)


@pytest.mark.parametrize("is_tied", [False, True])
def test_a_sentence_is_the_product_of_its_words(is_tied):
    network = _network(is_tied=is_tied)
    sentences = [[1, 2, 3, 0], [], [5]]
    block = torch.full((4, 3), 99)
    for column, words in enumerate(sentences):
        block[: len(words), column] = torch.tensor(words, dtype=torch.int64)
    lengths = [len(words) for words in sentences]
    with torch.no_grad():
        found = network.log_probabilities(block, lengths)
        nats, count = network.loss(block, lengths)
        expected = torch.stack(
            [
                torch.stack(
                    [_by_hand(network, words, is_backward=way).sum() for words in sentences]
                )
                for way in (False, True)
            ]
        )
    assert_near(found, expected, "padding_float64", what="log-probabilities")
    assert count == 2 * (sum(lengths) + len(lengths))
    assert_near(nats, -expected.sum(), "padding_float64", what="loss")


def test_what_sentences_have_in_common_need_not_count():
    network = _network()
    block, words = torch.tensor([[1], [2], [3], [4]]), [1, 2, 3, 4]
    with torch.no_grad():
        found = network.log_probabilities(block, [4], before=[1], behind=[3])[:, 0]
        ahead = _by_hand(network, words, is_backward=False)[1:].sum()
        back = _by_hand(network, words, is_backward=True)[3:].sum()
    assert_near(found, torch.stack([ahead, back]), "padding_float64", what="what counts")


def test_each_model_reads_its_own_side_alone():
    network = _network(num_layers=2)
    block = torch.tensor([[1, 1], [2, 5], [3, 3]])
    with torch.no_grad():
        for is_backward in (False, True):
            logs = network.next_word(block, [3, 3], is_backward=is_backward)
            assert logs.exp().sum(1).tolist() == pytest.approx([1, 1])
            assert not torch.equal(logs[0], logs[1])
    assert {name.split(".")[0] for name, _ in network.named_parameters()} >= {"ahead", "back"}


def test_gradients_reach_every_weight():
    network = _network()
    nats, _ = network.loss(torch.tensor([[1, 2], [3, 0]]), [2, 1])
    nats.backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


def test_words_out_of_range():
    with pytest.raises(ShapeError, match="words"):
        _network().loss(torch.tensor([[7]]), [1])
    with pytest.raises(ShapeError, match="edge"):
        BothWays(find_cell("gru"), TwoReadersConfig(), dropout=Dropout(), num_symbols=6, edge=EDGE)
