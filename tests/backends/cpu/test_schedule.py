"""The records of a schedule."""

from recurry.backends.cpu.schedule import Given, Place, Sum
from recurry.backends.cpu.tasks import forward
from recurry.cells import find_cell
from recurry.compiler.nodes import Matmul, Parameter, State


def test_sums_and_given_values_are_leaves_made_once():
    product = Matmul(Parameter("U", "matrix", "H"), State("h"))
    assert Sum((product,)) is Sum((product,))
    assert Sum((product,)).children == ()
    assert Given("a") is not Given("b")


def test_a_schedule_lists_its_memory_and_tables():
    schedule = forward(find_cell("lstm").plan, is_saving=True, is_fused=False).schedule
    assert set(schedule.buffers) >= {"projected", "state_c", "state_h", "saved", "vectors"}
    assert schedule.tables["state_h"] == "after"
    assert schedule.tables["saved"] == "rows"
    assert Place(buffer="a") == Place(buffer="a", rows="rows", column=0)
