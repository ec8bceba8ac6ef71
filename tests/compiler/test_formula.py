"""Formulas in any notation."""

import pytest

from recurry.compiler.cell import Cell
from recurry.compiler.formula import GREEK, formulas


class Plain:
    """A notation of plain letters."""

    def symbol(self, base, marks):
        return base + "".join(f"[{mark}]" for mark in marks)

    def number(self, value):
        return f"{value:g}"

    def bracketed(self, text):
        return f"({text})"

    def call(self, function, arguments):
        return f"{function}({','.join(arguments)})"

    def fraction(self, above, below):
        return f"{{{above}|{below}}}"

    def joined(self, left, sign, right):
        return f"{left}{sign}{right}"

    def negated(self, text):
        return f"-{text}"


@pytest.mark.parametrize(
    ("equations", "expected"),
    [
        ("h = W @ x", "Wx[t]"),
        ("h = W @ (x + h)", "W(x[t]+h[t-1])"),
        ("h = x - (x - h)", "x[t]-(x[t]-h[t-1])"),
        ("h = x + -h", "x[t]+(-h[t-1])"),
        ("h = -(x + h)", "-(x[t]+h[t-1])"),
        ("h = x * (h + x)", "x[t]⊙(h[t-1]+x[t])"),
        ("h = x + 2 * h", "x[t]+2 h[t-1]"),
        ("h = x + h * 2", "x[t]+h[t-1]·2"),
        ("h = -2 * h + x", "(-2) h[t-1]+x[t]"),
        ("h = x + -2 * h", "x[t]+(-2) h[t-1]"),
        ("h = (W @ x) * h", "(Wx[t])⊙h[t-1]"),
        ("h = x / (1 + h)", "{x[t]|1+h[t-1]}"),
        ("h = minimum(x, h)", "minimum(x[t],h[t-1])"),
    ],
)
def test_brackets_stand_where_they_are_needed(equations, expected):
    ((name, text),) = formulas(Cell.parse(equations, name="a").graph, Plain())
    assert (name, text) == ("h[t]", expected)


def test_named_parts_are_not_written_out():
    rows = list(formulas(Cell.parse("z2 = tanh(U_a @ h)\nh = z2 + x", name="a").graph, Plain()))
    assert rows == [("z[2][t]", "tanh(U[a]h[t-1])"), ("h[t]", "z[2][t]+x[t]")]


def test_greek_words_are_the_letters():
    assert {"alpha", "Omega"} <= set(GREEK)
    assert len(GREEK) == 34
