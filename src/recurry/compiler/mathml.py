"""A graph as MathML, which browsers draw as mathematics, with old values at t-1.

Comes in: a graph. Goes out: one `math` element. Imports formula, graph and print.
"""

from __future__ import annotations

from html import escape, unescape

from recurry.compiler.formula import GREEK, formulas
from recurry.compiler.graph import Graph
from recurry.compiler.print import number

_FUNCTIONS = {"sigmoid": "σ", "minimum": "min", "maximum": "max"}
_SIGNS = {"": "", " ": "<mspace width='0.2em'/>", "-": "<mo>−</mo>"}


def mathml(graph: Graph) -> str:
    """The equations as MathML: one block, a row for each assignment."""
    rows = "".join(
        f"<mtr><mtd>{name}</mtd><mtd><mo>=</mo></mtd><mtd>{_row(text)}</mtd></mtr>"
        for name, text in formulas(graph, _MathML())
    )
    return (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">'
        f'<mtable columnalign="right center left">{rows}</mtable></math>'
    )


class _MathML:
    """The notation of MathML."""

    def symbol(self, base: str, marks: list[str]) -> str:
        if not marks:
            return _word(base)
        below = "<mo>,</mo>".join(_mark(mark) for mark in marks)
        return f"<msub>{_word(base)}{_row(below)}</msub>"

    def number(self, value: float) -> str:
        mantissa, _, exponent = number(value).partition("e")
        if not exponent:
            return f"<mn>{mantissa.replace('-', '−')}</mn>"
        power = f"<msup><mn>10</mn><mn>{int(exponent)}</mn></msup>".replace("-", "−")
        return _row(f"<mn>{mantissa}</mn><mo>·</mo>{power}")

    def bracketed(self, text: str) -> str:
        return _row(f"<mo>(</mo>{text}<mo>)</mo>")

    def call(self, function: str, arguments: list[str]) -> str:
        if function == "sqrt":
            return f"<msqrt>{arguments[0]}</msqrt>"
        if function == "abs":
            return _row(f"<mo>|</mo>{arguments[0]}<mo>|</mo>")
        name = _FUNCTIONS.get(function, function.replace("_", " "))
        return f"<mi>{escape(name)}</mi>{self.bracketed('<mo>,</mo>'.join(arguments))}"

    def fraction(self, above: str, below: str) -> str:
        return f"<mfrac>{_row(above)}{_row(below)}</mfrac>"

    def joined(self, left: str, sign: str, right: str) -> str:
        return f"{left}{_SIGNS.get(sign, f'<mo>{sign}</mo>')}{right}"

    def negated(self, text: str) -> str:
        return f"<mo>−</mo>{text}"


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def _mark(text: str) -> str:
    """What stands below a symbol: a word, or a time."""
    base, minus, rest = text.partition("-")
    return f"{_word(base)}<mo>−</mo><mn>{rest}</mn>" if minus else _word(base)


def _word(text: str) -> str:
    if text in GREEK:
        return f"<mi>{unescape(f'&{text};')}</mi>"
    return f"<mn>{text}</mn>" if text.isdigit() else f"<mi>{escape(text)}</mi>"
