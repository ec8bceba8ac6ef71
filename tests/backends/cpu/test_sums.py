"""Products that end in one sum share accumulators; products that are read alone do not."""

from recurry.backends.cpu.schedule import Sum
from recurry.backends.cpu.tasks import forward
from recurry.compiler.cell import Cell


def _sums(text: str) -> list[int]:
    """Number of products in each accumulator."""
    schedule = forward(Cell.parse(text).plan, is_saving=False, is_fused=True).schedule
    return sorted(len(s.products) for stage in schedule.stages for s in stage.sums)


def test_a_sum_of_products_is_one_accumulator():
    assert _sums("h = tanh(W @ x + b + U @ h)") == [2]
    assert _sums("h = tanh(W @ x - U @ h)") == [1, 1]


def test_a_product_that_others_read_stays_alone():
    assert _sums("a = U @ h\nh = tanh(W @ x + a + V @ h) * a") == [1, 2]


def test_products_are_leaves():
    assert Sum(()).children == ()
