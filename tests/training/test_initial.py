import pytest
import torch

from recurry.errors import UsageError
from recurry.training.initial import draw_matrices


def test_matrices_are_drawn_and_vectors_stay(make_model):
    network = make_model().network
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    draw_matrices(network, "uniform(-0.1, 0.1)", seed=3)
    for name, weight in network.named_parameters():
        if weight.dim() > 1:
            assert 0.02 < float(weight.detach().abs().max()) <= 0.1
            assert not torch.equal(weight, before[name])
        else:
            assert torch.equal(weight, before[name])


def test_the_seed_decides(make_model):
    first, again, other = (make_model().network for _ in range(3))
    for network, seed in ((first, 1), (again, 1), (other, 2)):
        draw_matrices(network, "normal(0.01)", seed=seed)
    pairs = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    pairs = zip(first.parameters(), other.parameters(), strict=True)
    assert not all(torch.equal(a, b) for a, b in pairs)


def test_an_unknown_specification_is_an_error(make_model):
    with pytest.raises(UsageError, match="orthgonal"):
        draw_matrices(make_model().network, "orthgonal", seed=0)
