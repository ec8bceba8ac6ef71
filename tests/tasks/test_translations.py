"""Answers of an encoder and decoder: read, searched, attended to."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from recurry.data.record_configuration import SidesConfig
from recurry.data.sides import Sides
from recurry.network.decoding import search
from recurry.network.translated import Translated, TranslatedConfig
from recurry.tasks.translations import DecodingConfig, Reading, attend, write

TEXTS = ["a b c", "", "b", "c c a b a"]


@pytest.fixture
def sides() -> Sides:
    return Sides.learn(SidesConfig(tokens="words"), TEXTS, ["a b c d"])


@pytest.fixture
def network(sides) -> Translated:
    torch.manual_seed(0)
    config = TranslatedConfig(cell="gru", embedding_size=6, hidden_size=8)
    return Translated(
        config, num_source=sides.num_source, num_target=sides.num_target, begin=sides.begin
    )


def _reading(sides: Sides, *, longest: int = 9, has_copying: bool = False) -> Reading:
    return Reading.of(sides, TEXTS, longest=longest, has_copying=has_copying)


def test_texts_are_read_up_to_a_length(sides):
    found = _reading(sides, longest=3, has_copying=True)
    assert [len(source) for source in found.sources] == [4, 1, 2, 4]
    assert [len(copies) for copies in found.copies] == [4, 1, 2, 4]
    assert [found.remarks(n) for n in range(4)] == [[], ["empty"], [], ["cut"]]
    assert Reading.of(sides, ["ωψ"], longest=9, has_copying=False).remarks(0) == ["unknown"]
    block = found.block([2, 0], torch.device("cpu"))
    assert block.ids.shape == block.copies.shape == (4, 2)
    assert block.lengths == [2, 4]


@pytest.mark.parametrize("beam", [1, 3])
def test_what_is_written_is_what_the_search_of_a_text_finds(sides, network, beam):
    reading = _reading(sides)
    found = write(network, sides, reading, DecodingConfig(beam=beam, most=1, length_penalty=0))
    assert network.training
    network.eval()
    for number in (0, 2, 3):
        source = reading.block([number], torch.device("cpu"))
        most = len(reading.sources[number]) + 10
        ((path,),) = search(network.writer(source), length=most, end=sides.end, width=beam)
        assert found[number] == path.symbols
    assert found[1] == ()


def test_weights_of_what_was_written(sides, network):
    reading = _reading(sides)
    written = write(network, sides, reading, DecodingConfig(beam=1))
    for source, symbols, weights in zip(
        reading.sources, written, attend(network, sides, reading, written), strict=True
    ):
        assert weights.shape == (len(symbols), len(source))
        np.testing.assert_allclose(weights.sum(1), np.ones(len(symbols)), atol=1e-5)


@pytest.mark.parametrize("value", [{"beam": 0}, {"length_penalty": -1}, {"most": 0}, {"width": 3}])
def test_impossible_settings(value):
    with pytest.raises(ValidationError):
        DecodingConfig.model_validate(value)
