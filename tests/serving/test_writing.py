"""The steps of a text that is written on the page."""

import base64

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.colour import levels
from recurry.serving.writing import take_step


@pytest.fixture
def shown(viewing):
    return viewing.shown


def test_typed_text_is_read_symbol_by_symbol(shown):
    answer = take_step(shown, {"typed": "abc\n"})
    assert "".join(answer["pieces"]) == "abc\n"
    cells = [
        np.frombuffer(base64.b64decode(text), np.uint8).reshape(4, 6) for text in answer["cells"]
    ]
    assert len(cells) == 2
    values = np.tanh(shown.recording.values("c", layer=1, start=0, stop=4))
    assert np.abs(cells[1] - levels(values)).max() <= 1  # the text of the fixture begins so


def test_what_was_written_is_gone_on_with(shown):
    whole = take_step(shown, {"typed": "head"})
    first = take_step(shown, {"typed": "he"})
    rest = take_step(shown, {"ids": first["ids"], "typed": "ad"})
    assert [*first["ids"], *rest["ids"]] == whole["ids"]
    assert rest["expected"] == whole["expected"]


def test_drawing_depends_on_the_text_and_the_seed_alone(shown):
    ids = take_step(shown, {"typed": "a"})["ids"]
    one = take_step(shown, {"ids": ids, "draw": 20, "seed": 1})
    again = take_step(shown, {"ids": ids, "draw": 20, "seed": 1})
    other = take_step(shown, {"ids": ids, "draw": 20, "seed": 2})
    assert one["ids"] == again["ids"]
    assert one["ids"] != other["ids"]
    assert len(one["pieces"]) == 20


def test_a_picked_symbol_is_added(shown):
    expected = take_step(shown, {"typed": "a"})["expected"]
    answer = take_step(shown, {"ids": [2], "symbol": expected[0]["id"]})
    assert answer["pieces"] == (expected[0]["symbol"],)


def test_the_expected_symbols_share_everything(shown):
    answer = take_step(shown, {"typed": "a", "temperature": 0.7})
    assert sum(each["share"] for each in answer["expected"]) == pytest.approx(1)
    assert answer["expected"][-1]["id"] is None
    sure = take_step(shown, {"typed": "a", "temperature": 0})
    assert sure["expected"][0]["share"] == 1
    assert sure["entropy_nats"] == 0


def test_nothing_shows_the_cells_as_they_are(shown):
    answer = take_step(shown, {})
    assert answer["ids"] == []
    assert set(base64.b64decode(answer["cells"][0])) == {32}  # a state of zeros


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"ids": [99]}, "no such symbol"),
        ({"ids": "abc"}, "option of the view"),
        ({"draw": 10_000}, "option of the view"),
        ({"ids": [1] * 5001}, "option of the view"),
    ],
)
def test_wrong_steps_get_words(shown, sent, words):
    with pytest.raises(UsageError, match=words):
        take_step(shown, sent)
