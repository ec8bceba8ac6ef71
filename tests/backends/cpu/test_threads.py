"""Threads: as many as torch may use, several callers at once, and a forked child."""

import os
import threading

import pytest
import torch

from recurry.backends.cpu import threads
from recurry.cells import find_cell
from recurry.network.recurrent import Recurrent


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_torch_decides_how_many(two_threads):
    assert threads.available_threads() in (1, 2)  # 1 where there is no pool to share
    torch.set_num_threads(1)
    assert threads.available_threads() == 1


def test_two_callers_at_once_get_their_own_answers(two_threads):
    layer = Recurrent(find_cell("gru"), 16, 48, backend="cpu")
    inputs = [torch.randn(30, 8, 16) for _ in range(4)]
    with torch.no_grad():
        expected = [layer(x)[0] for x in inputs]
        found = [torch.empty(0)] * len(inputs)

        def run(number: int) -> None:
            with torch.no_grad():
                for _ in range(5):
                    found[number] = layer(inputs[number])[0]

        callers = [threading.Thread(target=run, args=(n,)) for n in range(len(inputs))]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(timeout=120)
            assert not caller.is_alive()
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_runs_alone(two_threads):
    layer, x = Recurrent("lstm", 16, 64, backend="cpu"), torch.randn(20, 16, 16)
    with torch.no_grad():
        layer(x)
        child = os.fork()
        if child == 0:  # nothing of pytest may run here
            is_alone = threads.available_threads() == 1
            is_right = bool(layer(x)[0].isfinite().all())
            os._exit(0 if is_alone and is_right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
