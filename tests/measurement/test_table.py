"""Lines stay within 80 columns and say what the numbers are."""

from dataclasses import replace

import pytest

from recurry.measurement.ceilings import NOMINAL, Level
from recurry.measurement.row import Row
from recurry.measurement.table import duration, missing, titles, write_ceilings, write_row

ROW = Row(
    cell="lstm_no_output",
    shape="100,64,512,512",
    precision="bfloat16",
    kind="inference",
    num_steps=100,
    time_ms=123.456,
    gflops=2345.6,
    bound_ms=99.9,
    limiter="compute",
    peer_ms={"torch": 200.0, "plain": 1000.0, "torch-f32": 700.0, "plain-f32": 9000.0},
    refusals={"jax": "it is measured in float32"},
)


def test_a_row_and_its_peers():
    first, second = write_row(ROW)
    assert len(first) == len(titles()) <= 80
    assert first.split()[:4] == ["lstm_no_output", "100,64,512,512", "bf16", "infer"]
    assert first.split()[4:] == ["123", "ms", "2346", "99.9", "ms", "compute", "0.81"]
    assert second == ("    times as fast as torch 1.62, plain 8.1, torch-f32 5.67, plain-f32 72.9")


def test_a_row_without_a_time_says_why():
    row = replace(ROW, time_ms=None, refusal="it has no kernels for bfloat16")
    first, second = write_row(row)
    assert first.split()[-1] == "none"
    assert second.strip() == f"not available: {row.refusal}"


def test_who_never_took_part_is_named_once():
    assert list(missing([ROW, ROW])) == ["jax did not take part: it is measured in float32"]
    assert list(missing([ROW, replace(ROW, peer_ms={"jax": 1.0})])) == []


def test_ceilings_are_a_line_each():
    own = {"float32": Level(alone=90.0, together=180.0)}
    lines = list(write_ceilings(replace(NOMINAL, own_products=own)))
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "products f32       100    200 GFLOP/s   own kernel 90, 180" in text
    assert "reading DRAM        15     20 GB/s" in text


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [(0.0123, "12.3 us"), (1.5, "1.5 ms"), (999.0, "999 ms"), (2500.0, "2.5 s")],
)
def test_durations_have_three_figures(time_ms, text):
    assert duration(time_ms) == text
