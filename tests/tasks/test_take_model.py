"""Models that begin with the parts of others: vectors, layers, heads; and what does not fit."""

import pytest
import torch

from recurry.data.known import Known
from recurry.errors import DataError, UsageError
from recurry.tasks.anatomy import Anatomy
from recurry.tasks.find import find_task
from recurry.tasks.take_model import take_model

TASKS = ("language", "classify", "tag", "translate", "summarise", "fill", "conditional")


def _same(model, other, prefix: str = "") -> bool:
    ours, theirs = model.network.state_dict(), other.network.state_dict()
    return all(torch.equal(ours[name], theirs[name]) for name in ours if name.startswith(prefix))


@pytest.mark.parametrize("name", TASKS)
def test_from_a_model_of_the_same_task_everything_is_taken(make_small, name):
    model, source = make_small(name), make_small(name, seed=1)
    assert not _same(model, source)
    taken = take_model(model, source, name="old")
    assert _same(model, source)
    assert "the head is taken as well" in taken.notes
    names = dict(model.network.named_parameters())
    assert {*taken.tables, *(x for layer in taken.layers for x in layer)} <= set(names)


def test_a_classifier_begins_with_a_language_model(make_small):
    source = make_small("language", **{"network.num_layers": 2})
    model = make_small("classify", seed=1, **{"network.num_layers": 2})
    fresh = make_small("classify", seed=1, **{"network.num_layers": 2})
    taken = take_model(model, source, name="old")
    ours, theirs = find_task("classify").anatomy(model), find_task("language").anatomy(source)
    symbols = ours.tables[0].vocabulary.numbers
    for word in ("a", "dog", "barked"):
        expected = theirs.tables[0].weight[theirs.tables[0].vocabulary.numbers[word]]
        assert torch.equal(ours.tables[0].weight[symbols[word]], expected)
    mine, other = model.network.recurrent.state_dict(), source.network.recurrent.state_dict()
    assert torch.equal(mine["layers.0.forward.W_h"], other["layers.0.forward.W_h"])
    # The second layer also reads the other direction, from which nothing has been learnt.
    assert torch.equal(mine["layers.1.forward.W_h"][:, :6], other["layers.1.forward.W_h"])
    assert not mine["layers.1.forward.W_h"][:, 6:].any()
    assert _same(model, fresh, "recurrent.layers.0.backward")
    assert _same(model, fresh, "head")
    assert not any("backward" in name for layer in taken.layers for name in layer)
    assert len(taken.layers) == 2
    assert any("2 of the 2 layers of old" in note for note in taken.notes)


def test_what_reads_both_ways_begins_with_both_models_that_fill(make_small):
    two = {"network.num_layers": 2}
    source, model = make_small("fill", **two), make_small("classify", seed=1, **two)
    taken = take_model(model, source, name="old")
    mine = model.network.recurrent.state_dict()
    for way, layers in (("forward", source.network.ahead), ("backward", source.network.back)):
        there = layers.state_dict()
        for key in ("W_h", "U_h", "b_h"):
            expected = there[f"layers.0.forward.{key}"]
            assert torch.equal(mine[f"layers.0.{way}.{key}"], expected), (way, key)
        # Of both directions below, each of the second layer goes on reading its own.
        wide, expected = mine[f"layers.1.{way}.W_h"], there["layers.1.forward.W_h"]
        own, of_other = (
            (wide[:, :6], wide[:, 6:]) if way == "forward" else (wide[:, 6:], wide[:, :6])
        )
        assert torch.equal(own, expected)
        assert not of_other.any()
    assert {x for layer in taken.layers for x in layer} == {
        f"recurrent.{name}" for name, _ in model.network.recurrent.named_parameters()
    }
    assert "2 of the 2 layers of old are taken for the 2 that this model reads with" in taken.notes
    assert any(note.endswith("reads with, the backward direction") for note in taken.notes)


def test_what_is_read_backwards_goes_to_what_reads_backwards(make_small):
    source, model = make_small("classify"), make_small("fill", seed=1)
    take_model(model, source, name="old")
    there = source.network.recurrent.state_dict()
    for way, layers in (("forward", model.network.ahead), ("backward", model.network.back)):
        found = layers.state_dict()["layers.0.forward.U_h"]
        assert torch.equal(found, there[f"layers.0.{way}.U_h"]), way
    fresh, model = make_small("fill", seed=1), make_small("fill", seed=1)
    take_model(model, make_small("language"), name="old")
    assert _same(model, fresh, "back.")
    assert not _same(model, fresh, "ahead.")


