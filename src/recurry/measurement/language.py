"""A whole training step of a character model: ours, and the same in plain torch.

Comes in: the tables of a preset. Goes out: runs that each make one update. Imports network and
training.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from recurry.backends import Precision
from recurry.cells import find_cell
from recurry.measurement.case import Case, Shape
from recurry.measurement.clock import Run, take_turns
from recurry.measurement.ours import Ours
from recurry.measurement.roofline import operations
from recurry.measurement.row import Row
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.network.state import State
from recurry.network.symbols import SymbolNetwork
from recurry.training.configuration import OptimiserConfig
from recurry.training.optimise import clip_gradients, make_optimiser, make_update
from recurry.training.window_course import summed_loss
from recurry.training.windows import Window


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a training step depends on.

    Args:
        name: Of the preset.
        network: Its table `network`.
        optimiser: Its table `optimiser`.
        num_steps: Steps of a window, k1.
        num_lanes: Streams B.
        num_symbols: Symbols V of the text; those of tiny Shakespeare unless given.
    """

    name: str
    network: NetworkConfig
    optimiser: OptimiserConfig
    num_steps: int
    num_lanes: int
    num_symbols: int = 65

    def case(self, precision: Precision) -> Case:
        """The recurrent layer of the model as a case."""
        sizes = (self.network.embedding_size or self.num_symbols, self.network.hidden_size)
        return Case(
            cell=find_cell(self.network.cell),
            shape=Shape(
                num_steps=self.num_steps,
                batch_size=self.num_lanes,
                input_size=sizes[0],
                hidden_size=sizes[1],
            ),
            precision=precision,
        )

    @property
    def block(self) -> Tensor:
        """Symbols of a window and the one after, (T + 1, B)."""
        generator = torch.Generator().manual_seed(0)
        size = (self.num_steps + 1, self.num_lanes)
        return torch.randint(self.num_symbols, size, generator=generator)


def measure_language(recipe: Recipe, precision: Precision, *, backend: str, repeats: int) -> Row:
    """A row whose time is one update of the model, beside that of the same model in plain torch."""
    case = recipe.case(precision)
    facts = {
        "cell": recipe.name,
        "shape": str(case.shape),
        "precision": precision,
        "kind": "training",
        "num_steps": recipe.num_steps,
    }
    refusal = Ours(backend).refusal(case)
    if refusal is not None:
        return Row(**facts, refusal=refusal)
    runs = [our_update(recipe, precision, backend), torch_update(recipe)]
    own, other = take_turns(runs, repeats=repeats)
    products = operations(case) + 6 * case.num_rows * recipe.num_symbols * case.shape.hidden_size
    return Row(
        **facts,
        time_ms=own.median * 1e3,
        spread=own.spread,
        gflops=products / own.median / 1e9,
        peer_ms={"torch-f32": other.median * 1e3},
    )


def our_update(recipe: Recipe, precision: Precision, backend: str) -> Run:
    """What `fit` does for one window."""
    config = recipe.network.model_copy(update={"precision": precision, "backend": backend})
    network = SymbolNetwork(
        find_cell(config.cell), config, dropout=Dropout(), num_symbols=recipe.num_symbols
    )
    weights, block, length = list(network.parameters()), recipe.block, recipe.num_steps
    optimiser = make_optimiser(weights, recipe.optimiser, num_updates=1000)
    window = Window(epoch=0, index=0, num_windows=1, begin=0, start=0, end=length, keep=length)
    carried: State | None = None

    def update() -> float:
        nonlocal carried
        loss, carried = summed_loss(network, block, window, carried)
        optimiser.zero_grad()
        (loss / (length * recipe.num_lanes)).backward()
        clip_gradients(weights, recipe.optimiser)
        make_update(optimiser, learning_rate=recipe.optimiser.learning_rate)
        return float(loss.detach()) / (length * recipe.num_lanes)

    return update


def torch_update(recipe: Recipe) -> Run:
    """The same by torch's own modules: Embedding, LSTM, Linear and fused AdamW."""
    network, config = recipe.network, recipe.optimiser
    embedding = nn.Embedding(recipe.num_symbols, network.embedding_size)
    layer = nn.LSTM(network.embedding_size, network.hidden_size, network.num_layers)
    head = nn.Linear(network.hidden_size, recipe.num_symbols)
    weights = [*embedding.parameters(), *layer.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(
        weights,
        lr=config.learning_rate,
        betas=config.betas or (0.9, 0.999),
        weight_decay=config.weight_decay,
        fused=True,
    )
    block, state = recipe.block, None

    def update() -> float:
        nonlocal state
        output, state = layer(embedding(block[:-1]), state)
        state = tuple(value.detach() for value in state)
        loss = functional.cross_entropy(head(output).flatten(0, 1), block[1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        if config.clip_norm is not None:
            nn.utils.clip_grad_norm_(weights, config.clip_norm)
        optimiser.step()
        return float(loss.detach())

    return update
