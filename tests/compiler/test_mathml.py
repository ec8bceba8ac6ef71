"""Graphs as MathML."""

from xml.etree import ElementTree

import numpy as np
import pytest

from recurry.cells import cells, find_cell
from recurry.compiler.cell import Cell
from recurry.compiler.mathml import mathml
from recurry.compiler.random_cell import random_cell

NAME = "{http://www.w3.org/1998/Math/MathML}"


def words(text: str) -> str:
    return "".join(ElementTree.fromstring(text).itertext())


@pytest.mark.parametrize("name", cells())
def test_every_cell_is_valid_xml_with_a_row_for_each_equation(name):
    cell = find_cell(name)
    root = ElementTree.fromstring(mathml(cell.graph))
    assert root.tag == f"{NAME}math"
    assert len(root.findall(f".//{NAME}mtr")) == len(cell.graph.assignments)


def test_random_cells_are_valid_xml():
    for seed in range(30):
        cell = Cell.parse(random_cell(np.random.default_rng(seed)), name="random")
        ElementTree.fromstring(mathml(cell.graph))


def test_times_functions_and_signs():
    graph = Cell.parse("f = sigmoid(W @ x)\nh = f * tanh(h) - 0.5 * h", name="a").graph
    assert words(mathml(graph)) == "ft=σ(Wxt)ht=ft⊙tanh(ht−1)−0.5ht−1"


def test_fractions_roots_and_bars():
    graph = Cell.parse("h = sqrt(abs(x)) / (1 + exp(alpha * h))", name="a").graph
    text = mathml(graph)
    assert "<mfrac>" in text
    assert "<msqrt>" in text
    assert "α" in text
    assert "|" in text


def test_names_are_escaped():
    graph = Cell.parse("h = tanh(W_1e5 @ x + 1e-5 * h)", name="a").graph
    assert "<msup><mn>10</mn><mn>−5</mn></msup>" in mathml(graph)
