"""A graph as LaTeX, with old values at t-1 and everything else at t.

Comes in: a graph. Goes out: an `aligned` block. Imports formula, graph and print.
"""

from __future__ import annotations

from recurry.compiler.formula import GREEK, formulas
from recurry.compiler.graph import Graph
from recurry.compiler.print import number

_FUNCTIONS = {
    "sigmoid": r"\sigma",
    "tanh": r"\tanh",
    "exp": r"\exp",
    "log": r"\log",
    "minimum": r"\min",
    "maximum": r"\max",
}
_SIGNS = {"": " ", " ": r" \, ", "+": " + ", "-": " - ", "·": r" \cdot ", "⊙": r" \odot "}


def latex(graph: Graph) -> str:
    """The equations as LaTeX: one `aligned` block, a line for each assignment.

    Needs the package amsmath, and a math environment around it.
    """
    lines = [f"{name} &= {text}" for name, text in formulas(graph, _Latex())]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


class _Latex:
    """The notation of LaTeX."""

    def symbol(self, base: str, marks: list[str]) -> str:
        joined = ", ".join(mark if "-" in mark else _word(mark) for mark in marks)
        if not marks:
            return _word(base)
        return f"{_word(base)}_{joined}" if len(joined) == 1 else f"{_word(base)}_{{{joined}}}"

    def number(self, value: float) -> str:
        mantissa, _, exponent = number(value).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa

    def bracketed(self, text: str) -> str:
        return rf"\left({text}\right)"

    def call(self, function: str, arguments: list[str]) -> str:
        if function == "sqrt":
            return rf"\sqrt{{{arguments[0]}}}"
        if function == "abs":
            return rf"\left\lvert {arguments[0]} \right\rvert"
        words = function.replace("_", r"\ ")  # a plain blank is none in formulas
        name = _FUNCTIONS.get(function, rf"\operatorname{{{words}}}")
        return f"{name}{self.bracketed(', '.join(arguments))}"

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def joined(self, left: str, sign: str, right: str) -> str:
        return f"{left}{_SIGNS[sign]}{right}"

    def negated(self, text: str) -> str:
        return f"-{text}"


def _word(text: str) -> str:
    if text in GREEK:
        return rf"\{text}"
    return text if len(text) == 1 or text.isdigit() else rf"\mathit{{{text}}}"
