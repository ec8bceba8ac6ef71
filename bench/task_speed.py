"""A training step of `recurry train classify`, `tag`, `translate` beside the same in plain torch.

Both read the same batches of the same records and make whole updates: padding, forward, backward,
clipping, AdamW, the average of the weights. Ours is the loop of `recurry train`; the peer is what
torch's documentation teaches: Embedding, LSTM over packed sequences, Linear, CrossEntropyLoss,
dropout at the preset's rates. `torch` has AdamW as it comes, `torch-fused` its fused form; `tag`
reads the characters of every word of a sentence, as published code does, and `torch-unique` those
of each different word of a batch once, as ours does. All take turns; medians are compared.

    python bench/task_speed.py classify stsa.fine.train --set data.layout=label-first
    python bench/task_speed.py tag en_ewt-ud-train.conllu
    python bench/task_speed.py translate train.en train.de
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.optim.swa_utils import get_ema_multi_avg_fn

from recurry.data.examples import Examples, Ragged
from recurry.runs.configuration import RunConfig, load_config, parse_value, recipe_tables
from recurry.tasks.find import find_task
from recurry.training.data import TrainingData
from recurry.training.fit import fit
from recurry.training.state import TrainingState

PEERS = {
    "classify": ("torch", "torch-fused"),
    "tag": ("torch", "torch-fused", "torch-unique"),
    "translate": ("torch", "torch-fused"),
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is trained.

    Args:
        config: All settings.
        train: The records.
        sizes: Numbers of symbols and of labels by name.
    """

    config: RunConfig
    train: Examples
    sizes: dict[str, int]

    def rate(self, name: str) -> float:
        """A rate of dropout."""
        return getattr(self.config.dropout, name)


def drop(x: Tensor, rate: float) -> Tensor:
    """Dropout in training."""
    return functional.dropout(x, rate) if rate else x


def padded(rows: Ragged, padding: int = 0) -> Tensor:
    """Sequences as a block, time first."""
    return torch.from_numpy(rows.padded(padding))


