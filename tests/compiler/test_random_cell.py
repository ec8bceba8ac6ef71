"""Random cells are valid, differ, and come back for the same seed."""

import numpy as np

from recurry.compiler.cell import Cell
from recurry.compiler.random_cell import random_cell


def test_random_cells_are_valid():
    for seed in range(200):
        cell = Cell.parse(random_cell(np.random.default_rng(seed)))
        assert "h" in cell.graph.named


def test_the_seed_decides():
    texts = [random_cell(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
