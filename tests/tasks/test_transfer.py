"""Word vectors that are put into fresh models, and what is said where they do not fit."""

import numpy as np
import pytest
import torch

from recurry.data.known import Known
from recurry.data.vectors import WordVectors
from recurry.errors import DataError, UsageError
from recurry.tasks.find import find_task
from recurry.tasks.take_model import take_model
from recurry.tasks.transfer import Taken, take_vectors

TASKS = ("language", "classify", "tag", "translate", "summarise")


def _vectors(*words: str, size: int = 4) -> WordVectors:
    matrix = np.random.default_rng(0).standard_normal((len(words), size))
    return WordVectors(words=words, matrix=matrix.astype(np.float32))


VECTORS = _vectors("the", "dog", "a", "mouse")


@pytest.mark.parametrize("name", TASKS)
def test_known_words_take_their_vectors_and_others_the_mean(make_small, name):
    model = make_small(name)
    taken = take_vectors(model, VECTORS, name="words.vec")
    table = find_task(name).anatomy(model).tables[0]
    rows = dict(zip(table.symbols, table.weight.detach(), strict=True))
    for word in ("the", "dog"):
        assert torch.equal(rows[word], torch.from_numpy(VECTORS.vector(word)))
    known = [word for word in VECTORS.words if word in rows]
    mean = torch.from_numpy(np.stack([VECTORS.vector(word) for word in known])).mean(0)
    assert torch.allclose(rows["cat"], mean)
    assert torch.allclose(rows["<unk>"], mean)
    assert model.network.get_parameter(taken.tables[0]) is table.weight
    assert taken.layers == ()
    assert "words.vec has 3 of the" in taken.notes[0]
    assert "% of its text" in taken.notes[0]


def test_ends_of_texts_are_no_words(make_small):
    model = make_small("translate")
    before = [
        table.weight.detach().clone() for table in find_task("translate").anatomy(model).tables
    ]
    take_vectors(model, VECTORS, name="words.vec")
    for table, old in zip(find_task("translate").anatomy(model).tables, before, strict=True):
        size = len(table.vocabulary)
        assert torch.equal(table.weight[size:], old[size:])
        assert not torch.equal(table.weight[:size], old[:size])


@pytest.mark.parametrize("name", ["classify", "tag"])
def test_words_that_have_joined_are_counted_apart(make_small, name):
    known = Known(symbols=VECTORS.words, sha256="0" * 64)
    model = make_small(name, known=known)
    (note,) = take_vectors(model, VECTORS, name="words.vec").notes
    assert note.endswith("1 more have joined them")
    (table, *_) = find_task(name).anatomy(model).tables
    assert table.symbols[-1] == "mouse"
    assert torch.equal(table.weight[-1], torch.from_numpy(VECTORS.vector("mouse")))


def test_words_of_a_file_do_not_join_what_is_written(make_small):
    known = Known(symbols=VECTORS.words, sha256="0" * 64)
    assert "mouse" not in make_small("language", known=known).codec.vocabulary.numbers
    joint = make_small("translate", known=known).knowledge
    assert "mouse" not in joint.source.vocabulary.numbers
    apart = make_small("translate", known=known, **{"text.is_joint": False}).knowledge
    assert "mouse" in apart.source.vocabulary.numbers
    assert "mouse" not in apart.target.vocabulary.numbers


def test_words_of_a_model_join_what_fills_and_what_writes(make_small):
    for name in ("fill", "conditional"):
        of_file = make_small(name, known=Known(symbols=("mouse",), sha256="0" * 64))
        of_model = make_small(name, known=Known(symbols=("mouse",), sha256="0" * 64, is_model=True))
        assert "mouse" not in of_file.knowledge.codec.vocabulary.numbers
        assert "mouse" in of_model.knowledge.codec.vocabulary.numbers


def test_a_forward_model_of_words_is_the_first_half_of_filling(make_small):
    source, model = make_small("language"), make_small("fill", seed=1)
    taken = take_model(model, source, name="old")
    mine, other = model.network.ahead.state_dict(), source.network.recurrent.state_dict()
    assert all(torch.equal(mine[name], other[name]) for name in other)
    assert not any(name.startswith("back.") for layer in taken.layers for name in layer)


def test_pieces_of_bpe_that_are_words_take_their_vectors(make_small):
    pytest.importorskip("tokenizers")
    model = make_small("classify", **{"text.tokens": "bpe", "text.vocabulary_size": 300})
    (note,) = take_vectors(model, VECTORS, name="words.vec").notes
    assert "%" not in note  # pieces are not counted
    (table,) = find_task("classify").anatomy(model).tables
    row = table.weight[table.vocabulary.numbers["Ġdog"]]
    assert torch.equal(row, torch.from_numpy(VECTORS.vector("dog")))


def test_vectors_of_another_size_are_refused(make_small):
    with pytest.raises(UsageError, match="another size") as caught:
        take_vectors(make_small("classify"), _vectors("dog", size=7), name="words.vec")
    assert "vectors of 7 numbers, those of the network have 4 (network.embedding_size is 4)" in str(
        caught.value
    )
    assert "network.embedding_size=7" in str(caught.value)
    with pytest.raises(UsageError, match="those of the network have 2") as caught:
        take_vectors(make_small("conditional"), _vectors("dog", size=7), name="words.vec")
    assert "network.embedding_size=14" in str(caught.value)


def test_a_network_without_vectors_is_refused(make_small):
    model = make_small("classify", **{"network.embedding_size": 0})
    with pytest.raises(UsageError, match="no vectors of symbols") as caught:
        take_vectors(model, VECTORS, name="words.vec")
    assert "network.embedding_size=4" in str(caught.value)


@pytest.mark.parametrize("words", [("chien", "chat"), ("<unk>", "x")])
def test_vectors_without_a_word_in_common_are_refused(make_small, words):
    known = Known(symbols=words, sha256="0" * 64)
    with pytest.raises(DataError, match="no word in common"):
        take_vectors(make_small("classify", known=known), _vectors(*words), name="words.vec")


def test_stages_go_from_what_is_new_down_to_the_vectors():
    taken = Taken(tables=("table",), layers=(("low",), ("high", "high_b")))
    names = ["table", "low", "high", "high_b", "head", "low_backward"]
    assert taken.stages(names) == [
        ("head", "low_backward"),
        ("high", "high_b"),
        ("low",),
        ("table",),
    ]
    assert Taken.from_dict(taken.to_dict()) == taken
