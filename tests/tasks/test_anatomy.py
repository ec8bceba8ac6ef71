"""What tasks say of the parts of their models."""

import pytest

from recurry.tasks.anatomy import Table
from recurry.tasks.find import find_task

ROLES = {
    "language": (("writes",), ("writes",)),
    "classify": (("reads",), ("reads",)),
    "tag": (("reads", "spells"), ("reads", "spells")),
    "translate": (("reads", "writes"), ("reads", "writes")),
    "summarise": (("reads", "writes"), ("reads", "writes")),
}


@pytest.mark.parametrize("name", ROLES)
def test_every_task_names_its_parts(make_small, name):
    model = make_small(name)
    found = find_task(name).anatomy(model)
    tables, stacks = ROLES[name]
    assert tuple(table.role for table in found.tables) == tables
    assert tuple(stack.role for stack in found.stacks) == stacks
    ours = {id(weight) for weight in model.network.parameters()}
    assert {id(table.weight) for table in found.tables} <= ours
    assert {id(weight) for weight in found.head} <= ours
    for table in found.tables:
        assert len(table.symbols) == len(table.weight)
    assert all(len(weight) == len(found.answers) for weight in found.head)


def test_layers_that_read_one_hot_vectors_name_their_symbols(make_small):
    for name in ("language", "classify"):
        found = find_task(name).anatomy(make_small(name, **{"network.embedding_size": 0}))
        assert found.tables == ()
        (stack,) = found.stacks
        assert stack.vocabulary is not None
        assert len(stack.vocabulary) == stack.layers.input_size


def test_a_word_of_elsewhere_is_the_symbol_that_it_would_be_here(make_small):
    model = make_small("classify", **{"text.stem": "english"})
    (table,) = find_task("classify").anatomy(model).tables
    assert isinstance(table, Table)
    assert table.symbol_of is not None
    assert table.symbol_of("Barking") == "bark"


@pytest.mark.parametrize(("name", "has_words"), [("translate", False), ("summarise", True)])
def test_words_of_one_language_stay_on_its_side(make_small, name, has_words):
    model = make_small(name, **{"text.is_joint": False})
    source, target = find_task(name).anatomy(model).tables
    assert source.has_words
    assert target.has_words is has_words
    joint = find_task(name).anatomy(make_small(name))
    assert all(table.has_words for table in joint.tables)
