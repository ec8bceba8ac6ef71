"""Levels of memory and rates are looked up as the roofline needs them."""

from dataclasses import replace

from recurry.measurement import ceilings
from recurry.measurement.ceilings import NOMINAL, Level, cache_bytes, measure_ceilings


def test_data_lie_where_they_fit():
    small = replace(NOMINAL, cache_bytes=(1000, 10_000))
    assert small.level_of(share=750, whole=1500) == "L2"
    assert small.level_of(share=751, whole=1502) == "L3"
    assert small.level_of(share=751, whole=7501) == "DRAM"


def test_threads_share_what_all_have():
    level = Level(alone=30.0, together=40.0)
    machine = replace(NOMINAL, levels={"L3": level}, products={"float32": level})
    assert machine.bytes_per_second("L3", threads=1) == 30e9
    assert machine.bytes_per_second("L3", threads=2) == 20e9
    assert machine.operations_per_second("float32", threads=2, rows=5) == 20e9


def test_tiles_waste_the_rows_that_are_not_there():
    tiles = replace(NOMINAL, tile_rows=16)
    whole = tiles.operations_per_second("bfloat16", threads=1, rows=16)
    assert tiles.operations_per_second("bfloat16", threads=1, rows=8) == whole / 2
    assert tiles.operations_per_second("bfloat16", threads=1, rows=24) == whole * 24 / 32


def test_caches_that_nobody_reports(monkeypatch):
    def unknown(name: str) -> int:
        raise ValueError("unrecognized configuration name")

    assert cache_bytes()[0] <= cache_bytes()[1]
    monkeypatch.setattr(ceilings.os, "sysconf", unknown)
    assert cache_bytes() == NOMINAL.cache_bytes


def test_the_machine_is_measured(monkeypatch):
    from recurry.measurement import probes

    monkeypatch.setattr(probes, "large_product", lambda precision, threads: 10.0 * threads)
    monkeypatch.setattr(probes, "kernel_product", lambda precision, threads: 15.0)
    monkeypatch.setattr(probes, "reading", lambda share, threads: float(share))
    monkeypatch.setattr(ceilings, "cache_bytes", lambda: (1000, 16_000))
    found = measure_ceilings(2)
    assert found.products["float32"] == Level(alone=15.0, together=20.0)
    assert found.own_products["float32"] == Level(alone=15.0, together=15.0)
    assert found.levels["L2"] == Level(alone=500.0, together=500.0)
    assert found.levels["L3"].alone == 2000.0
    assert found.levels["DRAM"].alone == 32_000.0
    assert found.meeting_us > 0
    assert measure_ceilings(1).meeting_us == 0.0
