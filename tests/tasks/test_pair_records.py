"""Pairs as records: numbers, and the texts beside them."""

import pytest

from recurry.data.pairs import Counterparts
from recurry.data.record_configuration import SidesConfig
from recurry.tasks.pair_records import (
    learn_sides,
    make_records,
    pack_texts,
    spread,
    unpack_texts,
)

PAIRS = [Counterparts("a b\nc", ("x y", "z"), "f:1"), Counterparts("", ("x",), "f:2")]
TEXT = SidesConfig(tokens="words", is_joint=False)


def test_texts_are_packed_and_unpacked():
    texts = ["", "ä\nb", "日本"]
    assert unpack_texts(pack_texts(texts)) == texts
    assert unpack_texts(pack_texts(texts).take([2, 0])) == ["日本", ""]


def test_a_pair_for_each_counterpart():
    assert [pair.targets for pair in spread(PAIRS)] == [("x y",), ("z",), ("x",)]


@pytest.mark.parametrize("has_copying", [False, True])
def test_the_first_counterpart_is_learnt_and_all_are_kept(has_copying):
    sides = learn_sides(PAIRS, TEXT)
    assert set(sides.target.vocabulary.symbols) == {"x", "y", "z", "<unk>"}
    found, notes = make_records(
        PAIRS, sides, TEXT, part="test", has_copying=has_copying, is_learnt=False
    )
    assert found.lengths.tolist() == [4, 1]
    assert sides.spell(found.sequences["target"][0].tolist()) == "x y"
    assert unpack_texts(found.sequences["references"]) == ["x y\nz", "x"]
    assert ("copies" in found.sequences) == has_copying
    assert notes == []
