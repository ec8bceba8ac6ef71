"""The reading half: states of both directions become those of a decoder."""

import pytest
import torch

from recurry.errors import ShapeError
from recurry.network.encoder import Encoder
from recurry.network.recurrent import Recurrent
from recurry.testing import assert_near

LENGTHS = [5, 2, 0]


def test_states_of_both_directions_go_through_the_bridge():
    encoder = Encoder(Recurrent("lstm", 3, 4, 2, bidirectional=True, precision="float64"))
    x = torch.randn(5, 3, 3, dtype=torch.float64)
    output, state = encoder(x, LENGTHS)
    expected, last = encoder.layers(x, lengths=LENGTHS)
    assert torch.equal(output, expected)
    assert len(encoder.bridge) == 4
    assert state["c"].shape == (2, 3, 8)
    number = state.names.index("c") * 2 + 1
    both = torch.cat([last["c"][2], last["c"][3]], 1)
    assert_near(state["c"][1], encoder.bridge[number](both), "carried_float64", what="c")


def test_padding_changes_nothing():
    encoder = Encoder(Recurrent("gru", 3, 4, bidirectional=True, precision="float64"))
    x = torch.randn(5, 3, 3, dtype=torch.float64)
    _, state = encoder(x, LENGTHS)
    for stream, length in enumerate(LENGTHS):
        _, alone = encoder(x[:length, stream : stream + 1])
        found = state["h"][:, stream : stream + 1]
        assert_near(found, alone["h"], "padding_float64", what="h")


def test_layers_that_read_one_way_are_refused():
    with pytest.raises(ShapeError, match="reads both ways"):
        Encoder(Recurrent("gru", 3, 4))