def test_as_many_layers_are_taken_as_both_have(make_small):
    source = make_small("language", **{"network.num_layers": 3})
    taken = take_model(make_small("classify"), source, name="old")
    assert len(taken.layers) == 1
    assert any("1 of the 3 layers of old are taken for the 1 " in note for note in taken.notes)
    source = make_small("language")
    model = make_small("classify", **{"network.num_layers": 2})
    assert len(take_model(model, source, name="old").layers) == 1


def test_a_language_model_gives_its_layers_to_what_writes(make_small):
    source, model = make_small("language"), make_small("translate", seed=1)
    fresh = make_small("translate", seed=1)
    taken = take_model(model, source, name="old")
    assert taken.tables == ("target.weight",)
    decoder = model.network.decoder.state_dict()
    assert torch.equal(
        decoder["layers.0.forward.W_h"],
        source.network.recurrent.state_dict()["layers.0.forward.W_h"],
    )
    assert _same(model, fresh, "encoder")
    assert _same(model, fresh, "source")


def test_symbols_of_one_hot_vectors_are_found_in_the_matrices(make_small):
    one_hot = {"network.embedding_size": 0}
    source = make_small("language", **one_hot)
    model = make_small("classify", seed=1, **one_hot)
    take_model(model, source, name="old")
    ours, theirs = model.network.recurrent, source.network.recurrent
    mine = model.knowledge.codec.vocabulary.numbers
    other = source.codec.vocabulary.numbers
    here, there = (x.state_dict()["layers.0.forward.W_h"] for x in (ours, theirs))
    assert torch.equal(here[:, mine["dog"]], there[:, other["dog"]])
    known = [other[word] for word in mine if word in other]
    assert torch.allclose(here[:, mine["good"]], there[:, known].mean(1))


def test_scores_of_symbols_that_the_source_lacks_are_the_mean(make_small):
    source = make_small("language")
    known = Known(symbols=("mouse",), sha256="0" * 64, is_model=True)
    model = make_small("language", known=known, seed=1)
    with torch.no_grad():
        source.network.head.bias.copy_(torch.arange(source.codec.num_symbols))
    take_model(model, source, name="old")
    ours = find_task("language").anatomy(model)
    assert ours.answers[-1] == "mouse"
    assert torch.allclose(model.network.head.bias[-1], source.network.head.bias.mean())
    assert torch.allclose(model.network.head.weight[-1], source.network.head.weight.mean(0))


def test_a_head_with_other_classes_is_new(make_small, tmp_path):
    source = make_small("classify")
    path = tmp_path / "b.csv"
    path.write_text("text,label\n" + "a good dog,yes\na bad cat,no\n" * 9)
    model = make_small("classify", seed=1, **{"data.paths": [str(path)]})
    fresh = make_small("classify", seed=1, **{"data.paths": [str(path)]})
    taken = take_model(model, source, name="old")
    assert "the head is new: the source has no answer 'no', 'yes'" in taken.notes
    assert _same(model, fresh, "head")
    assert _same(model, source, "recurrent")


@pytest.mark.parametrize(
    ("here", "there", "reason"),
    [
        ({"answer.pooling": "concatenated"}, {}, "it reads 12 numbers there, 36 here"),
        ({"answer.kind": "number"}, {}, "the source has no answer 'a number'"),
        ({"answer.kind": "rating"}, {}, "the source has no answer '0 < 1'"),
        ({}, {"answer.kind": "rating"}, "the source has no answer '0', '1'"),
        ({"answer.kind": "number"}, {"answer.kind": "rating"}, "no answer 'a number'"),
    ],
)
def test_a_head_that_does_something_else_is_new(make_small, here, there, reason):
    source, model, fresh = (
        make_small("classify", seed=seed, **settings)
        for seed, settings in ((0, there), (1, here), (1, here))
    )
    with torch.no_grad():
        for weight in source.network.head.parameters():
            weight.fill_(3.0)
    notes = take_model(model, source, name="old").notes
    assert next(note for note in notes if "head" in note).endswith(reason)
    assert _same(model, fresh, "head")


@pytest.mark.parametrize("kind", ["number", "rating"])
def test_a_head_of_one_score_is_taken(make_small, kind):
    settings = {"answer.kind": kind}
    source, model = make_small("classify", **settings), make_small("classify", seed=1, **settings)
    assert "the head is taken as well" in take_model(model, source, name="old").notes
    assert _same(model, source)


