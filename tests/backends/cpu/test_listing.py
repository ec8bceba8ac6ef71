"""Kernels in words: every stage, product and kept value has a line."""

import pytest

from recurry.backends.cpu.kernels import kernels
from recurry.backends.cpu.listing import kept_columns, kernel_lines
from recurry.cells import cells, find_cell


def _lines(name: str, **facts) -> list[str]:
    made = kernels(find_cell(name).plan, **({"bits": 32, "is_fused": True} | facts))
    return list(kernel_lines(made))


def test_an_lstm_has_one_stage_forward_and_keeps_its_gates():
    lines = _lines("lstm")
    start, end = (
        lines.index("forward for training, every step"),
        lines.index("backward, every step from the last"),
    )
    assert lines[start + 1 : end] == [
        "  stage 1",
        "    products: [W_o W_f W_i W_g] @ x + [U_o U_f U_i U_g] @ h[-1]",
        "    pointwise: 5 add, 3 sigmoid, 3 multiply, 2 tanh",
        "    new h: h",
        "    new c: c",
        "    kept for backward: f, i, g, o, tanh(c)",
    ]
    assert lines[-1] == "kept from forward to backward: 7 numbers, 28 bytes, a step and unit"
    assert "  gradients of [W_f W_i W_g W_o] by x, [U_f U_i U_g U_o] by h[-1]; of x" in lines


def test_a_product_of_a_product_takes_a_second_stage():
    lines = _lines("gru")
    assert "    products: W_h @ x + U_h @ (r * h[-1])" in lines
    assert "    operand: r * h[-1]" in lines
    assert any(line.startswith("    gradient by h[-1]: ") for line in lines)


def test_products_before_the_loop_are_named():
    assert "  before the loop: W_z @ x, W_h @ x, W_r @ x" in _lines("gru", is_fused=False)


def test_where_products_read_bfloat16_a_rounded_state_is_kept_beside_it():
    lines = _lines("lstm", bits=16)
    assert lines[0] == "compiled, products of bfloat16, the rest float32"
    assert "    new h, rounded for products: h" in lines
    assert lines[-1] == "kept from forward to backward: 8 numbers, 30 bytes, a step and unit"


def test_kept_bytes_follow_the_type():
    made = kernels(find_cell("rnn").plan, bits=64, is_fused=True)
    last = list(kernel_lines(made))[-1]
    assert f"{kept_columns(made)} numbers, {8 * kept_columns(made)} bytes" in last


@pytest.mark.parametrize("name", cells())
def test_every_cell_has_lines_that_fit_80_columns(name):
    assert max(map(len, _lines(name))) <= 80