class PackedLSTM(nn.Module):
    """torch.nn.LSTM over sequences of unequal lengths, its recurrent matrices under dropout."""

    def __init__(self, size: int, hidden: int, *, rate: float = 0.0, both: bool = True) -> None:
        super().__init__()
        self.lstm, self.rate = nn.LSTM(size, hidden, bidirectional=both), rate

    def forward(
        self, x: Tensor, lengths: np.ndarray, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[PackedSequence, tuple[Tensor, Tensor]]:
        """Packed outputs, and the last state."""
        packed = pack_padded_sequence(x, torch.from_numpy(lengths), enforce_sorted=False)
        if not self.rate:
            return self.lstm(packed, state)
        weights = [
            drop(value, self.rate) if "weight_hh" in name else value
            for name, value in self.lstm.named_parameters()
        ]
        zeros = x.new_zeros(2, x.shape[1], self.lstm.hidden_size)
        data, _, _ = torch.lstm(
            packed.data, packed.batch_sizes, (zeros, zeros), weights, True, 1, 0.0, True, True
        )
        return packed._replace(data=data), (zeros, zeros)


class Classify(nn.Module):
    """Embedding, LSTM in both directions, the largest over time, Linear."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        config, self.case = case.config.network, case
        self.embedding = nn.Embedding(case.sizes["symbols"], config.embedding_size)
        rate = case.rate("recurrent_weights")
        self.layer = PackedLSTM(config.embedding_size, config.hidden_size, rate=rate)
        self.head = nn.Linear(2 * config.hidden_size, case.sizes["labels"])

    def forward(self, examples: Examples) -> Tensor:
        """The mean loss."""
        text = examples.sequences["text"]
        x = drop(self.embedding(padded(text)), self.case.rate("input"))
        packed, _ = self.layer(x, text.lengths)
        output, _ = pad_packed_sequence(packed, padding_value=-torch.inf)
        vectors = drop(output.max(0).values, self.case.rate("output"))
        targets = torch.from_numpy(examples.values["label"])
        return functional.cross_entropy(self.head(vectors), targets)


class Tag(nn.Module):
    """Words beside the last states over their characters, LSTM in both directions, Linear."""

    def __init__(self, case: Case, *, is_unique: bool) -> None:
        super().__init__()
        config, spelling, self.case = case.config.network, case.config.spelling, case
        self.is_unique = is_unique
        self.words = nn.Embedding(case.sizes["words"], config.embedding_size)
        self.characters = nn.Embedding(case.sizes["characters"], spelling.character_size)
        self.speller = PackedLSTM(spelling.character_size, spelling.size // 2)
        self.layer = PackedLSTM(config.embedding_size + spelling.size, config.hidden_size)
        self.head = nn.Linear(2 * config.hidden_size, case.sizes["labels"])

    def forward(self, examples: Examples) -> Tensor:
        """The mean loss."""
        words, characters = examples.sequences["words"], examples.sequences["characters"]
        cuts = np.concatenate([[0], np.cumsum(examples.sequences["sizes"].values)])
        spelt = Ragged(values=characters.values, offsets=cuts)
        ids, where = torch.from_numpy(words.values).long(), None
        if self.is_unique:
            block = torch.cat([ids[None], padded(spelt, -1)])
            block, where = block.unique(dim=1, return_inverse=True)
            ids, letters = block[0], block[1:]
            lengths = (letters >= 0).sum(0).numpy()
            letters = letters.clamp(min=0)
        else:
            letters, lengths = padded(spelt), spelt.lengths
        rate = self.case.config.spelling.word_dropout
        ids = ids.masked_fill(torch.rand(ids.shape) < rate, self.case.sizes["unknown"])
        _, (last, _) = self.speller(self.characters(letters), lengths)
        rows = torch.cat([self.words(ids), last[0], last[1]], 1)
        if where is not None:
            rows = rows[where]
        x = nn.utils.rnn.pad_sequence(list(rows.split(words.lengths.tolist())))
        packed, _ = self.layer(drop(x, self.case.rate("input")), words.lengths)
        targets = padded(examples.sequences["labels"])
        known = pack_padded_sequence(
            targets, torch.from_numpy(words.lengths), enforce_sorted=False
        ).data
        return functional.cross_entropy(
            self.head(drop(packed.data, self.case.rate("output"))), known
        )


class Translate(nn.Module):
    """Encoder in both directions, decoder under teacher forcing, general attention, tied scores."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        config, self.case = case.config.network, case
        size, hidden = config.embedding_size, config.hidden_size
        self.source = nn.Embedding(case.sizes["source"], size)
        self.target = nn.Embedding(case.sizes["target"], size)
        self.encoder = PackedLSTM(size, hidden // 2)
        self.bridges = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(2))
        self.decoder = nn.LSTM(size, hidden)
        self.query = nn.Linear(hidden, hidden, bias=False)
        self.combine = nn.Linear(2 * hidden, size)
        self.head = nn.Linear(size, case.sizes["target"])
        nn.init.normal_(self.target.weight, std=size**-0.5)
        self.head.weight = self.target.weight

    def forward(self, examples: Examples) -> Tensor:
        """The mean loss."""
        source, target, rate = (
            *(examples.sequences[n] for n in ("source", "target")),
            self.case.rate,
        )
        targets = padded(target, -100)
        before = targets.clamp(min=0).roll(1, 0)
        before[0] = self.case.sizes["begin"]
        read = drop(self.source(padded(source)), rate("input"))
        packed, last = self.encoder(read, source.lengths)
        memory = pad_packed_sequence(packed, batch_first=True)[0]
        state = tuple(
            bridge(torch.cat([both[0], both[1]], 1))[None]
            for bridge, both in zip(self.bridges, last, strict=True)
        )
        output, _ = self.decoder(drop(self.target(before), rate("input")), state)
        queries = output.transpose(0, 1)
        scores = torch.bmm(self.query(queries), memory.transpose(1, 2))
        steps = torch.arange(memory.shape[1])
        padding = steps >= torch.from_numpy(source.lengths)[:, None]
        weights = scores.masked_fill(padding[:, None], -torch.inf).softmax(2)
        contexts = torch.bmm(weights, memory)
        vectors = drop(torch.tanh(self.combine(torch.cat([contexts, queries], 2))), rate("output"))
        is_real = targets.t() >= 0
        return functional.cross_entropy(
            self.head(vectors[is_real]),
            targets.t()[is_real],
            label_smoothing=self.case.config.decoder.smoothing,
        )


def make_peer(case: Case, name: str) -> Callable[[Examples], float]:
    """An update of a peer; its loss."""
    task = case.config.task
    if task == "tag":
        network: nn.Module = Tag(case, is_unique=name == "torch-unique")
    else:
        network = Classify(case) if task == "classify" else Translate(case)
    table, weights = case.config.optimiser, list(network.parameters())
    optimiser = torch.optim.AdamW(
        weights,
        lr=table.learning_rate,
        weight_decay=table.weight_decay,
        fused=name != "torch" or None,
    )
    average = [weight.detach().clone() for weight in weights]
    follow = get_ema_multi_avg_fn(case.config.training.averaging)
    is_rounded = case.config.network.precision == "bfloat16"

    def update(examples: Examples) -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=is_rounded):
            loss = network(examples)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, table.clip_norm)
        optimiser.step()
        with torch.no_grad():
            follow(average, [weight.detach() for weight in weights], None)
        return loss.item()

    return update


