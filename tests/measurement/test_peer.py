"""All take part with the same numbers."""

import torch

from recurry.cells import find_cell
from recurry.measurement.case import Case, Shape
from recurry.measurement.peer import Numbers, run_torch

SHAPE = Shape.parse("5,2,3,4")


def test_numbers_fit_the_case_and_are_the_same_each_time():
    case = Case(cell=find_cell("lstm"), shape=SHAPE)
    numbers = Numbers(case=case)
    assert numbers.x.shape == (5, 2, 3)
    assert numbers.gradient.shape == (5, 2, 4)
    assert torch.equal(numbers.x, Numbers(case=case).x)
    assert set(numbers.weights) == set(case.cell.parameters)
    step = Numbers(case=Case(cell=case.cell, shape=SHAPE, kind="step"))
    assert step.x.shape == (2, 3)


def test_training_gives_gradients_and_inference_the_output():
    case = Case(cell=find_cell("rnn"), shape=SHAPE)
    numbers, weight = Numbers(case=case), torch.ones(4, 3, requires_grad=True)
    run = run_torch(case, lambda x: x @ weight.t(), numbers, weights=[weight], dtype=torch.float32)
    by_x, by_weight = run()  # type: ignore[misc]
    assert by_x.shape == (5, 2, 3)
    assert by_weight.shape == (4, 3)
    assert not numbers.x.requires_grad
    inference = Case(cell=case.cell, shape=SHAPE, kind="inference")
    run = run_torch(inference, lambda x: x, numbers, weights=[], dtype=torch.float64)
    assert run().dtype == torch.float64  # type: ignore[attr-defined]
