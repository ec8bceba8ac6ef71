"""Probes give rates of the right order, on one thread and on two."""

import pytest
import torch

from recurry.measurement import probes


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(probes, "_SAMPLES", 1)
    monkeypatch.setattr(probes, "_LARGE", 128)
    monkeypatch.setattr(probes, "_LAYER", (2, 16, 64))


@pytest.mark.parametrize("precision", ["float64", "float32", "bfloat16"])
def test_products_have_a_rate(precision):
    assert 0.01 < probes.large_product(precision, 1) < 1e5
    if probes.has_kernel(precision):
        assert 0.01 < probes.kernel_product(precision, 1) < 1e5


def test_the_compiled_backend_has_kernels():
    assert probes.has_kernel("float32")
    assert probes.has_kernel("float64")


@pytest.mark.parametrize("threads", [1, 2])
def test_reading_has_a_rate(threads):
    assert 0.1 < probes.reading(1 << 16, threads) < 1e4


def test_functions_and_meetings_and_calls_take_time():
    assert 0.01 < probes.nonlinear_ns("float32") < 100
    assert probes.nonlinear_ns("float64") > 0.01
    assert probes.meeting_us(2) > 0.01
    forward, both = probes.call_us()
    assert forward > 0.1
    assert both > 0.1


def test_rows_of_a_tile_follow_the_features(monkeypatch):
    from recurry.backends.cpu.machine import Machine

    for features, rows in ((("amx-bf16", "amx-tile"), 16), (("avx2",), 1)):
        machine = Machine(triple="x86_64-unknown-linux-gnu", features=frozenset(features))
        monkeypatch.setattr(probes, "host", lambda machine=machine: machine)
        assert probes.tile_rows() == rows


def test_threads_of_torch_are_put_back():
    before = torch.get_num_threads()
    with probes.torch_threads(2):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before
