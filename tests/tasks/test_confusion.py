"""The picture: whole, safe, and of bounded size."""

from xml.etree import ElementTree

import numpy as np

from recurry.tasks.confusion import MOST_CLASSES, OTHERS, confusion_svg


def _texts(picture: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(picture).iter()]


def test_counts_and_names_are_drawn():
    picture = confusion_svg(np.array([[3, 1], [0, 12_345]]), ["<a>", "b"], title="T & T")
    texts = _texts(picture)
    assert "T & T" in texts
    assert "<a> answered as b: 1" in texts
    assert {"3", "1", "12k"} < set(texts)
    assert any("12,348 of 12,349 right" in text for text in texts)


def test_of_many_classes_the_rarest_become_one():
    size = MOST_CLASSES + 30
    counts = np.diag(np.arange(1, size + 1))
    texts = _texts(confusion_svg(counts, [f"c{n}" for n in range(size)], title="many"))
    assert OTHERS in texts
    assert f"{OTHERS} answered as {OTHERS}: {sum(range(1, 32)):,}" in texts
    assert "c0" not in texts
    assert f"c{size - 1}" in texts


def test_a_long_name_is_shortened_and_a_control_character_is_none():
    texts = _texts(confusion_svg(np.eye(2, dtype=int), ["a" * 50, "b\x00"], title="x"))
    assert "a" * 13 + "…" in texts
