"""A network that is larger than the machine is refused before it is made."""

import pytest

from recurry.errors import ShapeError
from recurry.tasks.memory import check_memory


def test_what_fits_and_what_does_not(monkeypatch):
    monkeypatch.setattr("recurry.tasks.memory._memory_bytes", lambda: 4000.0)
    check_memory([(10, 100)], precision="float32")
    with pytest.raises(ShapeError, match="larger than the memory") as caught:
        check_memory([(10, 100)], precision="float64")
    assert "1,000 weights" in str(caught.value)
    assert "hidden_size" in str(caught.value)
