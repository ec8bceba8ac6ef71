"""The precision that `auto` stands for."""

import pytest

from recurry.backends.cpu import machine
from recurry.backends.fast import fast_precision


@pytest.mark.parametrize(
    ("features", "backend", "precision"),
    [
        ("avx512f,avx512bf16", "auto", "bfloat16"),
        ("avx512f,avx512bf16", "cpu", "bfloat16"),
        ("avx512f,avx512bf16", "eager", "float32"),
        ("avx2,fma", "auto", "float32"),
    ],
)
def test_bfloat16_where_an_instruction_takes_it(features, backend, precision, monkeypatch):
    found = machine.Machine(
        triple="x86_64-unknown-linux-gnu", features=frozenset(features.split(","))
    )
    monkeypatch.setattr(machine, "host", lambda: found)
    assert fast_precision(backend) == precision
