import pytest
import torch

from recurry.training.averaging import WeightAverage, copy_into, swapped


def test_the_average_follows_the_weights():
    weights = {"a": torch.zeros(2)}
    average = WeightAverage(weights, decay=0.9)
    expected = 0.0
    for n in range(1, 200):
        weights["a"] += 1
        decay = min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * n
        average.follow(weights, num_updates=n)
    assert average.tensors["a"].tolist() == pytest.approx([expected] * 2, rel=1e-5)


def test_weights_come_back_to_the_bit():
    weights = {"a": torch.randn(5, requires_grad=True)}
    before, identity = weights["a"].detach().clone(), weights["a"].data_ptr()
    with swapped(weights, {"a": torch.ones(5)}):
        assert weights["a"].tolist() == [1.0] * 5
    assert torch.equal(weights["a"], before)
    assert weights["a"].data_ptr() == identity


def test_weights_come_back_after_an_error():
    weights = {"a": torch.randn(5)}
    before = weights["a"].clone()
    with pytest.raises(RuntimeError, match="within"), swapped(weights, {"a": torch.ones(5)}):
        raise RuntimeError("within")
    assert torch.equal(weights["a"], before)


def test_swapping_tells_autograd():
    weight = torch.zeros(3, requires_grad=True)
    version = weight._version
    copy_into({"a": weight}, {"a": torch.ones(3)})
    assert weight._version > version
