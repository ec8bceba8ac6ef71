"""Equations into a graph. Nothing in a text is ever evaluated.

Comes in: text. Goes out: a checked graph, or an error with line, column and caret.
Imports errors, graph, nodes and tokens.
"""

from __future__ import annotations

import keyword
from typing import NoReturn

from recurry.compiler.graph import Graph, Source, check
from recurry.compiler.nodes import (
    FUNCTIONS,
    OPERATORS,
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    Parameter,
    State,
    Unary,
)
from recurry.compiler.tokens import Token, split_equations
from recurry.errors import EquationError, nearest

MAX_NESTING = 50


def parse(text: str) -> Graph:
    """The graph of some equations.

    Args:
        text: One assignment a line in the equation language, at most 10,000 characters.

    Raises:
        EquationError: The text is no cell; the message shows the line and the column.

    Example:
        >>> parse("h = tanh(W @ x + U @ h + b)").states
        ('h',)
    """
    text, equations = split_equations(text)
    graph = _Parser(text, equations).parse()
    check(graph)
    return graph


class _Parser:
    """Recursive descent over the tokens of a text; every method returns the node it read."""

    def __init__(self, text: str, equations: list[list[Token]]) -> None:
        self.text = text
        self.equations = equations
        self.targets = {e[0].text for e in equations if len(e) > 1 and e[1].text == "="}
        self.assigned: dict[str, Node] = {}
        self.matrices: dict[str, Parameter] = {}
        self.places: dict[Node | str, tuple[int, int]] = {}
        self.tokens: list[Token] = []
        self.position = 0
        self.nesting = 0

    def parse(self) -> Graph:
        assignments = tuple(self.equation(tokens) for tokens in self.equations)
        return Graph(assignments=assignments, source=Source(text=self.text, places=self.places))

    def equation(self, tokens: list[Token]) -> tuple[str, Node]:
        self.tokens, self.position = tokens, 0
        target = self.next()
        if target.kind != "name":
            self.fail("A line must begin with the name it assigns.", target, hint="h = ...")
        if self.peek().text != "=":
            hint = "name = expression, for instance h = tanh(W @ x)"
            self.fail("This line assigns nothing.", self.peek(), hint=hint)
        self.next()
        node = self.sum()
        if self.peek().kind != "end":
            self.fail_at_rest()
        self.assigned[target.text] = node
        self.places[target.text] = (target.line, target.column)
        return target.text, node

    def sum(self) -> Node:
        left = self.product()
        while self.peek().text in ("+", "-"):
            operator = self.next()
            right = self.product()
            left = self.place(Binary(OPERATORS[operator.text], left, right), operator)
        return left

    def product(self) -> Node:
        left = self.signed()
        while self.peek().text in ("*", "/", "@"):
            operator = self.next()
            if operator.text == "@":
                self.fail_left_of_matmul(operator)
            right = self.signed(is_right_side=True)
            left = self.place(Binary(OPERATORS[operator.text], left, right), operator)
        return left

    def signed(self, *, is_right_side: bool = False) -> Node:
        """A value with signs before it; right of an operator a product needs brackets."""
        signs = []
        while self.peek().text in ("+", "-"):
            signs.append(self.next())
        node = self.value(is_right_side=is_right_side)
        for sign in reversed([sign for sign in signs if sign.text == "-"]):
            node = self.place(_negate(node), sign)
        return node

    def value(self, *, is_right_side: bool) -> Node:
        token = self.next()
        if token.kind == "number":
            return self.place(Constant(float(token.text)), token)
        if token.text == "(":
            return self.bracketed(token)
        if token.kind != "name":
            self.fail_no_value(token)
        if self.peek().text == "(":
            return self.call(token)
        if self.peek().text == "@":
            return self.matmul(token, is_right_side=is_right_side)
        return self.place(self.named(token.text), token)

    def named(self, name: str) -> Node:
        if name in self.assigned:
            return self.assigned[name]
        if name == "x":
            return Input()
        return State(name) if name in self.targets else Parameter(name, "vector")

    def matmul(self, name: Token, *, is_right_side: bool) -> Node:
        operator = self.next()
        if is_right_side:
            self.fail(
                "A product with a matrix needs brackets here.",
                name,
                hint=f"put brackets around it: ({name.text} @ ...)",
            )
        if name.text == "x":
            self.fail("x is a vector, but a matrix stands left of @.", name, hint="W @ x")
        operand = self.signed(is_right_side=True)
        columns = "I" if operand.size == "I" else "H"
        matrix = self.matrices.setdefault(name.text, Parameter(name.text, "matrix", columns))
        self.place(matrix, name)
        return self.place(Matmul(matrix, operand), operator)

    def bracketed(self, opening: Token) -> Node:
        self.enter(opening)
        node = self.sum()
        self.close(opening)
        return node

    def call(self, name: Token) -> Node:
        opening = self.next()
        count = FUNCTIONS.get(name.text)
        if count is None:
            self.fail_unknown_function(name)
        self.enter(opening)
        arguments = [] if self.peek().text == ")" else [self.sum()]
        while self.peek().text == ",":
            self.next()
            arguments.append(self.sum())
        self.close(opening)
        if len(arguments) != count:
            wanted = "one value" if count == 1 else f"{count} values"
            self.fail(f"{name.text} takes {wanted}; {len(arguments)} given.", name)
        make = Unary if count == 1 else Binary
        return self.place(make(name.text, *arguments), name)

    def enter(self, opening: Token) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"Brackets are nested more than {MAX_NESTING} deep.", opening)

    def close(self, opening: Token) -> None:
        self.nesting -= 1
        if self.peek().text == ")":
            self.next()
        elif self.peek().kind == "end" or self.peek().line > self.tokens[self.position - 1].line:
            self.fail("This bracket is never closed.", opening, hint="add a )")
        else:
            self.fail_at_rest()

    def peek(self) -> Token:
        return self.tokens[self.position]

    def next(self) -> Token:
        token = self.tokens[self.position]
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def place(self, node: Node, token: Token) -> Node:
        self.places.setdefault(node, (token.line, token.column))
        return node

    def fail(self, what: str, token: Token, *, hint: str | None = None) -> NoReturn:
        raise EquationError(what, source=self.text, line=token.line, column=token.column, hint=hint)

    def fail_at_rest(self) -> NoReturn:
        token, previous = self.peek(), self.tokens[self.position - 1]
        if token.text == ")":
            self.fail("This bracket was never opened.", token, hint="remove it, or add a (")
        if token.text == "=":
            self.fail("One line assigns one name.", token, hint="one equation a line")
        if token.text == ",":
            self.fail("A comma only separates the values of a function.", token)
        if keyword.iskeyword(token.text):
            self.fail(f"{token.text!r} is a word of Python that this language has not.", token)
        if previous.text in FUNCTIONS:
            hint = f"{previous.text}(...)"
            self.fail("What a function is applied to stands in brackets.", token, hint=hint)
        self.fail("An operator is missing here.", token, hint=_operators_between(previous, token))

    def fail_no_value(self, token: Token) -> NoReturn:
        previous = self.tokens[max(0, self.position - 2)]
        if token.kind == "end":
            self.fail("The line ends where a value should follow.", token)
        if token.text == previous.text == "*":
            self.fail("There is no power operator.", token, hint="a * a, or exp(n * log(a))")
        is_compared = token.text == previous.text == "="
        hint = "one = assigns; nothing can be compared" if is_compared else None
        self.fail(f"A value should stand here, not {token.text!r}.", token, hint=hint)

    def fail_left_of_matmul(self, operator: Token) -> NoReturn:
        self.fail(
            "Left of @ stands the name of one matrix, and nothing else.",
            operator,
            hint="brackets on the right: A @ (B @ x), or a * (W @ x)",
        )

    def fail_unknown_function(self, name: Token) -> NoReturn:
        is_word = len(name.text) > 2  # b(...) is rather a forgotten sign than a misspelt abs
        close = " or ".join(nearest(name.text, FUNCTIONS)) if is_word else ""
        raise EquationError(
            f"There is no function named {name.text}.",
            source=self.text,
            line=name.line,
            column=name.column,
            accepted=", ".join(FUNCTIONS),
            hint=close or f"{name.text} * (...) for a product",
        )


def _operators_between(left: Token, right: Token) -> str:
    """What may stand between two tokens that follow one another."""
    if left.text == ")" or right.text == "(":
        return "write * or @"
    product = f"{left.text} * {right.text}"
    is_matrix = left.kind == "name"
    return f"{product}, or {left.text} @ {right.text} for a matrix" if is_matrix else product


def _negate(node: Node) -> Node:
    return Constant(-node.value) if isinstance(node, Constant) else Unary("negate", node)
