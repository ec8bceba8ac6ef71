"""Cells are matched up to names and the order of sums and products, and no further."""

import pytest

from recurry.backends.match import match
from recurry.compiler.parse import parse

REFERENCE = parse("h = tanh(W @ x + U @ h + b)")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("h = tanh(W @ x + U @ h + b)", {"W": "W", "U": "U", "b": "b", "h": "h"}),
        ("h = tanh((c + R @ h) + Q @ x)", {"W": "Q", "U": "R", "b": "c", "h": "h"}),
        ("h = tanh(W @ x + (b + U @ h))", {"W": "W", "U": "U", "b": "b", "h": "h"}),
        ("h = relu(W @ x + U @ h + b)", None),
        ("h = tanh(W @ x + U @ h)", None),
        ("h = tanh(W @ x + U @ h + b + b)", None),
        ("h = tanh(W @ x + U @ h + 1)", None),
        ("c = tanh(W @ x + U @ c + b)\nh = c", None),
    ],
)
def test_single_equation(text: str, names: dict[str, str] | None):
    assert match(parse(text), REFERENCE) == names


def test_sums_of_more_terms_than_can_be_listed_match_nothing():
    lines = [f"a{number} = a{number - 1} + a{number - 1}" for number in range(1, 90)]
    text = "\n".join(["a0 = W @ x + U @ h + b", *lines, "h = tanh(a89)"])
    assert match(parse(text), REFERENCE) is None


def test_states_may_have_other_names():
    reference = parse("c = tanh(W @ x + c)\nh = c * h")
    assert match(parse("m = tanh(A @ x + m)\nh = h * m"), reference) == {
        "h": "h",
        "c": "m",
        "W": "A",
    }


def test_one_parameter_cannot_stand_for_two():
    reference = parse("h = tanh(W @ x + U @ h + b) + V @ x")
    assert match(parse("h = tanh(W @ x + U @ h + b) + W @ x"), reference) is None
    assert match(reference, parse("h = tanh(W @ x + U @ h + b) + W @ x")) is None
