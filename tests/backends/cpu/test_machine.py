"""What is assumed of a processor follows from its features alone."""

from recurry.backends.cpu.machine import Machine, host


def _machine(*features: str, triple: str = "x86_64-unknown-linux-gnu") -> Machine:
    return Machine(triple=triple, features=frozenset(features))


def test_the_widest_unit_that_is_there_decides():
    assert _machine("sse2").vector_bytes == 16
    assert _machine("sse2", "avx2", "fma").vector_bytes == 32
    assert _machine("sse2", "avx2", "avx512f").num_registers == 32
    assert _machine("neon", triple="aarch64-apple-darwin").vector_bytes == 16
    assert _machine().vector_bytes == 16


def test_features_are_named_in_a_fixed_order():
    assert _machine("fma", "avx2").feature_string == "+avx2,+fma"


def test_the_environment_can_only_take_features_away(monkeypatch):
    host.cache_clear()
    monkeypatch.setenv("RECURRY_CPU_FEATURES", "ssse3,no-such-thing")
    try:
        assert host().vector_bytes == 16
        assert "no-such-thing" not in host().features
    finally:
        host.cache_clear()
