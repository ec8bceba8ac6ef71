"""Both sides as numbers: there and back, ends, words that are copied."""

import json

import numpy as np
import pytest

from recurry.data.known import Known
from recurry.data.record_configuration import SidesConfig
from recurry.data.sides import END_NAME, Sides
from recurry.errors import DataError

SOURCES, TARGETS = ["the cat sat .", "a dog"], ["die Katze sass .", "ein Hund"]


def _learn(**config) -> Sides:
    return Sides.learn(SidesConfig(**config), SOURCES, TARGETS)


@pytest.mark.parametrize("tokens", ["bpe", "words", "characters", "bytes"])
@pytest.mark.parametrize("is_joint", [True, False])
def test_targets_are_spelt_as_they_were(tokens, is_joint):
    size = 300 if tokens == "bpe" else None
    sides = _learn(tokens=tokens, is_joint=is_joint, vocabulary_size=size)
    assert sides.is_joint == is_joint
    expected = ["die Katze sass.", "ein Hund"] if tokens == "words" else TARGETS
    for text, spelt in zip(TARGETS, expected, strict=True):
        numbers = sides.write(text)
        assert numbers[-1] == sides.end
        assert numbers.max() < sides.num_target
        assert sides.spell(numbers.tolist()) == spelt
        assert len(sides.pieces_written(numbers.tolist())) == len(numbers)
    again = Sides.from_dict(json.loads(json.dumps(sides.to_dict())))
    assert again.is_joint == is_joint
    np.testing.assert_array_equal(again.write("ein Hund"), sides.write("ein Hund"))
    np.testing.assert_array_equal(again.read("a cat", 9), sides.read("a cat", 9))


def test_sources_end_and_are_cut():
    sides = _learn(tokens="words")
    numbers = sides.read("the cat sat .", 2)
    assert numbers.tolist()[-1] == sides.end_of_source == sides.num_source - 1
    assert sides.pieces_read(numbers) == ["the", "cat", END_NAME]
    assert sides.read("  ", 2).tolist() == [sides.end_of_source]


def test_a_word_is_the_same_piece_wherever_it_stands():
    sides = _learn(vocabulary_size=400)
    first, second = (sides.source.encode(f" {word}") for word in ("the", "cat"))
    np.testing.assert_array_equal(sides.read("the cat", 99)[:-1], [*first, *second])


def test_words_without_a_symbol_can_be_copied():
    sides = _learn(tokens="words", is_joint=False)
    copies, copied = sides.copies("a zyx sat in zyx Hund", 5)
    assert copied == ["a", "zyx", "sat", "in"]
    new = sides.num_target
    assert copies.tolist() == [new, new + 1, new + 2, new + 3, new + 1, sides.end]
    numbers = sides.write("ein zyx , qqq", copied)
    assert numbers.tolist()[1:] == [new + 1, sides.unknown, sides.unknown, sides.end]
    assert sides.spell(numbers.tolist(), copied).startswith("ein zyx")
    assert sides.pieces_written(numbers.tolist(), copied)[:2] == ["ein", "zyx"]


def test_pieces_without_a_symbol_can_be_copied():
    sides = Sides.learn(SidesConfig(vocabulary_size=300, is_joint=False), ["héllo hé"] * 9, ["bye"])
    copies, copied = sides.copies("héllo", 9)
    assert copies.max() >= sides.num_target
    assert sides.spell(copies.tolist(), copied) == "héllo"


@pytest.mark.parametrize("damage", [None, {}, {"source": {}, "target": None}, []])
def test_damaged_descriptions(damage):
    with pytest.raises(DataError, match="damaged"):
        Sides.from_dict(damage)


def test_texts_without_symbols():
    with pytest.raises(DataError, match="no symbol"):
        Sides.learn(SidesConfig(tokens="words"), [" "], [""])


@pytest.mark.parametrize("is_joint", [True, False])
def test_symbols_of_a_model_join_both_sides_and_words_of_a_file_what_is_read(is_joint):
    sides = _learn(tokens="words", is_joint=is_joint)
    for is_model in (True, False):
        wider = sides.extended(Known(symbols=("mouse",), sha256="0" * 64, is_model=is_model))
        found = (
            "mouse" in wider.source.vocabulary.symbols,
            "mouse" in wider.target.vocabulary.symbols,
        )
        assert found == (is_model or not is_joint, is_model)
        assert wider.is_joint == is_joint
    assert sides.extended(None) is sides
