"""The verb `bench` measures what it says, quickly enough to be tested."""

import io
import json

import pytest
import torch
from click.testing import CliRunner
from rich.console import Console

from recurry.cells import cells
from recurry.cli.bench import (
    Measurement,
    Shape,
    _table,
    bench,
    interleaved,
    plain_loop,
    product_ceiling,
    product_operations,
)
from recurry.errors import UsageError
from recurry.network.recurrent import Recurrent
from recurry.testing import assert_near

SMALL = ["--shape", "3,2,4,4", "--repeats", "1"]


def _run(*arguments: str):
    return CliRunner().invoke(bench, arguments, catch_exceptions=False)


def test_json_has_a_row_for_each_cell_and_shape():
    result = _run("layers", "--cell", "lstm", "--cell", "mut1", *SMALL, "--json")
    facts = json.loads(result.output)
    rows = {row["cell"]: row for row in facts["layers"]}
    assert rows["lstm"]["rival"] == "torch.nn.LSTM"
    assert rows["mut1"]["rival"] == "plain loop"
    assert rows["lstm"]["backend"] == "fused"
    assert rows["mut1"]["training_ms"] > 0
    assert facts["ceiling_gflops"] > 0


def test_the_table_names_rival_and_ceiling():
    result = _run("layers", "--cell", "gru_after", *SMALL)
    assert result.exit_code == 0
    assert "torch.nn.GRU" in result.output
    assert "one large float32 product" in result.output


def test_a_wrong_shape_says_what_a_shape_is():
    for text in ("3,2,4", "3,2,4,0", "a,b,c,d"):
        with pytest.raises(UsageError, match=r"four whole numbers[\s\S]*T,B,I,H"):
            _run("layers", "--shape", text)


@pytest.mark.parametrize("name", cells())
def test_the_plain_loop_computes_the_cell(name: str):
    layer = Recurrent(name, 4, 4, precision="float64")
    x = torch.randn(3, 2, 4, dtype=torch.float64)
    assert_near(plain_loop(layer, x), layer(x)[0], "carried_float64", what=name)


def test_operations_of_the_products():
    shape = Shape.parse("10, 2, 3, 4")
    assert product_operations(Recurrent("rnn", 3, 4), shape) == 2 * 10 * 2 * 4 * (3 + 4)


def test_the_median_leaves_the_first_round_out():
    calls: list[int] = []
    assert len(interleaved([lambda: calls.append(1), lambda: calls.append(2)], 3)) == 2
    assert calls == [1, 2] * 4


def test_the_ceiling_is_a_rate():
    assert product_ceiling(1) > 0.1


def test_the_table_fits_80_columns():
    row = Measurement(
        cell="lstm_no_forget",
        shape="128 64 512 512",
        backend="eager",
        forward_ms=1234.567,
        training_ms=12345.6,
        gflops=123.4,
        steps_per_second=999_999,
        rival="plain loop",
        rival_training_ms=1.0,
        ratio=12.34,
    )
    console = Console(width=80, file=io.StringIO())
    console.print(_table([row]))
    title, values = console.file.getvalue().splitlines()
    assert title.split()[-1] == "rival"
    assert values.rstrip().endswith("12.34  plain loop")
    assert "12,346" in values
    assert "…" not in values


def test_each_shape_has_a_table_of_its_own():
    result = _run("layers", "--cell", "rnn", *SMALL, "--shape", "2,2,3,3")
    assert result.output.count("T B I H = ") == 2
    assert result.output.count("\nrnn ") == 2
