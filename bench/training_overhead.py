"""What the training loop costs beside the forward, backward and optimiser steps of torch.

Two networks of the same kind are trained side by side, one update each in turn: one by `fit`, one
by the bare calls. The medians of the times are compared.

    python bench/training_overhead.py --updates 30
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from recurry.data.codec import byte_codec
from recurry.data.ids import IdFile
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel
from recurry.training.configuration import (
    OptimiserConfig,
    ScheduleConfig,
    TrainingConfig,
    WindowConfig,
)
from recurry.training.data import TrainingData
from recurry.training.fit import fit
from recurry.training.state import TrainingState


def build(arguments: argparse.Namespace) -> LanguageModel:
    """The network that both loops train."""
    config = NetworkConfig(
        embedding_size=128, hidden_size=arguments.hidden_size, num_layers=arguments.num_layers
    )
    return LanguageModel.build(network_config=config, codec=byte_codec(), seed=0)


def bare_updates(model: LanguageModel, ids: np.ndarray, *, k1: int) -> Iterator[None]:
    """Forward, backward, clipping and optimiser, and nothing else."""
    network, state = model.network, None
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    symbols = torch.from_numpy(ids)
    for start in range(0, len(ids) - k1 - 1, k1):
        block = symbols[start : start + k1 + 1]
        logits, state = network(block[:-1], state)
        state = state.detach()
        loss = functional.cross_entropy(logits.flatten(0, 1), block[1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        yield


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=30)
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--k1", type=int, default=64)
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--num-layers", type=int, default=2)
    arguments = parser.parse_args()
    steps = arguments.k1 * (arguments.updates + 4)
    ids = np.random.default_rng(0).integers(256, size=(steps, arguments.lanes))

    model = build(arguments)
    data = TrainingData(train=IdFile.from_array(ids.T.reshape(-1)))
    state = TrainingState.begin(
        model,
        data,
        training=TrainingConfig(lanes=arguments.lanes, epochs=1),
        window=WindowConfig(k1=arguments.k1),
        optimiser=OptimiserConfig(clip_norm=1.0),
        schedule=ScheduleConfig(),
    )
    loops = {
        "bare": bare_updates(build(arguments), ids, k1=arguments.k1),
        "fit": fit(model, data, state),
    }
    times: dict[str, list[float]] = {name: [] for name in loops}
    for update in range(arguments.updates + 2):
        for name, loop in loops.items():
            begin = time.perf_counter()
            next(loop)
            if update >= 2:  # the first ones warm up
                times[name].append(time.perf_counter() - begin)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        rate = arguments.lanes * arguments.k1 / median
        print(f"{name:5} {median * 1e3:9.2f} ms an update {rate:10,.0f} symbols/s")
    print(f"fit / bare = {medians['fit'] / medians['bare']:.3f}")


if __name__ == "__main__":
    main()
