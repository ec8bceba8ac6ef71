"""Fixtures that every test may use: one seed for every random source, and the data folder."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import install_import_hook

# Shapes in signatures are checked while tests run, at no cost to users.
_HOOK = install_import_hook(
    ["recurry.network", "recurry.backends", "recurry.tasks", "recurry.training"],
    "beartype.beartype",
)


@pytest.fixture(autouse=True)
def seed() -> int:
    """One seed for torch's generator, set before every test that has torch loaded."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    return 0


@pytest.fixture
def rng() -> np.random.Generator:
    """A NumPy generator that starts at the same place in every test."""
    return np.random.default_rng(0)


@pytest.fixture
def data_folder() -> Path:
    """The folder of real data sets, or a skip that says how to name one."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("RECURRY_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no data folder: set RECURRY_DATA to one")
    return folder
