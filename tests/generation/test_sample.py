"""Texts from a model: the same for the same seed, whatever else is asked for."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurry.data.codec import byte_codec
from recurry.errors import DataError, UsageError
from recurry.generation.sample import (
    Sampling,
    generate,
    generate_each,
    stream,
    stream_with_states,
)
from recurry.generation.stepping import ROWS


@pytest.mark.parametrize(
    ("cell", "precision"), [("lstm", "float32"), ("gru", "float32"), ("mgu", "bfloat16")]
)
def test_a_sample_does_not_depend_on_how_many_are_drawn(
    build_model, character_codec, cell, precision
):
    # The units are no multiple of any vector width, and the weights make the states chaotic, so
    # that a difference in the last bit would soon be another letter.
    model = build_model(character_codec, cell=cell, hidden_size=37, precision=precision)
    texts = generate(model, "ab", length=60, num_samples=2 * ROWS + 1, seed=5)
    assert len(set(texts)) == len(texts)
    for count in (1, 3, ROWS, ROWS + 1):
        assert generate(model, "ab", length=60, num_samples=count, seed=5) == texts[:count]


def test_streaming_gives_the_first_sample(character_model):
    sampling = Sampling(temperature=0.7, top_k=9, top_p=0.95)
    arguments = {"length": 150, "sampling": sampling, "seed": 3, "stop": ("zz",)}
    first = generate(character_model, "to be", **arguments)[0]
    assert "".join(stream(character_model, "to be", **arguments)) == first
    pieces = list(stream_with_states(character_model, "to be", **arguments))
    assert "to be" + "".join(text for text, _ in pieces) == first


def test_states_are_those_after_each_piece(character_model):
    pieces = list(stream_with_states(character_model, "ab", length=5, seed=1))
    network = character_model.network.eval()
    state = network.initial_state(1)
    text = "ab" + "".join(piece for piece, _ in pieces)
    found = []
    with torch.no_grad():
        for symbol in character_model.codec.encode(text):
            _, state = network.step(torch.tensor([symbol]), state)
            found.append(state["c"][:, 0])
    for (_, state), expected in zip(pieces, found[2:], strict=True):
        torch.testing.assert_close(state["c"][:, 0], expected, rtol=1e-4, atol=1e-5)


def test_seeds_and_lengths(character_model):
    first, second = (generate(character_model, length=80, seed=seed)[0] for seed in (0, 1))
    assert first != second
    assert len(first) == len(second) == 80
    assert generate(character_model, "abc", length=0) == ["abc"]
    longer = generate(character_model, length=300, seed=0)[0]  # across a chunk of random numbers
    assert longer.startswith(first)


def test_temperature_zero_does_not_look_at_the_seed(character_model):
    greedy = Sampling(temperature=0)
    texts = {generate(character_model, sampling=greedy, length=60, seed=s)[0] for s in range(4)}
    assert len(texts) == 1
    assert len(set(generate(character_model, sampling=greedy, length=60, num_samples=9))) == 1


def test_sampling_leaves_the_random_generators_and_the_mode_alone(character_model):
    character_model.network.train()
    before = torch.random.get_rng_state()
    generate(character_model, length=5)
    assert torch.equal(before, torch.random.get_rng_state())
    assert character_model.network.training


def test_dropout_is_off(build_model, character_codec):
    model = build_model(character_codec)
    expected = generate(model, length=50)
    model.network.train()
    assert generate(model, length=50) == expected


@given(
    seed=st.integers(0, 10_000),
    length=st.integers(0, 40),
    prime=st.text(max_size=5).filter(lambda text: text.isprintable()),
    temperature=st.sampled_from([0.0, 0.5, 1.0, 20.0]),
)
@settings(max_examples=20, deadline=None)
def test_byte_models_never_break_a_character(seed, length, prime, temperature):
    from dataclasses import replace

    model = _byte_model(seed % 7)
    texts = generate(
        replace(model),
        prime,
        length=length,
        seed=seed,
        num_samples=2,
        sampling=Sampling(temperature=temperature),
    )
    pieces = list(
        stream(model, prime, length=length, seed=seed, sampling=Sampling(temperature=temperature))
    )
    assert "".join(pieces) == texts[0]
    for text in texts:
        assert "\ufffd" not in text
        assert len(text.encode()) == len(prime.encode()) + length


_BYTE_MODELS = {}


def _byte_model(seed: int):
    from recurry.network.configuration import NetworkConfig
    from recurry.tasks.language import LanguageModel

    if seed not in _BYTE_MODELS:
        config = NetworkConfig(cell="gru", hidden_size=9)
        model = LanguageModel.build(network_config=config, codec=byte_codec(), seed=seed)
        with torch.no_grad():
            for weight in model.network.parameters():
                weight.mul_(4).add_(0.01)
        _BYTE_MODELS[seed] = model
    return _BYTE_MODELS[seed]


def test_bytes_stream_as_whole_characters(byte_model):
    for piece in stream(byte_model, "é", length=200, sampling=Sampling(temperature=3.0)):
        assert "\ufffd" not in piece
        piece.encode()


def test_words_are_joined_to_the_prime_and_never_unknown(word_model):
    text = generate(word_model, "the cat", length=60, sampling=Sampling(temperature=2.0))[0]
    assert text.startswith("the cat")
    assert "<unk>" not in text
    assert text[len("the cat")] in " \n,."


def test_a_stop_string_ends_a_text_but_not_the_others(character_model):
    plain = generate(character_model, "ab", length=120, num_samples=10, seed=2)
    stop = plain[3][40:43]
    stopped = generate(character_model, "ab", length=120, num_samples=10, seed=2, stop=[stop])
    for text, cut in zip(plain, stopped, strict=True):
        assert cut == "ab" + text[2:].split(stop)[0]


def test_a_stop_string_in_the_prime_does_not_count(character_model):
    assert len(generate(character_model, "abab", length=9, stop=["abab"])[0]) > 4


def test_texts_come_block_by_block(character_model):
    texts = generate_each(character_model, length=5, num_samples=10_000)
    assert len([next(texts) for _ in range(ROWS + 1)]) == ROWS + 1
    texts.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": -1}, "length is out of range"),
        ({"seed": -1}, "seed is out of range"),
        ({"num_samples": 0}, "number of samples is out of range"),
        ({"stop": [""]}, "stop string is empty"),
    ],
)
def test_bad_arguments_are_named(character_model, arguments, message):
    with pytest.raises(UsageError, match=message):
        generate(character_model, **arguments)


def test_a_prime_of_unknown_characters_is_an_error(character_model):
    with pytest.raises(DataError, match="not in the vocabulary"):
        list(stream(character_model, "Ω"))


def test_numpy_seeds_are_taken(character_model):
    assert generate(character_model, length=3, seed=np.int64(4)) == generate(
        character_model, length=3, seed=4
    )
