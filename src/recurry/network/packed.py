"""torch's packed sequences, in and out.

Comes in: a `PackedSequence`. Goes out: a padded batch with lengths, and back.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


def unpack(x: PackedSequence) -> tuple[Float[Tensor, "T B I"], tuple[int, ...]]:
    """A padded batch, time first, with the length of each sequence."""
    padded, lengths = pad_packed_sequence(x)
    return padded, tuple(lengths.tolist())


def pack_like(output: Float[Tensor, "T B F"], x: PackedSequence) -> PackedSequence:
    """A padded batch packed in the same order as another one."""
    _, lengths = pad_packed_sequence(x)
    if x.sorted_indices is not None:
        output = output.index_select(1, x.sorted_indices)
        lengths = lengths[x.sorted_indices.cpu()]
    data = pack_padded_sequence(output, lengths).data
    return PackedSequence(data, x.batch_sizes, x.sorted_indices, x.unsorted_indices)
