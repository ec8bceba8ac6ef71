"""Models before training."""

import torch

from recurry.inspection.subject import subject_of
from recurry.inspection.untrained import untrained_copy


def test_fresh_weights_of_the_same_shape(build_model):
    model = build_model(cell="gru", embedding_size=6)
    before = torch.random.get_rng_state()
    fresh = untrained_copy(subject_of(model), seed=3).model
    assert torch.equal(before, torch.random.get_rng_state())
    again = untrained_copy(subject_of(model), seed=3).model
    for name, weight in model.network.state_dict().items():
        other = fresh.network.state_dict()[name]
        assert other.shape == weight.shape
        assert torch.equal(other, again.network.state_dict()[name])
    assert not torch.equal(fresh.network.embedding.weight, model.network.embedding.weight)
    assert not fresh.network.training


def test_initial_values_of_the_cell_hold(build_model):
    layer = untrained_copy(subject_of(build_model(cell="lstm"))).layers[0]
    assert layer.tensors["b_f"].tolist() == [1.0] * 6


def test_models_of_other_tasks(classifier):
    assert untrained_copy(subject_of(classifier)) is None
