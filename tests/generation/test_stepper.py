"""Steps on fixed buffers against the network itself."""

import pytest
import torch

from recurry.cells import cells
from recurry.generation.stepper import Stepper
from recurry.network.dropout import Dropout
from recurry.network.symbols import SymbolNetwork


def compare(model, *, rows: int = 3, steps: int = 6) -> None:
    """Both ways over the same symbols: logits and every state agree at every step."""
    model.network.eval()
    generator = torch.Generator().manual_seed(1)
    stepper, state = Stepper(model, rows), model.network.initial_state(rows)
    for _ in range(steps):
        symbols = torch.randint(model.codec.num_symbols, (rows,), generator=generator)
        with torch.no_grad():
            logits, state = model.network.step(symbols, state)
        stepper.read(symbols)
        tolerance = 1e-9 if logits.dtype == torch.float64 else 2e-4
        torch.testing.assert_close(stepper.logits, logits, rtol=tolerance, atol=tolerance)
        for name in model.cell.states:
            torch.testing.assert_close(
                stepper.state[name], state[name], rtol=tolerance, atol=tolerance
            )


@pytest.mark.parametrize("cell", cells())
@pytest.mark.parametrize("embedding_size", [0, 7])
def test_every_cell_from_one_hot_vectors_and_embeddings(
    build_model, character_codec, cell, embedding_size
):
    size = character_codec.num_symbols if embedding_size == 0 else embedding_size
    compare(
        build_model(
            character_codec,
            cell=cell,
            hidden_size=size,
            embedding_size=embedding_size,
            num_layers=2,
            precision="float64",
            scale=1.5,
        )
    )


@pytest.mark.parametrize(
    "network",
    [
        {"precision": "float32"},
        {"precision": "bfloat16"},
        {"has_residual": True, "num_layers": 3},
        {"is_tied": True, "embedding_size": 12},
        {"num_layers": 1},
    ],
)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_kinds_of_networks(build_model, character_codec, cell, network):
    compare(build_model(character_codec, cell=cell, scale=1.0, **network))


def test_large_embeddings_are_multiplied_each_time(build_model, character_codec, monkeypatch):
    monkeypatch.setattr("recurry.generation.layer_step._LARGEST_TABLE", 10)
    compare(build_model(character_codec, embedding_size=5, precision="float64"))


def test_zoneout_is_its_expectation(build_model, character_codec):
    from dataclasses import replace

    model = build_model(character_codec, precision="float64")
    dropout = Dropout(zoneout=0.3, between=0.5)
    network = SymbolNetwork(
        model.cell, model.network_config, dropout=dropout, num_symbols=character_codec.num_symbols
    )
    compare(replace(model, network=network, dropout=dropout))


@pytest.mark.parametrize(
    "equations",
    [
        "a = tanh(W @ x + b)\nh = a * h + a",
        "c = 0.5 * c + tanh(W @ x)\nh = sigmoid(V @ x) * c",
        "q = h\nh = tanh(W @ x + U @ q + U @ k)\nk = q",
        "h = maximum(tanh(W @ x + U @ tanh(h) + b), 0.1 * h - d)",
    ],
)
def test_cells_of_ones_own(build_model, character_codec, equations):
    compare(build_model(character_codec, cell=equations, precision="float64", scale=1.0))


def test_a_state_can_be_put_back(character_model):
    stepper = Stepper(character_model, 2)
    stepper.read(torch.tensor([1, 2]))
    state = stepper.state
    stepper.read(torch.tensor([3, 4]))
    first = stepper.logits.clone()
    stepper.state = state
    stepper.read(torch.tensor([3, 4]))
    assert torch.equal(stepper.logits, first)
