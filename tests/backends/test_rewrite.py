"""Zoneout as equations, and backward steps with their known factors gathered."""

from recurry.backends.lowering import Pointwise
from recurry.backends.rewrite import backward_program, forward_program, zoned, zoneout_mask
from recurry.cells import cell
from recurry.compiler.nodes import Adjoint
from recurry.compiler.plan import make_plan


def test_zoneout_mixes_every_state():
    plan = zoned(cell("lstm").plan, None)
    assert set(plan.next_state) == {"h", "c"}
    assert zoneout_mask("c").name in plan.graph.parameters
    assert not zoneout_mask("c").name.isidentifier()  # so that no user's name can meet it
    fixed = zoned(cell("lstm").plan, 0.25)
    assert set(fixed.graph.parameters) == set(cell("lstm").parameters)


def test_programs_are_made_once_a_plan():
    plan = cell("gru").plan
    assert forward_program(plan, True) is forward_program(plan, True)
    assert forward_program(plan, True) is not forward_program(plan, False)
    assert make_plan(cell("gru").graph) is plan


def test_each_adjoint_of_a_gate_takes_one_multiplication():
    program, _ = backward_program(cell("lstm").plan, False)
    columns = set(program.task.columns)
    made = [i for i in program.instructions if isinstance(i, Pointwise) and i.out in columns]
    assert len(made) == 4
    assert all(i.function == "multiply" for i in made)


def test_every_state_has_an_adjoint():
    _, targets = backward_program(cell("lstm").plan, False)
    assert set(targets.states) == {Adjoint("h"), Adjoint("c")}
    assert targets.input is None
