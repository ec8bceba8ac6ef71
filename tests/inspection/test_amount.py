"""Numbers as people say them."""

import pytest

from recurry.inspection.amount import count, shorten_number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (950, "950"),
        (12_345, "12.3 k"),
        (999_999, "1 M"),
        (1_600_000, "1.6 M"),
        (2e9, "2 G"),
    ],
)
def test_numbers_are_shortened(number, text):
    assert shorten_number(number) == text


def test_one_is_not_called_like_many():
    assert count(1, "symbol") == "1 symbol"
    assert count(10_000, "symbol") == "10,000 symbols"
    assert count(2, "class", many="classes") == "2 classes"
