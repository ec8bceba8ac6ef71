"""Steps on fixed buffers against the network's own step."""

import pytest
import torch

from recurry.cells import cells, find_cell
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.network.stepper import Stepper
from recurry.network.symbols import SymbolNetwork
from recurry.testing import TOLERANCES

NUM_SYMBOLS = 11


def make_network(*, dropout: Dropout | None = None, scale: float = 1.5, **config) -> SymbolNetwork:
    """A network of two layers with weights large enough to matter."""
    settings = NetworkConfig(**{"hidden_size": 11, "num_layers": 2, **config})
    network = SymbolNetwork(
        find_cell(settings.cell), settings, dropout=dropout or Dropout(), num_symbols=NUM_SYMBOLS
    )
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(scale).add_(0.01)
    return network.eval()


def compare(network: SymbolNetwork, *, rows: int = 3, steps: int = 6) -> None:
    """Both ways over the same symbols: logits and every state agree at every step."""
    generator = torch.Generator().manual_seed(1)
    stepper, state = Stepper(network, rows), network.initial_state(rows)
    for _ in range(steps):
        symbols = torch.randint(NUM_SYMBOLS, (rows,), generator=generator)
        with torch.no_grad():
            logits, state = network.step(symbols, state)
        stepper.read(symbols)
        # Sums in another order; in bfloat16 the functions of the compiled backend are rough.
        tolerance = 1e-9 if logits.dtype == torch.float64 else 2e-4
        if network.config.precision == "bfloat16":
            tolerance = TOLERANCES["eager_bfloat16"].relative
        torch.testing.assert_close(stepper.logits, logits, rtol=tolerance, atol=tolerance)
        for name in network.cell.states:
            torch.testing.assert_close(
                stepper.state[name], state[name], rtol=tolerance, atol=tolerance
            )


@pytest.mark.parametrize("cell", cells())
@pytest.mark.parametrize("embedding_size", [0, 11])
def test_every_cell_from_one_hot_vectors_and_embeddings(cell, embedding_size):
    compare(make_network(cell=cell, embedding_size=embedding_size, precision="float64"))


@pytest.mark.parametrize(
    "config",
    [
        {"precision": "float32"},
        {"precision": "bfloat16", "embedding_size": 5},
        {"has_residual": True, "num_layers": 3},
        {"is_tied": True, "embedding_size": 11},
        {"num_layers": 1},
    ],
)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_kinds_of_networks(cell, config):
    compare(make_network(cell=cell, scale=1.0, **config))


def test_dropout_is_off_and_zoneout_is_its_expectation():
    compare(make_network(dropout=Dropout(zoneout=0.3, between=0.5), precision="float64"))


def test_a_state_can_be_put_back():
    stepper = Stepper(make_network(), 2)
    stepper.read(torch.tensor([1, 2]))
    state = stepper.state
    stepper.read(torch.tensor([3, 4]))
    first = stepper.logits.clone()
    stepper.state = state
    stepper.read(torch.tensor([3, 4]))
    assert torch.equal(stepper.logits, first)


def test_a_state_is_a_copy():
    stepper = Stepper(make_network(), 2)
    state = stepper.state
    stepper.read(torch.tensor([1, 2]))
    assert not state["c"].any()


def test_rows_do_not_see_one_another():
    network = make_network(hidden_size=37)
    one, other = Stepper(network, 8), Stepper(network, 8)
    for step in range(20):
        symbols = torch.arange(8) % NUM_SYMBOLS
        one.read(symbols)
        other.read(torch.cat([symbols[:1], (symbols[1:] + step) % NUM_SYMBOLS]))
        assert torch.equal(one.logits[0], other.logits[0])
