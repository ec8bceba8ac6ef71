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


def test_the_suite_of_figures_in_each_form(monkeypatch):
    from recurry.measurement import figures

    one = figures.Wanted(what="us a step", limit=1e9)
    row = figures.Row(
        cell="lstm", shape="1,1,1,1", precision="float32", kind="step", num_steps=1, time_ms=1.0
    )
    figure = figures.Figure(title="LSTM", wanted=(one,), measure=lambda session: row)
    recipes = []
    monkeypatch.setattr(figures, "all_figures", lambda recipe: recipes.append(recipe) or [figure])
    assert "us a step <= 1e+09" in _run("kernels", "--suite", "figures").output
    assert "| LSTM | lstm |" in _run("kernels", "--suite", "figures", "--markdown").output
    found = json.loads(_run("kernels", "--suite", "figures", "--json").output)
    assert found["figures"][0]["wanted"][0]["is_reached"] is True
    assert (recipes[0].name, recipes[0].network.hidden_size) == ("laptop", 256)


def test_options_that_contradict_each_other():
    with pytest.raises(UsageError, match="has its own cells"):
        _run("kernels", "--suite", "figures", "--cell", "lstm")
    with pytest.raises(UsageError, match="Only the figures"):
        _run("kernels", "--markdown")
