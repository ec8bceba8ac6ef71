"""Words beside their spelling."""

import pytest
import torch

from recurry.errors import UsageError
from recurry.network.front import Embedded
from recurry.network.recurrent import Recurrent
from recurry.network.words import Spelling, Words, WordsWithCharacters
from recurry.testing import assert_near

KNOWN = {"the": 1, "cat": 2, "sat": 3}
LETTERS = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz", 1)}
SENTENCES = [["the", "cat", "sat", "the", "catalogue"], ["a", "the"], []]


def words(sentences=SENTENCES) -> Words:
    return Words.of(sentences, words=KNOWN, characters=LETTERS)


def front(reader: str = "recurrent", **options) -> WordsWithCharacters:
    spelling = Spelling(27, 6, character_size=5, reader=reader, dtype=torch.float64)
    return WordsWithCharacters(Embedded(4, 3, dtype=torch.float64), spelling, **options)


def test_every_word_of_a_batch_is_there_once():
    batch = words()
    assert batch.ids.tolist() == [1, 2, 3, 0, 0]
    assert batch.places[:, 0].tolist() == [0, 1, 2, 0, 3]
    assert batch.places[:2, 1].tolist() == [4, 0]
    assert list(batch.lengths) == [3, 3, 3, 9, 1]
    assert batch.characters[:, 4].tolist() == [1] + [0] * 8


@pytest.mark.parametrize("reader", ["recurrent", "convolutional"])
def test_a_word_is_the_same_in_every_sentence(reader: str):
    made = front(reader)
    vectors = made(words()).vectors()
    assert vectors.shape == (5, 3, made.output_size)
    for stream, sentence in enumerate(SENTENCES):
        for t, word in enumerate(sentence):
            alone = made(words([[word]])).vectors()[0, 0]
            assert_near(vectors[t, stream], alone, "padding_float64", what=word)
    assert torch.equal(vectors[0, 0, :3], made.words.weight[1])


@pytest.mark.parametrize("reader", ["recurrent", "convolutional"])
def test_gradients_equal_finite_differences(reader: str):
    made = front(reader)
    weights = torch.randn(5, 3, made.output_size, dtype=torch.float64)
    batch = words()
    leaves = list(made.parameters())
    loss = (made(batch).vectors() * weights).sum()
    found = torch.autograd.grad(loss, leaves)
    for leaf, gradient in zip(leaves, found, strict=True):
        direction = torch.randn_like(leaf)
        sides = []
        for sign in (1, -1):
            with torch.no_grad():
                leaf.add_(direction, alpha=sign * 1e-6)
                sides.append((made(batch).vectors() * weights).sum())
                leaf.sub_(direction, alpha=sign * 1e-6)
        numeric = (sides[0] - sides[1]) / 2e-6
        assert_near((gradient * direction).sum(), numeric, "gradient_float64", what="gradient")


def test_a_layer_reads_them_and_passes_gradients_on():
    made = front()
    layer = Recurrent("lstm", made.output_size, 4, precision="float64")
    lengths = [5, 2, 0]
    output, _ = layer(made(words()), lengths=lengths)
    expected, _ = layer(made(words()).vectors(), lengths=lengths)
    assert_near(output, expected, "interpreter_float64", what="output")
    output.sum().backward()
    assert all(parameter.grad is not None for parameter in made.parameters())


def test_dropped_words_are_known_by_their_spelling_alone():
    made = front(word_dropout=0.999999)
    vectors = made(words()).vectors()
    assert torch.equal(vectors[0, 0, :3], made.words.weight[0])
    made.eval()
    assert torch.equal(made(words()).vectors()[0, 0, :3], made.words.weight[1])


def test_a_batch_without_words():
    assert front()(words([[], []])).vectors().shape == (0, 2, 9)


def test_an_unknown_reader_is_named():
    with pytest.raises(UsageError, match="no reader of characters named 'cnn'"):
        Spelling(5, 4, reader="cnn")
