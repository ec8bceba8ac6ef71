"""Row tables against a walk through the sequences, for equal and unequal lengths."""

import pytest
import torch

from recurry.backends.cpu.rows import make_rows, take, turn_rows
from recurry.backends.timeline import make_timeline


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(
    ("sizes", "streams"), [((3, 3), 3), ((3, 2, 1), 3), ((2,), 4), ((4, 4, 1, 1), 5)], ids=str
)
def test_a_walk_along_the_tables_sees_every_state(sizes, streams, is_reversed):
    """Each step adds one to the state of its streams; so a state counts the steps behind it."""
    rows = make_rows(make_timeline(sizes, streams, is_reversed))
    history = torch.full((rows.history_rows, 1), -1.0)
    history[rows.initial] = 0.0
    for step in range(rows.num_steps):
        size = int(rows.sizes[step])
        before, after = int(rows.before[step]), int(rows.after[step])
        history[after : after + size] = history[before : before + size] + 1
    lengths = [sum(1 for size in sizes if size > stream) for stream in range(streams)]
    assert take(history, rows.final).flatten().tolist() == lengths
    seen = [(t, b) for t, size in enumerate(sizes) for b in range(size)]
    behind = [lengths[b] - 1 - t if is_reversed else t for t, b in seen]
    assert take(history, rows.old).flatten().tolist() == behind
    assert take(history, rows.new).flatten().tolist() == [count + 1 for count in behind]
    starts = [sum(sizes[:t]) for t in range(len(sizes))]
    assert rows.rows.tolist() == (starts[::-1] if is_reversed else starts)


def test_of_two_buffers_the_last_one_is_taken():
    pair = torch.arange(6).view(6, 1)
    assert take(pair, turn_rows(1, 3)).flatten().tolist() == [3, 4, 5]
    assert take(pair, turn_rows(torch.tensor([0, 1, 0]), 3)).flatten().tolist() == [0, 4, 2]
