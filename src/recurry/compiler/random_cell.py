"""Cells that nobody thought of: random equation texts that are valid, for tests and searches.

Comes in: a random generator. Goes out: the text of a cell. Imports numpy only.
"""

import numpy as np

_STATES = ("h", "c", "s", "m")
# Functions whose values and slopes stay small, so that no random cell explodes within a few steps.
_BOUNDED = ("sigmoid", "tanh", "hard_sigmoid")
_SMOOTH = ("silu", "gelu", "softplus", "relu", "abs")


def random_cell(rng: np.random.Generator, *, num_gates: int = 3) -> str:
    """The text of a random cell.

    Args:
        rng: Where randomness comes from.
        num_gates: Most named values before the states.
    """
    return _Writer(rng).text(num_gates)


class _Writer:
    """Writes one assignment after another; every value read is already there, or is a state."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.states = _STATES[: int(rng.integers(0, len(_STATES) + 1))]
        self.values: list[str] = list(self.states)
        self.count = 0

    def text(self, num_gates: int) -> str:
        """All assignments: gates, then the states and `h` in any order."""
        lines: list[str] = []
        for number in range(int(self.rng.integers(0, num_gates + 1))):
            lines.append(f"g{number} = {self._gate()}")
            self.values.append(f"g{number}")
        others = [value for value in self.values if value != "h"]
        # A value that nobody reads would be an error, and so would an input that nobody reads.
        reads_all = f" + 0.1 * tanh({' + '.join(['W @ x', *others])})"
        for state in self.rng.permutation([*self.states[1:], "h"]):
            lines.append(f"{state} = {self._next(state)}{reads_all if state == 'h' else ''}")
        return "\n".join(lines)

    def _chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def _pick(self, *choices: str) -> str:
        return str(self.rng.choice(choices))

    def _name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def _value(self) -> str:
        return self._pick(*self.values) if self.values else self._name("b")

    def _operand(self) -> str:
        """What a product reads: a value, a product of values, a function of one, a product."""
        kind = self.rng.random()
        if kind < 0.4:
            return self._value()
        if kind < 0.6:
            return f"({self._value()} * {self._value()})"
        if kind < 0.8:
            return f"{self._pick(*_BOUNDED)}({self._value()})"
        if kind < 0.9:
            return f"({self._name('V')} @ {self._value()})"
        return f"{self._pick(*_BOUNDED)}({self._name('V')} @ tanh({self._name('W')} @ x))"

    def _term(self) -> str:
        kind = self.rng.random()
        if kind < 0.35:
            return f"{self._name('U')} @ {self._operand()}"
        if kind < 0.6:
            return f"{self._name('W')} @ x"
        if kind < 0.7:
            return f"{self._name('p')} * {self._value()}"
        if kind < 0.8:
            return self._name("b")
        if kind < 0.9:
            return f"{self._pick(*_SMOOTH)}({self._value()})"
        return f"{self._pick('minimum', 'maximum')}({self._value()}, {self._value()})"

    def _sum(self) -> str:
        terms = [self._term() for _ in range(int(self.rng.integers(1, 5)))]
        signs = [self._pick(" + ", " + ", " - ") for _ in terms[1:]]
        rest = "".join(sign + term for sign, term in zip(signs, terms[1:], strict=True))
        return terms[0] + rest

    def _gate(self) -> str:
        gate = f"{self._pick(*_BOUNDED)}({self._sum()})"
        return f"{gate} * {self._value()}" if self._chance(0.2) else gate

    def _next(self, state: str) -> str:
        """A new state: another value, a product, something bounded, a leak, or old with new."""
        kind = self.rng.random()
        if kind < 0.1:
            return self._value()
        if kind < 0.2:
            return f"{self._name('A')} @ ({self._name('U')} @ {self._operand()})"
        new = f"tanh({self._sum()})"
        old = state if state in self.states else self._value()
        if kind < 0.4:
            return f"{new} + 0.1 * {old}"
        if kind < 0.6:
            return f"0.5 * {old} + {self._value()} * {new}"
        gate = f"sigmoid({self._sum()})"
        return f"{gate} * {old} + (1 - {gate}) * {new}"
