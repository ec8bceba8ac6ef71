"""The network over symbols: shapes, names, tied weights, steps."""

import pytest
import torch

from recurry.cells import cell, cells
from recurry.errors import ShapeError
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.network.symbols import SymbolNetwork, expected_shapes
from recurry.testing import assert_near


def _network(name: str = "lstm", *, dropout: Dropout | None = None, **table) -> SymbolNetwork:
    config = NetworkConfig.model_validate({"cell": name, "hidden_size": 8, **table})
    return SymbolNetwork(cell(name), config, dropout=dropout or Dropout(), num_symbols=8)


@pytest.mark.parametrize("name", cells())
@pytest.mark.parametrize(
    "table", [{}, {"embedding_size": 8}, {"embedding_size": 8, "is_tied": True, "num_layers": 2}]
)
def test_expected_shapes_are_those_of_the_network(name: str, table: dict):
    network = _network(name, **table)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert shapes == expected_shapes(cell(name), network.config, num_symbols=8)


def test_steps_equal_forward():
    network = _network(embedding_size=5, num_layers=2, has_residual=True, precision="float64")
    symbols = torch.randint(8, (4, 3))
    whole, final = network(symbols)
    state = network.initial_state(3)
    for number, at in enumerate(symbols):
        logits, state = network.step(at, state)
        assert_near(logits, whole[number], "carried_float64", what=f"step {number}")
    assert_near(state["c"], final["c"], "carried_float64", what="c")
    assert whole.shape == (4, 3, 8)


def test_one_hot_is_the_column_of_each_symbol():
    network = _network("rnn", precision="float64")
    symbols = torch.randint(8, (3, 2))
    one_hot = torch.nn.functional.one_hot(symbols, 8).double()
    expected, _ = network.recurrent(one_hot)
    found = torch.nn.functional.linear(expected, network.head.weight, network.head.bias)
    assert torch.equal(network(symbols)[0], found)


@pytest.mark.parametrize("size", [0, 5])
def test_the_compiled_backend_learns_what_the_eager_one_learns(size: int):
    facts = {"embedding_size": size, "num_layers": 2, "precision": "float64"}
    networks = [_network("gru", backend=backend, **facts) for backend in ("cpu", "eager")]
    networks[1].load_state_dict(networks[0].state_dict())
    symbols = torch.randint(8, (6, 3))
    for network in networks:
        network(symbols)[0].square().sum().backward()
    for one, other in zip(*(network.parameters() for network in networks), strict=True):
        torch.testing.assert_close(one.grad, other.grad)
    with torch.no_grad():
        torch.testing.assert_close(*(network(symbols)[0] for network in networks))
        torch.testing.assert_close(*(network.step(symbols[0])[0] for network in networks))


def test_tied_weights_learn_from_both_ends():
    network = _network(embedding_size=8, is_tied=True)
    assert "head.weight" not in network.state_dict()
    network(torch.randint(8, (3, 2)))[0].square().sum().backward()
    assert network.embedding is not None
    assert network.embedding.weight.grad is not None
    assert network.embedding.weight.grad.ne(0).any(1).all()


def test_initial_values():
    network = _network(embedding_size=30)
    assert network.embedding is not None
    assert network.head.weight is not None
    assert network.embedding.weight.std().item() == pytest.approx(1.0, abs=0.15)
    bound = (6 / sum(network.head.weight.shape)) ** 0.5
    assert 0.8 * bound < network.head.weight.abs().max() <= bound
    assert not network.head.bias.any()


def test_a_tied_matrix_starts_small_enough_for_a_head():
    network = _network(embedding_size=8, is_tied=True)
    assert network.embedding is not None
    assert network.embedding.weight.std().item() == pytest.approx(8**-0.5, rel=0.3)


def test_dropout_acts_before_and_after_the_layers():
    network = _network(dropout=Dropout(input=0.5, output=0.5), embedding_size=8)
    symbols = torch.randint(8, (3, 2))
    assert not torch.equal(network(symbols)[0], network(symbols)[0])
    network.eval()
    assert torch.equal(network(symbols)[0], network(symbols)[0])


def test_precision_reaches_every_parameter():
    network = _network(embedding_size=8, precision="float64")
    assert {value.dtype for value in network.parameters()} == {torch.float64}
    assert network.device.type == "cpu"
    assert network.cell.name == "lstm"


def test_no_symbols_are_refused():
    with pytest.raises(ShapeError, match="at least one symbol"):
        expected_shapes(cell("rnn"), NetworkConfig(hidden_size=4), num_symbols=0)
