"""A row holds what was measured and what follows from it."""

import json

import pytest

from recurry.cells import find_cell
from recurry.measurement.case import Case, Shape
from recurry.measurement.ceilings import NOMINAL
from recurry.measurement.peers import find_peers
from recurry.measurement.row import Row, measure, record

SHAPE = Shape.parse("4,2,4,4")


def _measure(backend="cpu", **facts) -> Row:
    case = Case(cell=find_cell("mut1"), shape=SHAPE, **facts)
    peers = find_peers(["torch", "plain"])
    return measure(case, peers, backend=backend, repeats=2, ceilings=NOMINAL)


def test_a_row_is_measured_beside_its_peers():
    row = _measure()
    assert row.time_ms
    assert row.gflops > 0
    assert set(row.ratios) == {"plain"}
    assert row.refusals == {"torch": "torch has no module of this cell"}
    assert row.ratios["plain"] == pytest.approx(row.peer_ms["plain"] / row.time_ms)
    assert row.of_bound == pytest.approx(row.bound_ms / row.time_ms)
    assert row.step_us == pytest.approx(row.time_ms * 1e3 / 4)


def test_what_the_backend_refuses_is_no_time():
    row = _measure(backend="fused")
    assert row.refusal
    assert (row.time_ms, row.of_bound, row.step_us, row.ratios) == (None, None, None, {})


def test_a_record_is_json():
    for row in (_measure(), _measure(backend="fused")):
        found = json.loads(json.dumps(record(row)))
        assert found["cell"] == "mut1"
        assert found["shape"] == "4,2,4,4"
        assert (found["refusal"] is None) == (found["time_ms"] is not None)
    numbers = Row(cell="a", shape="1,1,1,1", precision="float32", kind="step", num_steps=1)
    assert record(numbers)["ratios"] == {}
