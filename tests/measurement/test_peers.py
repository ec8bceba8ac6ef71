"""Peers are found by name, and some also compute in float32 beside a bfloat16 layer."""

import pytest
import torch
from torch import Tensor

from recurry.errors import UsageError
from recurry.measurement.peer import Numbers
from recurry.measurement.peers import PEERS, find_peers


def test_a_float32_peer_beside_a_bfloat16_layer(make_case):
    case = make_case("lstm", precision="bfloat16", kind="inference")
    for peer in find_peers(["torch-f32", "plain-f32"]):
        assert peer.refusal(case) is None
        found = peer.prepare(Numbers(case=case))()
        assert isinstance(found, Tensor)
        assert found.dtype == torch.float32
        assert peer.refusal(make_case("lstm")) == f"in float32 it is {peer.name[:-4]}"


def test_an_unknown_peer_is_an_error_with_the_known_ones():
    with pytest.raises(UsageError, match=r"no peer named 'tourch'[\s\S]*try: torch"):
        find_peers(["tourch"])
    names = [peer.name for peer in PEERS]
    assert [peer.name for peer in find_peers(names)] == names
