import pytest
import torch

from recurry.errors import ShapeError, UsageError
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel


def build(codec, **network):
    return LanguageModel.build(network_config=NetworkConfig(**network), codec=codec, seed=1)


def test_a_built_model_says_what_it_is(codec):
    model = build(codec, cell="gru", hidden_size=5, num_layers=2)
    assert repr(model).startswith("LanguageModel(gru, 2x5, 7 symbols, ")
    assert model.cell.name == "gru"
    logits, _ = model.network(torch.zeros(3, 2, dtype=torch.long), None)
    assert logits.shape == (3, 2, 7)


def test_the_seed_decides_and_leaves_torch_alone(codec):
    before = torch.get_rng_state()
    first, again = (build(codec, hidden_size=5) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    pairs = zip(first.network.parameters(), again.network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_without_a_seed_torch_s_generator_governs(codec):
    config = NetworkConfig(hidden_size=5)
    first, second = (LanguageModel.build(network_config=config, codec=codec) for _ in range(2))
    pairs = zip(first.network.parameters(), second.network.parameters(), strict=True)
    assert not all(torch.equal(a, b) for a, b in pairs)


def test_scores_and_provenance_make_another_record_of_the_same_weights(codec):
    model = build(codec, hidden_size=5)
    scored = model.with_scores({"loss_nats": 1.5}).with_provenance({"sha256": "00"})
    assert scored.scores == {"loss_nats": 1.5}
    assert scored.provenance == {"sha256": "00"}
    assert scored.network is model.network
    assert not model.scores
    with pytest.raises(TypeError):
        scored.scores["loss_nats"] = 0.0


@pytest.mark.parametrize(
    "sizes", [{"hidden_size": 1_000_000}, {"hidden_size": 9, "embedding_size": 10**6}]
)
def test_a_network_larger_than_the_memory_is_refused_at_once(codec, monkeypatch, sizes):
    monkeypatch.setattr("recurry.tasks.memory._memory_bytes", lambda: 2.0**24)
    with pytest.raises(ShapeError, match=r"larger than the memory[\s\S]*weights,[\s\S]*GiB"):
        build(codec, **sizes)
    assert build(codec, hidden_size=9, embedding_size=100)


def test_an_unknown_cell_is_an_error(codec):
    with pytest.raises(UsageError, match="lstn"):
        build(codec, cell="lstn", hidden_size=5)