@pytest.mark.parametrize("is_tied", [False, True])
def test_no_bias_comes_without_its_matrix(make_small, is_tied):
    size = {"network.hidden_size": 4}
    source = make_small("fill", **size, **{"network.is_tied": not is_tied})
    settings = size | {"network.is_tied": is_tied}
    model, fresh = (make_small("fill", seed=1, **settings) for _ in range(2))
    with torch.no_grad():
        source.network.bias.fill_(3.0)
    notes = take_model(model, source, name="old").notes
    assert torch.equal(model.network.bias, fresh.network.bias)
    where = "here" if is_tied else "there"
    assert any(note.startswith(f"the head is new: only {where} the vectors") for note in notes)


def test_words_with_other_spelling_keep_their_own(make_small):
    source = make_small("tag", **{"spelling.size": 8})
    model, fresh = make_small("tag", seed=1), make_small("tag", seed=1)
    taken = take_model(model, source, name="old")
    assert taken.tables == ("front.words.weight",)
    assert _same(model, fresh, "front.spelling")


def test_a_tagger_begins_with_a_language_model(make_small):
    source, model = make_small("language"), make_small("tag", seed=1)
    take_model(model, source, name="old")
    found = model.network.recurrent.state_dict()["layers.0.forward.W_h"]
    expected = source.network.recurrent.state_dict()["layers.0.forward.W_h"]
    assert torch.equal(found[:, :4], expected)
    assert not found[:, 4:].any()


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"network.cell": "lstm"}, "another cell", "--cell lstm"),
        ({"network.hidden_size": 8}, "another size", "--hidden-size 8"),
        ({"network.embedding_size": 5}, "another size than those", "network.embedding_size=5"),
        ({"network.embedding_size": 0}, "in another way", "network.embedding_size=0"),
    ],
)
def test_what_does_not_fit_is_named(make_small, settings, message, hint):
    source = make_small("language", **settings)
    with pytest.raises(UsageError, match=message) as caught:
        take_model(make_small("classify"), source, name="old")
    assert hint in str(caught.value)


def test_a_source_with_vectors_is_asked_for_where_there_must_be_some(make_small):
    source = make_small("language", **{"network.embedding_size": 0})
    with pytest.raises(UsageError, match="in another way") as caught:
        take_model(make_small("tag"), source, name="old")
    assert "a source that was trained with vectors that were learnt" in str(caught.value)


def test_vectors_are_asked_for_where_the_source_has_them(make_small):
    model = make_small("classify", **{"network.embedding_size": 0})
    with pytest.raises(UsageError, match="in another way") as caught:
        take_model(model, make_small("language"), name="old")
    assert "network.embedding_size=4" in str(caught.value)


def test_a_layer_that_reads_more_than_there_is_here(make_small):
    two = {"network.num_layers": 2}
    model = make_small("classify", **two, **{"network.is_bidirectional": False})
    with pytest.raises(UsageError, match="reads more") as caught:
        take_model(model, make_small("classify", **two), name="old")
    assert "12 numbers a step there, 6 here" in str(caught.value)
    assert "--num-layers 1" in str(caught.value)
    model = make_small("language", **{"network.embedding_size": 2})
    with pytest.raises(UsageError, match="reads more") as caught:
        take_model(model, make_small("conditional"), name="old")
    assert "no class beside them" in str(caught.value)


def test_sizes_of_an_encoder_are_those_of_both_directions(make_small):
    source = make_small("classify", **{"network.hidden_size": 8})
    with pytest.raises(UsageError, match="8 units there, 3 here") as caught:
        take_model(make_small("translate"), source, name="old")
    assert "--hidden-size 16" in str(caught.value)


def test_symbols_without_anything_in_common_are_refused(make_small, tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("un chien\nune chatte\n" * 20)
    source = make_small("language", **{"data.paths": [str(path)]})
    with pytest.raises(DataError, match="no word in common"):
        take_model(make_small("classify"), source, name="old")


def test_a_task_that_names_no_parts_is_refused(make_small, monkeypatch):
    model = make_small("classify")
    monkeypatch.setattr(type(find_task("classify")), "anatomy", lambda self, model: Anatomy())
    with pytest.raises(UsageError, match="cannot begin with another one"):
        take_model(model, make_small("language"), name="old")
