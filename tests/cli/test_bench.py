"""The verb `bench` hands its options over and prints what it is given."""

import json

import pytest
from click.testing import CliRunner

from recurry.cli.bench import bench
from recurry.errors import UsageError
from recurry.measurement import session
from recurry.measurement.ceilings import NOMINAL

SMALL = ["--shape", "3,2,4,4", "--repeats", "1", "--peers", "torch,plain"]


@pytest.fixture(autouse=True)
def _nominal(monkeypatch):
    monkeypatch.setattr(session, "measure_ceilings", lambda threads: NOMINAL)


def _run(*arguments: str):
    return CliRunner().invoke(bench, arguments, catch_exceptions=False)


def test_json_has_a_row_for_each_case():
    dtypes = ["--dtype", "float32", "--dtype", "float64"]
    result = _run("kernels", "--cell", "lstm", "--cell", "mut1", *dtypes, *SMALL, "--json")
    rows = json.loads(result.output)["rows"]
    assert len(rows) == 2 * 2 * 2
    assert {row["pass"] for row in rows} == {"inference", "training"}
    assert all(row["time_ms"] > 0 for row in rows)
    assert {*rows[0]["ratios"]} == {"torch", "plain"}


def test_the_table_names_bound_and_peers():
    result = _run("kernels", "--cell", "gru_after", "--pass", "step", *SMALL)
    assert result.exit_code == 0
    assert "times as fast as torch" in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_no_peers_and_unknown_ones():
    assert "times as fast" not in _run("kernels", "--cell", "rnn", *SMALL, "--peers", "none").output
    with pytest.raises(UsageError, match="no peer named 'nobody'"):
        _run("kernels", "--peers", "nobody")
    with pytest.raises(UsageError, match="no backend named 'gpu'"):
        _run("kernels", "--backend", "gpu")


def test_a_wrong_shape_says_what_a_shape_is():
    with pytest.raises(UsageError, match=r"four whole numbers[\s\S]*T,B,I,H"):
        _run("kernels", "--shape", "3,2,4")
