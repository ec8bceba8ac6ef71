"""How blanks are filled, with a network whose every probability is known."""

import itertools
import math

import numpy as np
import pytest
import torch

from recurry.cells import find_cell
from recurry.network.both_ways import BothWays
from recurry.network.configuration import TwoReadersConfig
from recurry.network.dropout import Dropout
from recurry.tasks.filling import Filled, Filler, FillingConfig, shares

UNKNOWN, EDGE, WORDS = 4, 5, range(4)


@pytest.fixture
def network() -> BothWays:
    """A random network over four words, an unknown one and the edge."""
    config = TwoReadersConfig(embedding_size=6, hidden_size=6, precision="float64")
    made = BothWays(find_cell("gru"), config, dropout=Dropout(output=0.5), num_symbols=6, edge=EDGE)
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(3)
    return made


def _filler(network: BothWays, **values) -> Filler:
    return Filler(network, unknown=UNKNOWN, config=FillingConfig.model_validate(values))


def _segments(*parts: list[int]) -> list[np.ndarray]:
    return [np.array(part, dtype=np.int64) for part in parts]


def _whole(network: BothWays, words: list[int]) -> float:
    network.eval()
    with torch.no_grad():
        block = torch.tensor(words, dtype=torch.int64)[:, None]
        return float(network.log_probabilities(block, [len(words)]).mean())


def _best(network, segments, fillings) -> tuple:
    """The filling with the most probable whole sentence, found by trying all."""

    def sentence(blanks):
        pairs = zip(segments[1:], blanks, strict=True)
        return [*segments[0], *itertools.chain(*([*words, *part] for part, words in pairs))]

    return max(fillings, key=lambda blanks: _whole(network, sentence(blanks)))


def test_one_blank_has_the_word_of_the_most_probable_sentence(network):
    segments = _segments([0, 3], [2, 2, 1])
    (found,) = _filler(network, candidates=4).fill([segments])
    assert {filled.blanks[0][0] for filled in found} == set(WORDS)
    assert found[0].blanks == _best(network, segments, [((word,),) for word in WORDS])
    logs = [filled.log_probability for filled in found]
    assert logs == sorted(logs, reverse=True)
    a, b = (_whole(network, [0, 3, filled.blanks[0][0], 2, 2, 1]) for filled in found[:2])
    assert logs[0] - logs[1] == pytest.approx(a - b)  # what they share does not count


def test_blanks_of_unknown_length_and_several_blanks(network):
    words = [(word,) for word in WORDS]
    twos = list(itertools.product(WORDS, repeat=2))
    segments = _segments([1], [3, 0])
    (found,) = _filler(network, candidates=16, longest=2).fill([segments])
    assert {filled.blanks for filled in found} == {(blank,) for blank in words + twos}
    assert found[0].blanks == _best(network, segments, [(blank,) for blank in words + twos])
    segments = _segments([1], [3], [0, 2])
    (found,) = _filler(network, candidates=4, beam=4).fill([segments])
    assert len(found) == 16
    assert found[0].blanks == _best(network, segments, list(itertools.product(words, repeat=2)))


def test_a_beam_keeps_few_sentences(network):
    segments = _segments([], [], [])
    (found,) = _filler(network, candidates=3, beam=2).fill([segments])
    assert len(found) == 2 * 3
    assert len({filled.blanks[0] for filled in found}) == 2


def test_no_sentence_depends_on_another_one(network):
    sentences = [
        _segments([0], [1]),
        _segments([2]),
        _segments([], [], []),
        _segments([3] * 9, [1]),
    ]
    filler = _filler(network, longest=2)
    together = filler.fill(sentences)
    assert together[1] == []
    for segments, found in zip(sentences, together, strict=True):
        (alone,) = filler.fill([segments])
        assert [one.blanks for one in alone] == [one.blanks for one in found]
        expected = [one.log_probability for one in found]
        assert [one.log_probability for one in alone] == pytest.approx(expected)
    assert filler.fill([]) == []
    assert network.training  # as it was


def test_one_model_alone(network):
    sentences = [_segments([0, 3], [2]), _segments([], [1, 1])]
    for is_backward in (False, True):
        found = _filler(network).expect(sentences, is_backward=is_backward)
        network.eval()
        for segments, word in zip(sentences, found.tolist(), strict=True):
            side = torch.from_numpy(segments[int(is_backward)])[:, None]
            with torch.no_grad():
                logs = network.next_word(side, [len(side)], is_backward=is_backward)
            assert word == int(logs[0, :UNKNOWN].argmax())
        network.train()


def test_shares_add_up_what_stands_in_a_blank():
    fillings = [
        Filled(blanks=((1,), (2,)), log_probability=math.log(4)),
        Filled(blanks=((1,), (3, 3)), log_probability=math.log(3)),
        Filled(blanks=((2,), (2,)), log_probability=math.log(1)),
    ]
    assert shares(fillings, 0) == [((1,), pytest.approx(7 / 8)), ((2,), pytest.approx(1 / 8))]
    assert shares(fillings, 1) == [((2,), pytest.approx(5 / 8)), ((3, 3), pytest.approx(3 / 8))]
