"""What is too large for the memory is said in our words, and nothing else is taken for it."""

import pytest
import torch

from recurry.errors import TrainingError
from recurry.runs.memory import memory_errors


def test_torch_and_numpy_run_out_of_memory():
    with pytest.raises(TrainingError, match="not enough memory") as caught, memory_errors():
        torch.zeros(2**60)
    assert "allocate" in str(caught.value)
    assert "try: a smaller training.lanes" in str(caught.value)
    with pytest.raises(TrainingError, match="no more memory"), memory_errors():
        raise MemoryError


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="must match"), memory_errors():
        torch.zeros(2) + torch.zeros(3)
