"""Where rows and columns of a drawing of a network are."""

from itertools import pairwise

import pytest

from recurry.compiler.network_stack import Head, Notes, Stack

KINDS = {
    "aligned": Head(),
    "pooled": Head(kind="pooled", join="mean"),
    "translated": Head(kind="translated", join="attention", num_decoder_layers=3),
}


def make(kind="aligned", **options):
    return Stack(
        **{
            "cell_name": "gru",
            "num_layers": 2,
            "is_bidirectional": True,
            "num_columns": 3,
            "head": KINDS[kind],
            **options,
        }
    )


@pytest.mark.parametrize("kind", KINDS)
def test_rows_stand_above_each_other_and_inside_of_the_drawing(kind):
    stack = make(kind)
    rows = [stack.y_input, stack.y(0, "forward"), stack.y(1, "backward"), stack.y_top]
    if kind != "aligned":
        rows.append(stack.y_join)
    rows += [stack.y_decoder(layer) for layer in range(stack.head.num_decoder_layers)]
    rows.append(stack.y_output)
    assert rows == sorted(rows, reverse=True)
    assert all(upper + 32 <= lower for lower, upper in pairwise(rows))
    assert rows[0] < stack.height
    assert rows[-1] > 26 + 20  # the title and half of an answer


def test_long_notes_move_the_columns():
    wide = make(notes=Notes(read=("vectors of a hundred and more numbers",)))
    assert wide.left > make().left
    assert wide.width - make().width == pytest.approx(wide.left - make().left)


def test_layers_of_a_translator_are_of_its_encoder():
    assert make().name_of(1) == "layer 1"
    assert make("translated").name_of(1) == "encoder, layer 1"
    assert make("translated").name_of(0, half="decoder") == "decoder, layer 0"
