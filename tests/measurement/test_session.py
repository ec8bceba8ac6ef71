"""A session measures the machine, then row after row."""

import json
import os

import pytest

from recurry.cells import find_cell
from recurry.measurement import session
from recurry.measurement.case import Case, Shape
from recurry.measurement.ceilings import NOMINAL
from recurry.measurement.peers import find_peers
from recurry.measurement.session import Session, load_average, machine_line

CASES = [
    Case(cell=find_cell(name), shape=Shape.parse("4,2,4,4"), kind="inference")
    for name in ("rnn", "mut1")
]


@pytest.fixture
def made() -> Session:
    return Session(backend="cpu", repeats=1, ceilings=NOMINAL)


def test_it_begins_with_the_machine(monkeypatch):
    monkeypatch.setattr(session, "measure_ceilings", lambda threads: NOMINAL)
    assert Session.begin(backend="cpu", repeats=3).ceilings is NOMINAL


def test_lines_come_as_rows_are_found(made):
    lines = list(made.lines(CASES, find_peers(["torch"])))
    assert lines[0].startswith("this machine at best")
    assert sum(line.startswith(("rnn ", "mut1 ")) for line in lines) == 2
    assert max(map(len, lines)) <= 80
    assert lines[-1] == machine_line()


def test_a_record_is_json_with_machine_and_rows(made):
    found = json.loads(json.dumps(made.record(made.rows(CASES, ()))))
    assert [row["cell"] for row in found["rows"]] == ["rnn", "mut1"]
    assert found["ceilings"]["products"]["float32"]["alone"] == 100.0
    assert {"threads", "features", "torch", "load_average"} <= set(found)


def test_a_system_that_counts_no_load(monkeypatch):
    def unknown() -> tuple[float, float, float]:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", unknown)
    assert load_average() is None
    assert machine_line().endswith("load unknown")


@pytest.mark.parametrize(("load", "is_said"), [(1.0, False), (6.1, True)])
def test_a_machine_that_others_use_is_a_warning(load, is_said, made, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert any("mean little" in line for line in made.head()) is is_said
