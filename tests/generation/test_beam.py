"""Beam search against trying out everything."""

import itertools

import numpy as np
import pytest
import torch

from recurry.errors import TrainingError, UsageError
from recurry.generation.beam import beam_search, search
from recurry.generation.sample import Sampling, generate


def markov(rng: np.random.Generator, num_symbols: int):
    """The first scores and a step function of a random Markov chain."""
    table = rng.normal(size=(num_symbols + 1, num_symbols)) * 2
    table -= np.log(np.exp(table).sum(axis=1, keepdims=True))
    return table[-1:], lambda rows, symbols: table[symbols], table


def log_probability(table: np.ndarray, path: tuple[int, ...]) -> float:
    previous = (len(table) - 1, *path)
    return sum(table[a, b] for a, b in itertools.pairwise(previous))


def test_a_wide_beam_finds_the_best_paths(rng):
    first, step, table = markov(rng, 4)
    paths = search(first, step, length=5, width=4**5)
    everything = sorted(
        itertools.product(range(4), repeat=5), key=lambda path: -log_probability(table, path)
    )
    assert [path.symbols for path in paths[:50]] == everything[:50]
    np.testing.assert_allclose(
        [path.log_probability for path in paths],
        [log_probability(table, path) for path in everything],
    )


def test_width_one_is_greedy(rng):
    first, step, table = markov(rng, 6)
    (path,) = search(first, step, length=7, width=1)
    symbols = [int(first.argmax())]
    while len(symbols) < 7:
        symbols.append(int(table[symbols[-1]].argmax()))
    assert path.symbols == tuple(symbols)


def test_what_is_forbidden_never_comes_and_may_leave_fewer_paths():
    first = np.array([[0.0, -np.inf, -np.inf]])
    (path,) = search(first, lambda rows, symbols: first[[0] * len(rows)], length=3, width=5)
    assert path.symbols == (0, 0, 0)


def test_finished_paths_are_kept_and_compared_by_symbol(rng):
    first, step, _ = markov(rng, 3)
    paths = search(first, step, length=6, width=8, is_finished=lambda symbols: symbols[-1] == 0)
    assert len(paths) == 8
    assert any(len(path.symbols) < 6 for path in paths)
    for path in paths:
        assert 0 not in path.symbols[:-1]
        assert path.symbols[-1] == 0 or len(path.symbols) == 6
    means = [path.log_probability / len(path.symbols) for path in paths]
    assert means == sorted(means, reverse=True)


def test_width_one_of_a_model_is_temperature_zero(character_model):
    (beam,) = beam_search(character_model, "ab", length=30, width=1)
    assert (
        beam.text == generate(character_model, "ab", length=30, sampling=Sampling(temperature=0))[0]
    )
    assert beam.num_symbols == 30


def test_a_wider_beam_is_at_least_as_probable_here(character_model):
    narrow, wide = (
        beam_search(character_model, "ab", length=12, width=width)[0].log_probability
        for width in (1, 40)
    )
    assert wide >= narrow


def test_log_probabilities_are_those_of_the_model(character_model):
    from recurry.tasks.scoring import symbol_losses

    for beam in beam_search(character_model, "ab", length=9, width=3):
        losses = symbol_losses(character_model, character_model.codec.encode(beam.text))
        assert beam.log_probability == pytest.approx(-losses[1:].sum(), abs=1e-3)


def test_beams_of_bytes_are_whole_characters(byte_model):
    beams = beam_search(byte_model, "€", length=9, width=12)
    assert len({beam.text for beam in beams}) == 12
    assert all("\ufffd" not in beam.text and len(beam.text.encode()) == 12 for beam in beams)


def test_words_are_never_unknown(word_model):
    assert all("<unk>" not in beam.text for beam in beam_search(word_model, length=6, width=4))


def test_a_stop_string_ends_a_beam(character_model):
    plain = beam_search(character_model, "ab", length=20, width=1)[0].text
    stop = plain[6:8]
    (beam,) = beam_search(character_model, "ab", length=20, width=1, stop=[stop])
    assert beam.text == "ab" + plain[2:].split(stop)[0]
    assert beam.num_symbols == len(beam.text) - 2 + len(stop)


def test_a_length_of_zero_gives_the_prime(character_model):
    (beam,) = beam_search(character_model, "ab", length=0)
    assert (beam.text, beam.log_probability, beam.num_symbols) == ("ab", 0.0, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "beam's width is out of range"),
        ({"width": 5000}, "beam's width is out of range"),
        ({"length": -1}, "length is out of range"),
        ({"stop": [""]}, "stop string is empty"),
    ],
)
def test_bad_arguments_are_named(character_model, arguments, message):
    with pytest.raises(UsageError, match=message):
        beam_search(character_model, **arguments)


def test_a_model_whose_output_is_no_number(character_model):
    with torch.no_grad():
        character_model.network.head.bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match="not a number"):
        beam_search(character_model, "a", length=3, width=2)
