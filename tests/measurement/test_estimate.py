"""An estimate names operations, the shortest time and what it is spent on."""

from dataclasses import replace

from recurry.cells import find_cell
from recurry.measurement.case import Shape
from recurry.measurement.ceilings import NOMINAL
from recurry.measurement.estimate import estimate_lines


def test_forward_and_training_have_a_line_each():
    shape = Shape.parse("100,64,256,256")
    title, forward, training = estimate_lines(find_cell("lstm"), shape, NOMINAL)
    assert title == "T,B,I,H = 100,64,256,256 in float32 on a nominal machine, 2 threads"
    assert forward.split()[:3] == ["inference", "6.71", "GFLOP,"]
    assert training.split()[:3] == ["training", "20.1", "GFLOP,"]
    assert "(compute " in forward
    assert max(map(len, (title, forward, training))) <= 100


def test_a_measured_machine_is_this_machine():
    measured = replace(NOMINAL, threads=1)
    lines = estimate_lines(find_cell("rnn"), Shape.parse("1,1,1,1"), measured)
    assert "on this machine, 1 thread" in next(lines)
