"""A label a word, whatever is read beside its sentence."""

import pytest
import torch

from recurry.cells import find_cell
from recurry.data.lexicon import Lexicon
from recurry.data.record_configuration import WordsConfig
from recurry.network.configuration import SpellingConfig, TaggerConfig
from recurry.network.dropout import Dropout
from recurry.network.tagger import Tagger, make_front
from recurry.network.words import Words

SENTENCES = [["a", "cat", "sat"], ["cats", "sat"]]
LEXICON = Lexicon.learn(SENTENCES, WordsConfig())


def _network(reader="recurrent", *, crf=False, **config) -> Tagger:
    settings = {"hidden_size": 5, "embedding_size": 4, "precision": "float64"} | config
    config = TaggerConfig(**settings)
    spelling = SpellingConfig(reader=reader, character_size=3, size=4, word_dropout=0.5)
    return Tagger(
        find_cell("gru"),
        config,
        front=make_front(config, spelling, LEXICON),
        dropout=Dropout(),
        num_labels=3,
        crf=crf,
    )


def _words(sentences) -> Words:
    numbers = (LEXICON.words.numbers, LEXICON.characters.numbers)
    return Words.of(sentences, words=numbers[0], characters=numbers[1])


@pytest.mark.parametrize("reader", ["recurrent", "convolutional"])
@pytest.mark.parametrize("crf", [False, True])
def test_padding_changes_no_answer(reader, crf):
    network = _network(reader, crf=crf).eval()
    together = network(_words(SENTENCES), [3, 2])
    for stream, sentence in enumerate(SENTENCES):
        alone = network(_words([sentence]), [len(sentence)])
        assert torch.allclose(
            together[: len(sentence), stream : stream + 1], alone, rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("crf", [False, True])
def test_it_learns(crf):
    network, labels = _network(crf=crf), torch.tensor([[0, 1], [1, 2], [2, 0]])
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        optimiser.zero_grad()
        loss, count = network.loss(_words(SENTENCES), labels, [3, 2])
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()) / count)
    assert count == 5
    assert losses[-1] < 0.3 * losses[0]
    network.eval()
    output = network(_words(SENTENCES), [3, 2])
    assert network.head.decode(output, [3, 2]).T.tolist() == [[0, 1, 2], [1, 2, -1]]
