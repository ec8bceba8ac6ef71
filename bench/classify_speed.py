"""A training step of `recurry train classify` beside the same model in plain torch.

Both read the same batches of random sentences: ours as the task does, torch's as its documentation
says, an Embedding, a packed bidirectional LSTM, a masked maximum over time, a Linear, fused AdamW.
The two take turns, and medians are compared.

    python bench/classify_speed.py --updates 60
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recurry.cells import find_cell
from recurry.data.batches import Batches
from recurry.data.examples import Examples, Ragged
from recurry.network.classifier import Classifier
from recurry.network.configuration import EncoderConfig
from recurry.network.dropout import Dropout
from recurry.runs.configuration import load_config
from recurry.training.configuration import OptimiserConfig
from recurry.training.optimise import clip_gradients, make_optimiser, make_update

NUM_SYMBOLS, NUM_CLASSES = 8000, 5
Update = Callable[[Examples], None]


def make_examples(count: int) -> Examples:
    """Sentences whose lengths are spread as those of film reviews are."""
    rng = np.random.default_rng(0)
    lengths = np.clip(np.rint(rng.normal(19, 9, count)), 1, 52).astype(int)
    rows = [rng.integers(NUM_SYMBOLS, size=length) for length in lengths]
    labels = rng.integers(NUM_CLASSES, size=count)
    return Examples(sequences={"text": Ragged.from_sequences(rows)}, values={"label": labels})


def blocks(examples: Examples) -> tuple[torch.Tensor, list[int], torch.Tensor]:
    """Ids, lengths and labels of a batch."""
    text = examples.sequences["text"]
    labels = torch.from_numpy(examples.values["label"])
    return torch.from_numpy(text.padded()), text.lengths.tolist(), labels


def our_update(config: EncoderConfig, optimiser_config: OptimiserConfig) -> Update:
    """What a course over records does for a batch."""
    network = Classifier(
        find_cell(config.cell),
        config,
        dropout=Dropout(input=0.5, output=0.5),
        num_symbols=NUM_SYMBOLS,
        num_outputs=NUM_CLASSES,
    )
    weights = list(network.parameters())
    optimiser = make_optimiser(weights, optimiser_config, num_updates=1000)

    def update(examples: Examples) -> None:
        ids, lengths, labels = blocks(examples)
        loss, count = network.loss(ids, labels, lengths)
        optimiser.zero_grad()
        (loss / count).backward()
        clip_gradients(weights, optimiser_config)
        make_update(optimiser, learning_rate=optimiser_config.learning_rate)

    return update


def torch_update(config: EncoderConfig) -> Update:
    """The same by torch's own modules."""
    size = config.hidden_size
    embedding = nn.Embedding(NUM_SYMBOLS, config.embedding_size)
    layer = nn.LSTM(config.embedding_size, size, bidirectional=True)
    head = nn.Linear(2 * size, NUM_CLASSES)
    weights = [*embedding.parameters(), *layer.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=1e-3, fused=True)

    def update(examples: Examples) -> None:
        ids, lengths, labels = blocks(examples)
        x = functional.dropout(embedding(ids), 0.5)
        packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
        output, _ = pad_packed_sequence(layer(packed)[0], padding_value=-torch.inf)
        vectors = functional.dropout(output.max(0).values, 0.5)
        loss = functional.cross_entropy(head(vectors), labels)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()

    return update


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--preset", default="classify")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--records", type=int)
    arguments = parser.parse_args()
    overrides = {"network.precision": arguments.precision, "network.cell": "lstm"}
    settings = load_config(arguments.preset, overrides=overrides)
    examples, records = make_examples(4000), arguments.records or settings.batches.records
    batches = Batches(examples.lengths, records=records, steps=8192, epochs=9, seed=0)
    loops = {
        "recurry": our_update(settings.network, settings.optimiser),
        "torch": torch_update(settings.network),
    }
    times: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(arguments.updates + 10):
        batch = examples.take(batches.at(number).members)
        for name, update in loops.items():
            begin = time.perf_counter()
            update(batch)
            if number >= 10:  # the first ones warm up
                times[name].append(time.perf_counter() - begin)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:8} {median * 1e3:8.2f} ms an update {records / median:8,.0f} records/s")
    print(f"torch / recurry = {medians['torch'] / medians['recurry']:.2f}")


if __name__ == "__main__":
    main()
