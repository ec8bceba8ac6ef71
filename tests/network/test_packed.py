"""Packed sequences come back in the order in which they came."""

import torch
from torch.nn.utils.rnn import pack_sequence

from recurry.network.packed import pack_like, unpack


def test_round_trip():
    sequences = [torch.randn(length, 2) for length in (1, 4, 3)]
    packed = pack_sequence(sequences, enforce_sorted=False)
    padded, lengths = unpack(packed)
    assert lengths == (1, 4, 3)
    again = pack_like(padded, packed)
    assert torch.equal(again.data, packed.data)
    assert again.sorted_indices is packed.sorted_indices
