"""Run a model over a text and keep what it had in mind after every symbol.

Comes in: a language model and a text. Goes out: states of all layers, or all named values (gates)
of one layer. Imports network, tasks and the interpreter.

The equations of a layer at step t read its input at t and its states at t - 1. Once the states
are known, the gates of all steps follow from them at once, without another run along time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from recurry.compiler.interpret import evaluate
from recurry.compiler.nodes import Input, Node
from recurry.compiler.nodes import State as StateNode
from recurry.errors import UsageError
from recurry.inspection.address import CellAddress, painted_state
from recurry.inspection.colour import squash
from recurry.network.stepper import Stepper
from recurry.tasks.language import LanguageModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """The states of a model after each symbol of a text.

    Args:
        pieces: The text of each symbol; joined, they are the text as the model read it.
        ids: The symbols.
        states: For every state of the cell an array (L, T, H), float32.
    """

    pieces: tuple[str, ...]
    ids: np.ndarray
    states: Mapping[str, np.ndarray]

    def painted(self, address: CellAddress) -> np.ndarray:
        """What colours show of one cell: a number from -1 to 1 for each symbol, (T,)."""
        values = self.states[address.state][address.layer, :, address.unit]
        return squash(values, address.state)


def record(model: LanguageModel, text: str | np.ndarray) -> Recording:
    """Read a text, one symbol at a time from a state of zeros, and keep every state.

    Needs 4 bytes for each layer, state, unit and symbol.

    Args:
        model: A language model.
        text: Text, or symbol ids.

    Raises:
        DataError: The text holds symbols that the model has never seen.
    """
    ids = model.codec.encode(text) if isinstance(text, str) else np.asarray(text, dtype=np.int64)
    states = _run(model, ids)
    return Recording(pieces=tuple(model.codec.decode_each(ids)), ids=ids, states=states)


def record_gates(
    model: LanguageModel, recording: Recording, *, layer: int
) -> dict[str, np.ndarray]:
    """Every assigned name of the equations in one layer, after each symbol of a recording.

    Args:
        model: The model that made the recording.
        recording: Its states.
        layer: From 0.

    Returns:
        Name (as in the equations, such as `f` or `c`) to values (T, H), float64.

    Raises:
        UsageError: There is no such layer.
    """
    if not 0 <= layer < model.network_config.num_layers:
        raise UsageError(
            f"The model has no layer {layer}.",
            accepted=f"a layer from 0 to {model.network_config.num_layers - 1}",
        )
    x = _embed(model, recording.ids)
    for below in range(layer):
        output = _evaluate_layer(model, recording, x, layer=below)["h"]
        x = output + x if model.network_config.has_residual and below > 0 else output
    return _evaluate_layer(model, recording, x, layer=layer)


def most_varying(
    model: LanguageModel, recording: Recording, count: int = 10, *, span: int = 8
) -> list[CellAddress]:
    """The cells of all layers whose painted value varies most over a text.

    Many cells flicker from one symbol to the next, which tells a reader nothing. So values are
    averaged over `span` symbols before their standard deviation is taken: what stays varies over
    words, lines and speeches.

    Args:
        model: The model that made the recording.
        recording: Its states over a text.
        count: How many cells to name; fewer where the model has fewer, none for an empty text.
        span: Number of symbols, at least 1, which averages nothing.
    """
    state = painted_state(model)
    if not len(recording.ids):
        return []
    spread = _averaged(squash(recording.states[state], state), span).std(axis=1)
    best = np.argsort(-spread, axis=None, kind="stable")[:count]
    layers, units = np.unravel_index(best, spread.shape)
    return [
        CellAddress(layer=int(layer), state=state, unit=int(unit))
        for layer, unit in zip(layers, units, strict=True)
    ]


def _averaged(values: np.ndarray, span: int) -> np.ndarray:
    """Means over `span` neighbouring steps of (L, T, H), shorter by `span - 1`."""
    span = max(1, min(span, values.shape[1]))
    sums = np.cumsum(values, axis=1, dtype=np.float64)
    sums[:, span:] -= sums[:, :-span].copy()
    return sums[:, span - 1 :] / span


def _run(model: LanguageModel, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Every state after every symbol, (L, T, H) float32."""
    config, stepper = model.network_config, Stepper(model.network, 1)
    shape = (config.num_layers, len(ids), config.hidden_size)
    found = {name: np.empty(shape, dtype=np.float32) for name in model.cell.states}
    for step, symbol in enumerate(torch.from_numpy(ids)[:, None]):
        stepper.read(symbol)
        state = stepper.state
        for name, values in found.items():
            values[:, step] = state[name][:, 0].cpu().numpy()
    return found


def _embed(model: LanguageModel, ids: np.ndarray) -> np.ndarray:
    """What the first layer reads, (T, I) float64."""
    if model.network.embedding is None:
        return np.eye(model.codec.num_symbols)[ids]
    return _to_numpy(model.network.embedding.weight)[ids]


def _evaluate_layer(
    model: LanguageModel, recording: Recording, x: np.ndarray, *, layer: int
) -> dict[str, np.ndarray]:
    """Every assigned name of a layer at all steps, with time in the place of the batch."""
    graph, shape = model.cell.graph, (len(x), model.network_config.hidden_size)
    weights = dict(model.network.recurrent.layers[layer].named_parameters())
    values: dict[Node, np.ndarray] = {Input(): x}
    for name, parameter in graph.parameters.items():
        values[parameter] = _to_numpy(weights[f"forward.{name}"])
    for name in graph.states:
        before = np.zeros(shape)
        before[1:] = recording.states[name][layer, :-1]
        values[StateNode(name)] = before
    evaluate(graph.nodes, values)
    return {
        name: np.broadcast_to(values[node], x.shape if node.size == "I" else shape)
        for name, node in graph.named.items()
    }


def _to_numpy(weight: torch.Tensor) -> np.ndarray:
    return weight.detach().to("cpu", torch.float64).numpy()
