"""A scan by itself: values at all steps, and what is carried at the end."""

import torch

from recurry.backends.rewrite import forward_program
from recurry.backends.scan import Scan
from recurry.backends.timeline import make_timeline
from recurry.backends.weights import Weights
from recurry.compiler.cell import Cell
from recurry.compiler.nodes import Input, State

SUM = Cell.parse("h = h + x * 2", name="sum")


def _scan(*, is_reversed: bool) -> Scan:
    scan = Scan(
        forward_program(SUM.plan, True),
        make_timeline((2, 2, 2), 2, is_reversed),
        known={Input(): torch.arange(6.0)[:, None]},
        initial={State("h"): torch.tensor([[10.0], [20.0]])},
        weights=Weights({}, is_rounded=False, cache=None),
        size=1,
    )
    scan.run()
    return scan


def test_running_sums_forward():
    scan = _scan(is_reversed=False)
    assert scan.value(SUM.graph.output).flatten().tolist() == [10, 22, 14, 28, 22, 38]
    assert scan.final[State("h")].flatten().tolist() == [22, 38]


def test_running_sums_backward_in_time():
    scan = _scan(is_reversed=True)
    assert scan.value(SUM.graph.output).flatten().tolist() == [22, 38, 22, 36, 18, 30]
    assert scan.final[State("h")].flatten().tolist() == [22, 38]


def test_values_are_computed_once():
    scan = _scan(is_reversed=False)
    double = SUM.graph.output.children[1]
    assert scan.value(double) is scan.value(double)
