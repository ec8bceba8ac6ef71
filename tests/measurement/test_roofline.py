"""Bounds against arithmetic by hand on a machine with round numbers."""

from dataclasses import replace

import pytest

from recurry.cells import cells, find_cell
from recurry.measurement.case import Case, Shape
from recurry.measurement.ceilings import NOMINAL, Ceilings, Level
from recurry.measurement.roofline import bound, operations, works

ROUND = Ceilings(
    threads=1,
    products={"float32": Level(alone=100.0, together=100.0)},
    own_products={},
    levels={name: Level(alone=g, together=g) for name, g in (("L2", 50), ("L3", 20), ("DRAM", 10))},
    cache_bytes=(1 << 20, 1 << 24),
    nonlinear_ns={"float32": 1.0},
    meeting_us=0.0,
    call_us=(0.0, 0.0),
)


def _case(cell: str, shape: str, kind="inference", **facts) -> Case:
    return Case(cell=find_cell(cell), shape=Shape.parse(shape), kind=kind, **facts)


def test_operations_of_the_products():
    assert operations(_case("rnn", "10,2,3,4")) == 2 * 10 * 2 * 4 * (3 + 4)
    assert operations(_case("rnn", "10,2,3,4", "training")) == 3 * 2 * 10 * 2 * 4 * (3 + 4)


def test_a_wide_batch_is_bound_by_arithmetic():
    found = bound(_case("rnn", "10,1000,256,256"), ROUND)
    compute = operations(_case("rnn", "10,1000,256,256")) / 100e9
    assert found.limiter == "compute"
    assert found.parts["compute"] == pytest.approx(compute)
    act = 10 * 1000 * 256 * (1.0e-9 + 2 * 2 / 100e9)  # one tanh, two additions
    assert found.parts["act"] == pytest.approx(act)
    assert found.seconds == pytest.approx(compute + act)


@pytest.mark.parametrize(("hidden", "level", "rate"), [(256, "L2", 50), (1024, "L3", 20)])
def test_one_stream_is_bound_by_reading_its_weights(hidden, level, rate):
    found = bound(_case("rnn", f"100,1,1,{hidden}"), ROUND)
    assert found.limiter == level
    assert found.parts[level] == pytest.approx(100 * 4 * hidden**2 / (rate * 1e9), rel=0.05)


def test_unequal_lengths_cost_their_sum():
    whole = bound(_case("lstm", "10,64,256,256"), ROUND)
    half = bound(_case("lstm", "10,64,256,256", lengths=(10,) * 32 + (0,) * 32), ROUND)
    assert half.seconds == pytest.approx(whole.seconds / 2, rel=0.01)


def test_threads_share_streams_or_units():
    two = replace(NOMINAL, call_us=(0.0, 0.0), meeting_us=0.5)
    one = replace(two, threads=1)
    shape = "100,1,256,256"
    shared = bound(_case("lstm", shape), two)
    assert shared.parts["sync"] == pytest.approx(100 * 0.5e-6)
    assert shared.seconds < bound(_case("lstm", shape), one).seconds
    assert "sync" not in bound(_case("lstm", "100,64,256,256"), two).parts
    dear = bound(_case("lstm", "100,1,16,16"), replace(two, meeting_us=100.0))
    assert "sync" not in dear.parts


def test_a_tile_of_rows_costs_all_its_rows():
    tiles = replace(NOMINAL, threads=1, tile_rows=16)
    plain = replace(tiles, tile_rows=1)
    case = _case("lstm", "100,20,256,256", precision="bfloat16")
    ratio = bound(case, tiles).parts["compute"] / bound(case, plain).parts["compute"]
    assert 1.2 < ratio < 1.6  # the loop has 20 rows of 32, the products before it fill theirs


def test_an_empty_call_is_bound_by_the_call():
    assert bound(_case("rnn", "1,1,1,1"), NOMINAL).limiter == "call"


@pytest.mark.parametrize("name", cells())
@pytest.mark.parametrize("kind", ["inference", "training", "step"])
def test_every_cell_has_a_bound(name, kind):
    found = bound(_case(name, "20,8,64,64", kind), NOMINAL)
    assert found.seconds > 0
    assert found.seconds == pytest.approx(sum(found.parts.values()))


def test_training_is_two_passes():
    assert len(works(find_cell("rnn").plan, is_training=True)) == 2
