"""Parse many hostile texts; only EquationError may come out, and every text must end quickly.

    python bench/fuzz_parser.py 1000000 --seed 0

Texts are mutations of the built-in cells, random walks through the grammar, and noise. Every
accepted text is also printed and parsed back. Exit code 1 on the first breach, with the text.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from recurry.cells import cell, cells
from recurry.compiler.nodes import FUNCTIONS
from recurry.compiler.parse import parse
from recurry.compiler.print import equations
from recurry.errors import EquationError

SLOWEST_S = 1.0  # a text that takes more processor time counts as a hang

_WORDS = [*FUNCTIONS, *"xhcfzWUb+-*/@=(),#\n", "W_f", "U_f", "1", "0.5", "1e999", " ", "h = "]
_HOSTILE = [
    *("\x00", "\r", "\x0b", "\u2028", "\ud800", "\ufeff", "σ", "⊙", "𝒉", "é", "_", "__class__"),
    *("import os", "lambda: 0", "**", "//", ":=", "[", "{", "'", '"', "\\", ";", "...", "9" * 400),
    *("(" * 200, "-" * 3000, "+h" * 500, "tanh(" * 120, "a = a\n" * 300, "x" * 5000),
]


def texts(count: int, generator: random.Random) -> Iterator[str]:
    """Texts to parse: half mutations, three tenths expressions, one fifth noise."""
    seeds = [cell(name).equations for name in cells()]
    for _ in range(count):
        kind = generator.random()
        if kind < 0.5:
            yield _mutate(generator.choice(seeds), seeds, generator)
        elif kind < 0.8:
            yield f"h = {_expression(generator, 5)}"
        else:
            words = generator.choices([*_WORDS, *_HOSTILE], k=generator.randrange(1, 13))
            yield "".join(words)


def _mutate(text: str, seeds: list[str], generator: random.Random) -> str:
    """A text with one to four edits."""
    for _ in range(generator.randrange(1, 5)):
        start = generator.randrange(len(text) + 1)
        end = min(len(text), start + generator.choice((0, 0, 1, 1, 2, 5, 40)))
        other = generator.choice(seeds)
        cut = generator.randrange(len(other))
        replacement = generator.choice(
            (
                "",
                generator.choice(_WORDS),
                generator.choice(_HOSTILE) if generator.random() < 0.2 else " ",
                chr(generator.randrange(0x110000)),
                other[cut : cut + generator.randrange(30)],
                text[start:end] * generator.randrange(4),
            )
        )
        text = text[:start] + replacement + text[end:]
    return text


def _expression(generator: random.Random, depth: int) -> str:
    """A mostly legal expression."""
    kind = generator.randrange(6) if depth else 0
    if kind == 0:
        return generator.choice(("x", "h", "b", "0.5", "1e-3", "W @ x", "U @ h", "c", "2"))
    if kind == 1:
        name, count = generator.choice(list(FUNCTIONS.items()))
        return f"{name}({', '.join(_expression(generator, depth - 1) for _ in range(count))})"
    if kind == 2:
        return f"-({_expression(generator, depth - 1)})"
    left, right = _expression(generator, depth - 1), _expression(generator, depth - 1)
    operator = generator.choice("+-*/")
    return f"({left}) {operator} ({right})" if kind < 5 else f"{left} {operator} {right}"


def check_text(text: str) -> str:
    """The outcome for one text; any other exception than EquationError is a breach."""
    try:
        graph = parse(text)
    except EquationError as error:
        str(error).encode("utf-8", "surrogatepass")
        return error.what.split(" ")[0]
    if parse(equations(graph)) != graph:
        raise AssertionError("the printed equations parse to another graph")
    return "accepted"


def main() -> None:
    """Parse as many texts as asked and print what came out."""
    parser = argparse.ArgumentParser(description="Parse many hostile texts.")
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    outcomes: Counter[str] = Counter()
    slowest, begun = 0.0, time.perf_counter()
    for text in texts(arguments.count, random.Random(arguments.seed)):
        start = time.process_time()
        try:
            outcomes[check_text(text)] += 1
        except Exception as error:
            print(f"breach: {error!r} for {text!r}")
            sys.exit(1)
        slowest = max(slowest, time.process_time() - start)
        if slowest > SLOWEST_S:
            print(f"breach: {slowest:.1f} s for {text!r}")
            sys.exit(1)
    seconds = time.perf_counter() - begun
    accepted = outcomes["accepted"]
    print(f"{arguments.count} texts, seed {arguments.seed}: no breach in {seconds:.0f} s")
    print(f"{arguments.count / seconds:.0f} texts a second, slowest {1000 * slowest:.1f} ms")
    print(f"{accepted} accepted and printed back, {arguments.count - accepted} refused")


if __name__ == "__main__":
    main()
