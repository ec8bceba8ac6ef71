"""Windows hold what is read before each place, and ask for the right loss."""

import numpy as np
import torch

from recurry.inspection.flow import measure_flow
from recurry.inspection.subject import Symbols, subject_of
from recurry.inspection.windows import choose_windows
from recurry.network.recurrent import Recurrent

TEXT = "abc de\nfgh " * 40


def test_the_loss_is_that_of_the_next_symbol(model):
    subject = subject_of(model)
    symbols = subject.read(TEXT)
    windows = choose_windows(subject, symbols, reach=5, places=4)
    hidden = torch.randn(4, 6)
    logs = subject.log_probabilities(hidden.numpy())
    at = np.linspace(5 + 64, len(TEXT) - 2, 4).astype(int)
    wanted = -logs[np.arange(4), symbols.ids[at + 1]]
    np.testing.assert_allclose(windows.loss(hidden).numpy(), wanted, rtol=1e-5)
    np.testing.assert_allclose(windows.x[-1].numpy(), subject.embed(symbols.ids[at]))
    assert windows.x.shape[0] == 64 + 5 + 1


def test_layers_that_read_both_ways_and_predict_nothing_are_measured_too():
    class Blind:
        """As much of a subject as the view needs."""

        recurrent = Recurrent("gru", 4, 3, 1, True)

        def embed(self, ids):
            return np.eye(4, dtype=np.float32)[ids]

    ids = np.arange(50) % 4
    symbols = Symbols(ids=ids, pieces=tuple("abcd"[i] for i in ids), is_known=ids >= 0)
    windows = choose_windows(Blind(), symbols, reach=10, places=3)
    assert windows.about == "a random mix of the outputs at one symbol"
    flows = measure_flow(Blind.recurrent, windows.x, windows.loss, reach=windows.reach)
    assert {flow.direction for flow in flows} == {"forward", "backward"}
    assert all(flow.norms.shape == (11, 3) for flow in flows)


def test_places_are_different_and_inside_the_text(model):
    subject = subject_of(model)
    symbols = subject.read(TEXT[:20])
    windows = choose_windows(subject, symbols, reach=10, places=50)
    assert windows.num_warm == 8
    assert windows.x.shape[:2] == (19, 1)


def test_symbols_that_are_unknown_are_never_asked_for(model):
    subject = subject_of(model)
    symbols = subject.read("abc de?" * 40)
    windows = choose_windows(subject, symbols, reach=3, places=100)
    known = subject.read("abc de" * 40)
    assert not symbols.is_known.all()
    assert windows.x.shape[1] < 100
    assert windows.x.shape[1] > 50
    assert known.is_known.all()
