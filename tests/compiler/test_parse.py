"""The equation language: what it means, how it is refused, and that nothing can hang it."""

import ast
import random
import runpy
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurry.cells import cell, cells
from recurry.compiler.graph import Graph
from recurry.compiler.nodes import Binary, Constant, Input, Matmul, Node, Parameter, State, Unary
from recurry.compiler.parse import parse
from recurry.errors import EquationError


def test_a_name_is_the_old_value_before_its_line_and_the_new_one_after():
    graph = parse("c = tanh(W @ x) + c\nh = c * h")
    assert graph.named["c"].children[1] is State("c")
    assert graph.output is Binary("multiply", graph.named["c"], State("h"))


def test_free_names_are_parameters():
    parameters = parse("h = tanh(W @ x + u * h + b)").parameters
    assert {name: p.kind for name, p in parameters.items()} == {
        "W": "matrix",
        "u": "vector",
        "b": "vector",
    }


def test_minus_before_a_number_is_part_of_it():
    assert parse("h = W @ x * -2").output.children[1] is Constant(-2)


# Text, line and column of the caret, and words of the message.
REFUSED = [
    ("", 0, 0, "There are no equations"),
    ("# nothing", 0, 0, "There are no equations"),
    ("c = W @ x", 0, 0, "h is never assigned"),
    ("h", 1, 2, "This line assigns nothing"),
    ("tanh(x)", 1, 5, "This line assigns nothing"),
    ("3 = x", 1, 1, "must begin with the name it assigns"),
    ("h = ", 1, 5, "The line ends where a value should follow"),
    ("h = W @", 1, 8, "The line ends"),
    ("h = W @ x +", 1, 12, "The line ends"),
    ("h = tanh(W @ x", 1, 9, "never closed"),
    ("c = tanh(W @ x\nh = c", 1, 9, "never closed"),
    ("h = tanh(W @ x))", 1, 16, "never opened"),
    ("h = W x", 1, 7, "An operator is missing"),
    ("h = 2x", 1, 6, "An operator is missing"),
    ("h = (x)(x)", 1, 8, "An operator is missing"),
    ("h = tanh W @ x", 1, 10, "stands in brackets"),
    ("h = x if h else x", 1, 7, "'if' is a word of Python"),
    ("h == W @ x", 1, 4, "A value should stand here"),
    ("h = c = W @ x", 1, 7, "One line assigns one name"),
    ("h = x, x", 1, 6, "A comma only separates"),
    ("h = W @ * x", 1, 9, "A value should stand here"),
    ("h = x ** 2", 1, 8, "no power operator"),
    ("h = a * W @ x", 1, 9, "needs brackets"),
    ("h = A @ B @ x", 1, 9, "needs brackets"),
    ("h = (A + B) @ x", 1, 13, "one matrix, and nothing else"),
    ("h = 2 @ x", 1, 7, "one matrix, and nothing else"),
    ("h = x @ x", 1, 5, "x is a vector"),
    ("h = h @ x", 1, 5, "h is assigned"),
    ("h = W @ 2", 1, 7, "multiplied by a number"),
    ("h = tnah(W @ x)", 1, 5, "no function named tnah"),
    ("h = b(W @ x)", 1, 5, "b \\* \\(...\\) for a product"),
    ("h = tanh()", 1, 5, "tanh takes one value; 0 given"),
    ("h = minimum(x)", 1, 5, "minimum takes 2 values; 1 given"),
    ("h = tanh", 1, 5, "'tanh' is a function"),
    ("tanh = W @ x\nh = x", 1, 1, "'tanh' is a function"),
    ("h = lambda", 1, 5, "a word of the Python language"),
    ("if = W @ x\nh = if", 1, 1, "a word of the Python language"),
    ("h = " + "a" * 41, 1, 5, "not a legal name"),
    ("x = h\nh = x", 1, 1, "cannot be assigned"),
    ("c = W @ x\nc = c\nh = c", 2, 1, "c is assigned twice"),
    ("h = W @ x + W", 1, 13, "both as a matrix and as a vector"),
    ("h = b", 1, 1, "The input x is never read"),
    ("h = 1", 1, 1, "always the same number"),
    ("a = tanh(x)\nh = W @ x", 1, 1, "assigned but never used"),
    ("a = tanh(a)\nh = W @ x", 1, 1, "never reaches the output"),
    ("h = 1e999 * x", 1, 5, "too large"),
    ("h = " + "(" * 51 + "x" + ")" * 51, 1, 55, "nested more than 50 deep"),
    ("h = x" + " + x" * 101, 1, 403, "more than 100 operations deep"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), REFUSED)
def test_refused_texts_say_where_and_why(text, line, column, words):
    with pytest.raises(EquationError, match=words) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_the_message_shows_the_line_the_caret_and_what_to_write():
    with pytest.raises(EquationError) as caught:
        parse("f = sigmoid(W_f @ x)\nh = f * tnah(W @ x)")
    assert str(caught.value).splitlines()[:3] == [
        "There is no function named tnah.",
        "  line 2: h = f * tnah(W @ x)",
        "                  ^ column 9",
    ]
    assert str(caught.value).splitlines()[-1] == "  try: tanh"


