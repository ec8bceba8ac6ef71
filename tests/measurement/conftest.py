"""What the tests of all peers share: a peer's run beside the one of ours."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from recurry.cells import find_cell
from recurry.measurement.case import Case, Shape
from recurry.measurement.ours import Ours
from recurry.measurement.peer import Numbers, Peer
from recurry.testing import assert_near


def _tensor(found: object) -> Tensor:
    """What a run returned; in training the gradient by the input, which all have alike."""
    first = found[0] if isinstance(found, tuple | list) else found
    return first if isinstance(first, Tensor) else torch.from_numpy(np.array(first))


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """A small case of a built-in cell."""

    def make(name: str, **facts) -> Case:
        return Case(cell=find_cell(name), shape=Shape.parse("4,2,4,4"), **facts)

    return make


@pytest.fixture
def compare() -> Callable[[Peer, Case], None]:
    """Run a case twice by a peer and by the eager backend, and compare."""

    def run(peer: Peer, case: Case) -> None:
        refusal = peer.refusal(case)
        if refusal is not None:
            pytest.skip(refusal)
        numbers = Numbers(case=case)
        ours, theirs = Ours("eager").prepare(numbers), peer.prepare(numbers)
        for _ in range(2):  # a second step goes on from the first
            expected, found = _tensor(ours()).double(), _tensor(theirs()).double()
            assert_near(found, expected, "torch_float32", what=peer.name)

    return run
