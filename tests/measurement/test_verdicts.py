"""Figures on a terminal, as plain values and as Markdown say what was wanted and found."""

import json

from recurry.measurement.ceilings import NOMINAL
from recurry.measurement.figures import BOUND, Figure, Wanted
from recurry.measurement.row import Row
from recurry.measurement.session import Session
from recurry.measurement.verdicts import (
    Verdict,
    as_record,
    measure_figures,
    summary,
    write_figures,
    write_markdown,
)

SESSION = Session(backend="cpu", repeats=1, ceilings=NOMINAL)
ROW = Row(
    cell="lstm",
    shape="50,64,512,512",
    precision="float32",
    kind="training",
    num_steps=50,
    time_ms=200.0,
    bound_ms=100.0,
    limiter="compute",
    peer_ms={"torch": 300.0},
)
WANTED = tuple(
    Wanted(what=what, limit=limit) for what, limit in (("torch", 1.2), (BOUND, 0.75), ("jax", 2.0))
)


def _verdicts(row: Row = ROW) -> list[Verdict]:
    figure = Figure(title="LSTM", wanted=WANTED, measure=lambda session: row)
    return list(measure_figures([figure], SESSION))


def test_each_limit_has_its_answer():
    lines = list(write_figures(_verdicts(), SESSION))
    assert "    torch >= 1.2           found 1.5      reached" in lines
    assert "    bound >= 0.75          found 0.5      NOT REACHED" in lines
    assert "    jax >= 2               found          not measured" in lines
    assert "1 reached, 1 not reached, 1 not measured" in lines
    assert max(map(len, lines)) <= 80
    assert summary([]) == "0 reached, 0 not reached, 0 not measured"


def test_markdown_has_a_line_for_each_limit():
    lines = list(write_markdown(_verdicts(), SESSION))
    rows = [line for line in lines if line.startswith("| LSTM")]
    assert rows[0] == (
        "| LSTM | lstm | 50,64,512,512 | float32 training | 200 ms | 0.50 compute "
        "| torch >= 1.2 | 1.5 | reached |"
    )
    assert len(rows) == 3
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def test_a_row_without_a_time_is_in_every_form():
    row = Row(
        cell="lstm",
        shape="1,1,1,1",
        precision="bfloat16",
        kind="training",
        num_steps=1,
        refusal="it has no kernels for bfloat16",
    )
    text = "\n".join(write_figures(_verdicts(row), SESSION))
    assert "not available: it has no kernels for bfloat16" in text
    markdown = "\n".join(write_markdown(_verdicts(row), SESSION))
    assert "| bfloat16 training |  |  | torch >= 1.2 |  | not measured |" in markdown
    assert as_record(_verdicts(row), SESSION)["figures"][0]["time_ms"] is None


def test_a_record_is_json():
    found = json.loads(json.dumps(as_record(_verdicts(), SESSION)))
    assert found["figures"][0]["wanted"][1] == {
        "what": "bound",
        "limit": 0.75,
        "found": 0.5,
        "is_reached": False,
    }