def read_case(config: RunConfig) -> tuple[Case, Iterator[Any], TrainingState]:
    """The records of some files, and our own loop over them."""
    task: Any = find_task(config.task)
    records = task.read(config.tables)
    model = task.build(config.tables, records, cell=config.network.cell, seed=0)
    data = TrainingData(train=records.train, validation=None)
    tables = recipe_tables(config.tables)
    tables["training"] = tables["training"].model_copy(update={"patience": 0})
    state = TrainingState.begin(model, data, **tables)
    known, sizes = model.knowledge, dict[str, int]()
    if config.task == "classify":
        sizes = {"symbols": known.codec.num_symbols, "labels": known.labels.num_outputs}
    elif config.task == "tag":
        lexicon = known.lexicon
        sizes = {"words": len(lexicon.words), "characters": len(lexicon.characters)}
        sizes |= {"labels": len(known.labels), "unknown": lexicon.unknown_word}
    else:
        sizes = {"source": known.num_source, "target": known.num_target, "begin": known.begin}
    return Case(config=config, train=records.train, sizes=sizes), fit(model, data, state), state


def measure(
    config: RunConfig, peers: Sequence[str], *, updates: int, clock: Callable[[], float]
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds of each update, and the mean loss of the last ones, by name."""
    case, ours, state = read_case(config)
    loops: dict[str, Callable[[Examples], float]] = {
        "recurry": lambda _: next(ours).loss_nats,
        **{name: make_peer(case, name) for name in peers},
    }
    times: dict[str, list[float]] = {name: [] for name in loops}
    losses: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(updates + 5):
        members = state.next_place().members
        for name, update in loops.items():
            begin = clock()
            loss = update(case.train if name == "recurry" else case.train.take(members))
            if number >= 5:  # the first ones warm up
                times[name].append(clock() - begin)
                losses[name].append(loss)
    return times, {name: statistics.mean(found[-20:]) for name, found in losses.items()}


def configure(arguments: argparse.Namespace) -> RunConfig:
    """The settings of one measurement."""
    given = dict(setting.split("=", 1) for setting in arguments.set)
    values = {name: parse_value(value) for name, value in given.items()}
    values["data.paths"] = arguments.paths
    values["data.validation"] = 0.0
    if arguments.precision:
        values["network.precision"] = arguments.precision
    return load_config(arguments.preset or arguments.task, overrides=values)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("task", choices=[*PEERS])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processor-time", action="store_true", help="where others work")
    parser.add_argument("--preset")
    parser.add_argument("--precision", help="instead of the preset's")
    parser.add_argument("--peer", action="append", help="all when not given")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    config, peers = configure(arguments), arguments.peer or PEERS[arguments.task]
    clock = time.process_time if arguments.processor_time else time.perf_counter
    times, losses = measure(config, peers, updates=arguments.updates, clock=clock)
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"{arguments.task}, {config.network.precision}, {arguments.updates} updates")
    print("| | ms an update | times ours | loss |\n|---|---|---|---|")
    for name, median in medians.items():
        ratio = median / medians["recurry"]
        print(f"| {name} | {median * 1e3:.2f} | {ratio:.2f} | {losses[name]:.3f} |")


if __name__ == "__main__":
    main()
