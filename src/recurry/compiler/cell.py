"""A cell: equations with a name, initial values and a source; data, not a class to derive from.

Comes in: the text of some equations. Goes out: a record that everything else reads.
Imports errors and the rest of the compiler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recurry.compiler.draw_cell import draw_cell
from recurry.compiler.graph import Graph, Matmul, State, dependents, parameter_shapes
from recurry.compiler.initial import Specification, check_initial, draw_initial
from recurry.compiler.interpret import Arrays, Interpretation, interpret
from recurry.compiler.latex import latex
from recurry.compiler.nodes import Parameter
from recurry.compiler.parse import parse
from recurry.compiler.plan import Plan, make_plan
from recurry.compiler.print import equations
from recurry.errors import UsageError, nearest

_LONGEST_NAME = 200
_LONGEST_SOURCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A recurrent cell, made by `Cell.parse`.

    Args:
        name: What the cell is called.
        graph: Its equations.
        initial: Initial values that differ from the defaults, by parameter.
        source: The paper and equation, or the library, that the equations come from.
    """

    name: str
    graph: Graph
    initial: Mapping[str, Specification] = field(default_factory=dict, hash=False)
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "initial", dict(self.initial))
        self._check_words()
        for name, specification in self.initial.items():
            if name not in self.parameters:
                raise UsageError(
                    f"The cell {self.name} has no parameter {name!r} to give an initial value.",
                    accepted=", ".join(self.parameters),
                    hint=" or ".join(nearest(name, self.parameters)) or None,
                )
            check_initial(specification, is_matrix=self.parameters[name].kind == "matrix")

    def _check_words(self) -> None:
        """Name and source are shown on terminals and in drawings, and a model file may say both."""
        if not (self.name.isprintable() and 1 <= len(self.name) <= _LONGEST_NAME):
            raise UsageError(
                "This cannot be the name of a cell.",
                got=f"{self.name[:60]!r}, {len(self.name)} characters",
                accepted=f"1 to {_LONGEST_NAME} printable characters",
            )
        is_plain = all(line.isprintable() for line in self.source.split("\n"))
        if not is_plain or len(self.source) > _LONGEST_SOURCE:
            raise UsageError(
                f"This cannot be the source of the cell {self.name}.",
                got=f"{self.source[:60]!r}, {len(self.source)} characters",
                accepted=f"at most {_LONGEST_SOURCE} printable characters, and line ends",
            )

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        name: str = "cell",
        initial: Mapping[str, Specification] | None = None,
        source: str = "",
    ) -> Cell:
        """A cell from its equations.

        Args:
            text: One assignment a line; see the page on the equation language.
            name: What the cell is called.
            initial: Initial values by parameter: a number, "zeros", "ones", "identity",
                "orthogonal", "glorot_uniform", "uniform(a, b)" or "normal(s)".
            source: Where the equations come from.

        Raises:
            EquationError: The equations are not valid.
            UsageError: An initial value is unknown or names no parameter, or the name or the
                source cannot be shown.

        Example:
            >>> Cell.parse("h = tanh(W @ x + U @ h + b)", initial={"b": 0.5}).states
            ('h',)
        """
        return cls(name=name, graph=parse(text), initial=initial or {}, source=source)

    @property
    def equations(self) -> str:
        """Canonical text; it parses back to an equal graph."""
        return equations(self.graph)

    @property
    def states(self) -> tuple[str, ...]:
        """What the cell carries from step to step, `h` first where it is carried."""
        return self.graph.states

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Matrices and vectors by name, in the order of the text."""
        return self.graph.parameters

    @property
    def plan(self) -> Plan:
        """The cell laid out for execution."""
        return make_plan(self.graph)

    def parameter_shapes(self, input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter; an EquationError where the sizes cannot be."""
        return parameter_shapes(self.graph, input_size, hidden_size)

    def effective_initial(self) -> dict[str, str]:
        """For every parameter, the initial value that holds, the defaults included.

        By default matrices whose operand depends on a state are orthogonal, other matrices Glorot
        uniform, and vectors 0.
        """
        return {name: str(value) for name, value in self._initial_specifications().items()}

    def initial_values(
        self, input_size: int, hidden_size: int, generator: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """An array of float64 for every parameter, drawn in the order of the text."""
        shapes = self.parameter_shapes(input_size, hidden_size)
        specifications = self._initial_specifications()
        return {
            name: draw_initial(specifications[name], shapes[name], generator) for name in shapes
        }

    def _initial_specifications(self) -> dict[str, Specification]:
        nodes = self.graph.nodes
        of_state = dependents(nodes, [node for node in nodes if isinstance(node, State)])
        products = [node for node in nodes if isinstance(node, Matmul)]
        recurrent = {product.matrix for product in products if product.operand in of_state}
        defaults: dict[str, Specification] = {
            name: "zeros"
            if parameter.kind == "vector"
            else ("orthogonal" if parameter in recurrent else "glorot_uniform")
            for name, parameter in self.parameters.items()
        }
        return defaults | dict(self.initial)

    def interpret(
        self, parameters: Arrays, x: np.ndarray, state: Arrays | None = None
    ) -> Interpretation:
        """Run the cell along time in NumPy float64: what the equations mean.

        Args:
            parameters: An array for every parameter, shaped as in the equations.
            x: Input, (T, B, I).
            state: The state before the first step, (B, H) each; zeros when not given.
        """
        return interpret(self.graph, parameters, x, state)

    def latex(self) -> str:
        """The equations as LaTeX, an `aligned` block."""
        return latex(self.graph)

    def draw(self) -> str:
        """The graph of the cell as an SVG drawing."""
        return draw_cell(self)

    def to_dict(self) -> dict[str, Any]:
        """Name, equations, initial values and source, ready for JSON."""
        return {
            "name": self.name,
            "equations": self.equations,
            "initial": dict(self.initial),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Cell:
        """The cell of a record that `to_dict` made; anything else is an error.

        Raises:
            UsageError: The record has other keys or values of another kind.
            EquationError: Its equations are not valid.
        """
        kinds = {"name": str, "equations": str, "initial": dict, "source": str}
        if set(record) != set(kinds) or not all(isinstance(record[k], kinds[k]) for k in kinds):
            raise UsageError(
                "This is not the record of a cell.",
                got=", ".join(str(key)[:40] for key in list(record)[:8]),
                accepted="name, equations and source as text, initial as a table",
            )
        return cls.parse(
            record["equations"],
            name=record["name"],
            initial=record["initial"],
            source=record["source"],
        )
