"""Stages: as few as the equations allow, and what a later stage needs waits in memory."""

import pytest

from recurry.backends.cpu.tasks import backward, forward
from recurry.cells import find_cell


def _stages(name, **facts):
    facts = {"is_saving": False, "is_fused": False} | facts
    return forward(find_cell(name).plan, **facts).schedule.stages


@pytest.mark.parametrize(
    ("name", "meetings"), [("lstm", 1), ("gru_after", 1), ("gru", 2), ("mut3", 2), ("sru", 0)]
)
def test_threads_meet_as_seldom_as_possible(name, meetings):
    assert sum(1 for stage in _stages(name) if stage.groups) == meetings


def test_back_through_an_lstm_threads_meet_once_a_step():
    stages = backward(find_cell("lstm").plan, is_fused=False).schedule.stages
    assert [len(stage.groups) for stage in stages] == [0, 1]
    assert len(stages[1].sums) == 1
    assert len(stages[1].sums[0].products) == 4


def test_gates_of_the_same_units_share_one_group():
    (stage,) = _stages("lstm", is_fused=True)
    (group,) = stage.groups
    assert len(group.sums) == 4
    assert group.sizes == ("I", "H")


def test_a_gate_that_a_later_stage_reads_is_spilled_or_saved():
    spilled = forward(find_cell("gru").plan, is_saving=False, is_fused=False).schedule
    saved = forward(find_cell("gru").plan, is_saving=True, is_fused=False).schedule
    assert "spilled" in spilled.buffers
    assert "spilled" not in saved.buffers
