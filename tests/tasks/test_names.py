"""The table of tasks: every row leads to a task of that name, and loading it loads no torch."""

import subprocess
import sys

import pytest

from recurry.tasks.find import find_task
from recurry.tasks.names import TASKS


@pytest.mark.parametrize("name", TASKS)
def test_every_row_is_a_task(name):
    assert find_task(name).name == name


def test_the_names_load_nothing():
    code = "import sys, recurry.tasks.names; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
