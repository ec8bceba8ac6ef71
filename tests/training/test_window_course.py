"""The gradients of a window, and the state that the next one begins with."""

import pytest
import torch
from torch.nn import functional

from recurry.training.configuration import WindowConfig
from recurry.training.window_course import summed_loss
from recurry.training.windows import Window, Windows


def untruncated_gradients(network, symbols, *, first: int, start: int, end: int, carried):
    """Gradients of the loss of the steps start to end, through everything from first."""
    network.zero_grad()
    logits, _ = network(symbols[first:end], carried)
    targets = symbols[start + 1 : end + 1]
    counted = logits[start - first :]
    functional.cross_entropy(counted.flatten(0, 1), targets.flatten(), reduction="sum").backward()
    return [weight.grad.clone() for weight in network.parameters()]


@pytest.mark.parametrize("cell", ["lstm", "gru", "sru"])
@pytest.mark.parametrize(("k1", "k2"), [(5, 5), (5, 12), (5, 30), (1, 4), (4, 5)])
def test_gradients_reach_back_exactly_k2_steps(make_model, data, cell, k1, k2):
    """With frozen weights the carried state is the true one, so each window's gradient is that of
    an untruncated graph in which the state k2 steps back is a constant."""
    network = make_model(cell=cell, embedding_size=6, precision="float64").network
    symbols = torch.from_numpy(data.train.read(0, 41)).unsqueeze(1)
    windows = Windows(40, WindowConfig(k1=k1, k2=k2), epochs=1, seed=0)
    carried = None
    for update in range(windows.num_updates):
        window = windows.at(update)
        network.zero_grad()
        loss, kept = summed_loss(
            network, symbols[window.begin : window.end + 1], window, carried=carried
        )
        loss.backward()
        found = [weight.grad.clone() for weight in network.parameters()]

        first = max(0, window.end - k2) if not window.is_last else window.begin
        with torch.no_grad():
            constant = network(symbols[:first], None)[1] if first else None
        expected = untruncated_gradients(
            network, symbols, first=first, start=window.start, end=window.end, carried=constant
        )
        for ours, theirs in zip(found, expected, strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-12)
        carried = kept


def test_the_carried_state_is_taken_where_the_next_window_begins(make_model, data):
    network = make_model(precision="float64").network
    symbols = torch.from_numpy(data.train.read(0, 41)).unsqueeze(1)
    window = Window(epoch=0, index=1, num_windows=4, begin=2, start=10, end=20, keep=12)
    with torch.no_grad():
        at_begin = network(symbols[:2], None)[1]
        expected = network(symbols[:12], None)[1]
    _, kept = summed_loss(network, symbols[2:21], window, carried=at_begin)
    for name, value in expected.to_dict().items():
        assert torch.allclose(kept[name], value, rtol=1e-12, atol=1e-14)
        assert not kept[name].requires_grad


def test_without_a_validation_text_nothing_is_scored(make_model, data, begin):
    course = begin(make_model()).course
    assert course.validate() is not None
    assert course.at(0).index == 0
