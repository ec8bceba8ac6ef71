"""JAX computes what the layer computes, where it is installed."""

import pytest
import torch

from recurry.measurement.case import PASSES
from recurry.measurement.jax_peer import JaxScan


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("name", ["lstm", "gru", "mut1"])
def test_a_scan_computes_the_cell(name, kind, make_case, compare):
    compare(JaxScan(), make_case(name, kind=kind))


def test_where_it_is_not_installed(make_case, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert JaxScan().refusal(make_case("lstm")) == (
        "it is not installed: pip install 'recurry[bench]'"
    )


def test_what_it_is_not_measured_in(make_case, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert JaxScan().refusal(make_case("lstm", precision="float64")) == "it is measured in float32"
    assert JaxScan().refusal(make_case("lstm", lengths=(4, 2))) == "a scan knows no lengths"


@pytest.mark.parametrize(
    ("threads", "refusal"), [(1, None), (2, "it takes one thread or all of them"), (4, None)]
)
def test_it_takes_one_thread_or_all(threads, refusal, make_case, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert JaxScan().refusal(make_case("lstm")) == refusal
