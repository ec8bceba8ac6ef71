"""How fast text is written: characters a second for 1 and for 32 samples of a random model.

Run: python bench/generate_speed.py [--hidden-size 512] [--num-layers 2] [--cell lstm]
"""

import argparse
import time
from pathlib import Path

import torch

from recurry.data import Codec, DataConfig, Vocabulary, shakespeare_path
from recurry.data.tokens import Characters
from recurry.generation.sample import generate
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel

REPEATS = 3


def make_model(cell: str, hidden_size: int, num_layers: int) -> LanguageModel:
    """A model with fresh weights over the characters of the bundled text."""
    symbols = tuple(sorted(set(shakespeare_path().read_text(encoding="utf-8"))))
    vocabulary = Vocabulary(symbols=symbols, counts=(1,) * len(symbols))
    codec = Codec(config=DataConfig(), tokeniser=Characters(), vocabulary=vocabulary)
    config = NetworkConfig(cell=cell, hidden_size=hidden_size, num_layers=num_layers)
    return LanguageModel.build(network_config=config, codec=codec, seed=0)


def measure(model: LanguageModel, *, num_samples: int, length: int) -> tuple[float, float]:
    """Characters a second by the clock and by processor time, the best of some repeats."""
    walls, cores = [], []
    for _ in range(REPEATS):
        wall, core = time.perf_counter(), time.process_time()
        generate(model, length=length, num_samples=num_samples)
        walls.append(time.perf_counter() - wall)
        cores.append(time.process_time() - core)
    return num_samples * length / min(walls), num_samples * length / min(cores)


def main() -> None:
    """Print one line for each number of samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--num-layers", type=int, default=2)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1, help="as recurry generate sets it")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = make_model(options.cell, options.hidden_size, options.num_layers)
    print(f"{model} on {options.threads} thread(s), in {Path(__file__).name}")
    for num_samples in (1, 8, 32):
        wall, core = measure(model, num_samples=num_samples, length=options.length)
        print(f"{num_samples:4d} samples: {wall:9,.0f} characters/s ({core:,.0f} by CPU time)")


if __name__ == "__main__":
    main()
