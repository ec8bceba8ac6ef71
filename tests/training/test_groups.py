"""Groups of weights: rates and beginnings."""

from recurry.training.groups import Group, make_groups


def test_each_stage_has_a_rate_and_a_beginning():
    groups = make_groups([["head"], ["two", "two_b"], ["one"]], layer_rate=0.5, unfreeze_epochs=2.0)
    assert groups == (
        Group(names=("head",)),
        Group(names=("two", "two_b"), rate_factor=0.5, first_epoch=2.0),
        Group(names=("one",), rate_factor=0.25, first_epoch=4.0),
    )


def test_stages_without_weights_do_not_count():
    assert make_groups([[], ["a"], []], layer_rate=0.5, unfreeze_epochs=1.0) == (
        Group(names=("a",)),
    )
