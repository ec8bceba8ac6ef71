"""Where there are tiles, and how a module sets them up."""

import sys

import pytest

from recurry.backends.cpu import tiles
from recurry.backends.cpu.emitter import Module
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.tiling import make_tiling

FEATURES = {"avx512f", "avx512bf16", "amx-tile", "amx-bf16"}
WITH_TILES = Machine(triple="x86_64-unknown-linux-gnu", features=frozenset(FEATURES))


def test_features_say_whether_there_are_tiles():
    assert WITH_TILES.has_tiles
    few = Machine(triple=WITH_TILES.triple, features=WITH_TILES.features - {"amx-bf16"})
    assert not few.has_tiles


def test_nothing_but_linux_is_asked_for_tiles(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert not tiles.ask_for_tiles.__wrapped__()


@pytest.mark.parametrize("are_used", [False, True])
def test_a_body_has_tiles_around_it_only_where_they_are_used(are_used):
    module = Module(WITH_TILES, make_tiling(WITH_TILES, 16).lanes)
    with module.function("body", "") as e, tiles.ready_tiles(e, are_used=are_used):
        e.put("; here")
    parts = str(module).split("; here")
    assert ("ldtilecfg" in parts[0].split("define")[1]) == are_used
    assert ("tilerelease" in parts[1]) == are_used


@pytest.mark.parametrize("height", [1, 2])
def test_every_sum_gets_the_product_of_its_row_and_column(height):
    module = Module(WITH_TILES, make_tiling(WITH_TILES, 16).lanes)
    with module.function("body", "ptr %a") as e:
        tiles.load_and_multiply(e, [("%a", 64)] * height, [("%a", 128)] * 2)
        lines = [line for line in e.lines() if "tdpbf16ps" in line]
    found = {tuple(int(part.split()[1]) for part in _arguments(line)) for line in lines}
    rows, columns = range(height), range(2)
    expected = {
        (tiles.SUMS[row][column], tiles.OPERANDS[row], tiles.WEIGHTS[column])
        for row in rows
        for column in columns
    }
    assert found == expected


def _arguments(line):
    return line[line.index("(") + 1 : line.index(")")].split(", ")
