"""The search, against going through all paths; samples, against their probabilities."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from recurry.errors import TrainingError, UsageError
from recurry.network.decoding import Path, Ranking, sample, search
from recurry.network.sampling import Sampling

END = 0


@dataclass(frozen=True)
class Rows:
    """The chain of each row, what it read last, and what it attended to."""

    chains: torch.Tensor
    weights: torch.Tensor | None = None

    def reorder(self, rows: torch.Tensor) -> "Rows":
        weights = None if self.weights is None else self.weights[rows]
        return Rows(self.chains[rows], weights)


class Chains:
    """A random Markov chain for each sequence, and attention that depends on the symbol."""

    def __init__(self, rng: np.random.Generator, num_sequences: int = 3, num_symbols: int = 4):
        table = rng.normal(size=(num_sequences, num_symbols + 1, num_symbols)) * 2
        table -= np.log(np.exp(table).sum(axis=2, keepdims=True))
        self.table = torch.from_numpy(table)
        self.attention = torch.from_numpy(rng.dirichlet(np.ones(3), size=num_symbols + 1))
        self.begin, self.num_sequences, self.num_symbols = num_symbols, num_sequences, num_symbols

    def start(self) -> Rows:
        return Rows(torch.arange(self.num_sequences))

    def step(self, symbols: torch.Tensor, state: Rows) -> tuple[torch.Tensor, Rows]:
        assert len(symbols) == len(state.chains)
        return self.table[state.chains, symbols], Rows(state.chains, self.attention[symbols])

    def all_paths(self, number: int, length: int, ranking: Ranking) -> list[Path]:
        """Every path of one sequence that ends, or is as long as may be; best first."""
        found = []
        for count in range(1, length + 1):
            for path in itertools.product(range(self.num_symbols), repeat=count):
                if END in path[:-1] or (path[-1] != END and count < length):
                    continue
                read = [self.begin, *path[:-1]]
                total = float(self.table[number, read, list(path)].sum())
                seen = self.attention[read].sum(0).numpy()
                found.append(
                    Path(
                        symbols=path,
                        log_probability=total,
                        score=ranking.score(total, count, seen),
                    )
                )
        return sorted(found, key=lambda path: -path.score)


def assert_same(found: list[Path], expected: list[Path]) -> None:
    """Paths with the same symbols, and the same numbers but for rounding."""
    assert [path.symbols for path in found] == [path.symbols for path in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability)
        assert one.score == pytest.approx(other.score)


@pytest.mark.parametrize(
    "ranking",
    [
        Ranking(),
        Ranking(length_penalty=0.8),
        Ranking(length_penalty=1.0, coverage_penalty=0.5),
    ],
    ids=str,
)
@pytest.mark.parametrize("num_best", [1, 4])
def test_a_wide_search_finds_the_best_paths_of_each_sequence(rng, ranking, num_best):
    chains = Chains(rng)
    limits = [4, 3, 5]
    found = search(chains, length=limits, end=END, width=1000, num_best=num_best, ranking=ranking)
    for number, paths in enumerate(found):
        assert_same(paths, chains.all_paths(number, limits[number], ranking)[:num_best])


def test_width_one_takes_the_most_probable_symbol(rng):
    chains = Chains(rng, num_sequences=5, num_symbols=7)
    for number, (path,) in enumerate(search(chains, length=9, end=END)):
        symbols = [chains.begin]
        while len(symbols) < 10 and (len(symbols) == 1 or symbols[-1] != END):
            symbols.append(int(chains.table[number, symbols[-1]].argmax()))
        assert path.symbols == tuple(symbols[1:])


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_sequence_is_searched_as_if_it_were_alone(rng, width):
    chains = Chains(rng, num_sequences=6, num_symbols=5)
    ranking = Ranking(length_penalty=0.6, coverage_penalty=0.2)
    together = search(chains, length=8, end=END, width=width, num_best=width, ranking=ranking)
    for number in range(6):
        one = Chains(rng, num_sequences=1, num_symbols=5)
        one.table, one.attention = chains.table[number : number + 1], chains.attention
        alone = search(one, length=8, end=END, width=width, num_best=width, ranking=ranking)
        assert_same(together[number], alone[0])


def test_penalties_are_those_of_the_formula():
    ranking = Ranking(length_penalty=0.5, coverage_penalty=2.0)
    found = ranking.score(-6.0, 19, np.array([0.5, 3.0, 0.0]))
    assert found == pytest.approx(-6.0 / 2.0 + 2 * np.log(0.5))
    assert Ranking().score(-6.0, 19, None) == -6.0


def test_a_length_of_zero_gives_empty_paths(rng):
    chains = Chains(rng)
    found = search(chains, length=[0, 2, 0], end=END, width=2)
    assert [len(paths[0].symbols) > 0 for paths in found] == [False, True, False]
    assert sample(chains, length=0)[1] == Path(symbols=(), log_probability=0.0)


def test_samples_have_the_probabilities_of_the_chain(rng):
    chains = Chains(rng, num_sequences=1, num_symbols=3)
    chains.table = chains.table.expand(4000, -1, -1)
    chains.num_sequences = 4000
    paths = sample(chains, length=3, end=END, seed=1)
    for path in paths:
        read = [chains.begin, *path.symbols[:-1]]
        total = float(chains.table[0, read, list(path.symbols)].sum())
        assert path.log_probability == pytest.approx(total)
        assert END not in path.symbols[:-1]
    for expected in chains.all_paths(0, 3, Ranking())[:5]:
        share = np.mean([path.symbols == expected.symbols for path in paths])
        assert share == pytest.approx(np.exp(expected.log_probability), abs=0.04)


def test_a_sample_does_not_depend_on_those_beside_it(rng):
    chains = Chains(rng, num_sequences=4)
    many = sample(chains, length=9, end=END, seed=3)
    chains.table, chains.num_sequences = chains.table[:2], 2
    assert sample(chains, length=9, end=END, seed=3) == many[:2]


def test_temperature_zero_is_greedy(rng):
    chains = Chains(rng, num_sequences=4)
    drawn = sample(chains, length=9, end=END, sampling=Sampling(temperature=0))
    best = search(chains, length=9, end=END)
    assert [path.symbols for path in drawn] == [paths[0].symbols for paths in best]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "beam's width is out of range"),
        ({"width": 2, "num_best": 3}, "fewer paths than are wanted"),
        ({"length": -1}, "length is out of range"),
        ({"length": [1, 2]}, "length is out of range"),
    ],
)
def test_bad_numbers_are_named(rng, options, message):
    with pytest.raises(UsageError, match=message):
        search(Chains(rng), **{"length": 3, **options})


def test_a_penalty_below_zero_is_named():
    with pytest.raises(UsageError, match="length penalty is out of range"):
        Ranking(length_penalty=-1.0)


def test_probabilities_that_are_no_numbers(rng):
    chains = Chains(rng)
    chains.table[1] = torch.nan
    for run in (search, sample):
        with pytest.raises(TrainingError, match="not a number"):
            run(chains, length=3)