HOSTILE = [
    "h = " + "(" * 9000,
    "h = " + "-" * 9000 + "x",
    "h = " + "tanh(" * 1500 + "x" + ")" * 1500,
    "h = x" + "+x" * 4000,
    "h = " + "9" * 9000,
    "h = x" + "\n" * 9000 + "(",
    "\x00" * 5000,
    "h = '" + "\\" * 5000,
    "a0 = W @ x\n" + "\n".join(f"a{k + 1} = a{k} + a{k}" for k in range(90)) + "\nh = a90",
    "h = __import__('os').system('true')",
    "h = eval(x)",
    "h = x if x else x",
    "h = [x for x in x]",
    "h = f'{x}'",
    "h := x",
    "h = 𝐱 + ｘ",
    "h = \ud800\udfff",
    "h = x.__class__",
    "A" * 200_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_end_quickly_in_our_own_error_or_a_graph(text):
    begun = time.process_time()
    graph, error = _parse_or_refuse(text)
    assert time.process_time() - begun < 2
    assert error is None or len(str(error)) < 1500
    assert graph is None or len(graph.nodes) < 100  # the ladder of sums: shared, so it stays small


@given(text=st.text(max_size=200))
def test_any_text_gives_a_graph_or_our_own_error(text):
    _parse_or_refuse(text)


@given(
    words=st.lists(
        st.sampled_from(
            [
                "h",
                "=",
                "x",
                "W",
                "@",
                "+",
                "-",
                "(",
                ")",
                "tanh",
                ",",
                "\n",
                "2",
                "c",
                "*",
                "minimum",
                " ",
            ]
        ),
        max_size=40,
    )
)
@settings(max_examples=300)
def test_any_words_of_the_language_give_a_graph_or_our_own_error(words):
    _parse_or_refuse("h = " + " ".join(words))


@given(data=st.data(), name=st.sampled_from(cells()))
@settings(max_examples=300)
def test_a_cell_with_any_edit_gives_a_graph_or_our_own_error(data, name):
    text = cell(name).equations
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    _parse_or_refuse(text[:start] + data.draw(st.text(max_size=3)) + text[end:])


def _parse_or_refuse(text: str) -> tuple[Graph | None, EquationError | None]:
    """A graph, or the only kind of error that a text may cause."""
    try:
        return parse(text), None
    except EquationError as error:
        return None, error


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("h = W x", "W * x, or W @ x for a matrix"),
        ("h = 2x", "2 * x"),
        ("h = (x)(x)", "write * or @"),
        ("h = tanh W @ x", "tanh(...)"),
        ("h == W @ x", "one = assigns; nothing can be compared"),
        ("h = W @ * x", None),
    ],
)
def test_hints_say_what_to_write(text, hint):
    _, error = _parse_or_refuse(text)
    assert error is not None
    assert error.hint == hint


def test_the_fuzzer_finds_nothing_in_a_few_texts():
    fuzz = runpy.run_path(str(Path(__file__).parents[2] / "bench" / "fuzz_parser.py"))
    for text in fuzz["texts"](400, random.Random(0)):
        fuzz["check_text"](text)


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "x", "h", "2", "0.5"]),
    lambda inner: st.one_of(
        st.builds("{}{}{}".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("-{}".format, inner),
        st.builds("({})".format, inner),
        st.builds("tanh({})".format, inner),
    ),
    max_leaves=10,
)


@given(text=EXPRESSIONS)
def test_brackets_and_precedence_are_those_of_python(text):
    tree = ast.parse(text, mode="eval").body
    assert parse(f"h = ({text}) + x * h").output.children[0] is _from_python(tree)


def _from_python(tree: ast.AST) -> Node:
    """The node of an expression as Python's own parser reads it."""
    if isinstance(tree, ast.BinOp):
        names = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}
        left, right = _from_python(tree.left), _from_python(tree.right)
        return Binary(names[type(tree.op)], left, right)
    if isinstance(tree, ast.UnaryOp):
        operand = _from_python(tree.operand)
        is_number = isinstance(operand, Constant)
        return Constant(-operand.value) if is_number else Unary("negate", operand)
    if isinstance(tree, ast.Call):
        return Unary("tanh", _from_python(tree.args[0]))
    if isinstance(tree, ast.Constant):
        return Constant(tree.value)
    assert isinstance(tree, ast.Name)
    known = {"x": Input(), "h": State("h")}
    return known.get(tree.id, Parameter(tree.id, "vector"))


def test_products_with_a_sign_mean_the_same_as_in_python():
    negated = parse("h = -W @ x").output
    assert negated is Unary("negate", Matmul(Parameter("W", "matrix", "I"), Input()))
