"""The loss of tasks that write."""

import math

import pytest

from recurry.tasks.written_loss import WrittenLoss


def test_a_mean_loss_as_a_record():
    found = WrittenLoss.of(math.log(3), 6.0, num_records=2)
    assert found.perplexity == pytest.approx(3)
    assert (found.num_symbols, found.num_records) == (6, 2)
    assert found.headline == "perplexity 3"
    assert WrittenLoss.of(1e6, 1.0, num_records=1).perplexity == math.inf
