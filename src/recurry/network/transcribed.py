"""A shorter sequence without alignment: the head of speech and of nanopore reads.

Comes in: the output of recurrent layers `(T, B, F)`. Goes out: log-probabilities of labels and of
a blank at each step, loss, label sequences.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from recurry.network.checks import check_ids, check_lengths, check_sizes
from recurry.network.ctc import BLANK, ctc_losses, fits
from recurry.network.padding import PADDING, Steps
from recurry.network.prefix_beam import Transcription, prefix_beam


class Transcribed(nn.Module):
    """Label sequences that are shorter than what they are heard in.

    At each step there is a label or a blank (label 0). Repeats are merged, then blanks taken out.

    Args:
        size: Size F of what comes in at a step.
        num_labels: Number K of labels, the blank included.
        dtype: Of the parameters.

    Raises:
        ShapeError: A size below 1.

    Example:
        >>> head = Transcribed(8, 5)
        >>> output, labels = torch.randn(9, 2, 8), torch.randint(1, 5, (3, 2))
        >>> nats, count = head.loss(output, labels, lengths=[9, 6], label_lengths=[3, 2])
        >>> count, len(head.decode(output, [9, 6]))
        (5, 2)
    """

    def __init__(self, size: int, num_labels: int, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        check_sizes({"size": size, "num_labels": num_labels})
        self.size, self.num_labels = size, num_labels
        self.linear = nn.Linear(size, num_labels, dtype=dtype)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, output: Float[Tensor, "T B F"]) -> Float[Tensor, "T B K"]:
        """The log-probability of every label at every step."""
        return self.linear(output).log_softmax(2)

    def loss(
        self,
        output: Float[Tensor, "T B F"],
        labels: Int64[Tensor, "U B"],
        *,
        lengths: Sequence[int] | None = None,
        label_lengths: Sequence[int] | None = None,
    ) -> tuple[Float[Tensor, ""], int]:
        """The loss summed over sequences, in nats, and the number of labels in them.

        Sequences whose labels do not fit into their steps are in neither; `fits` names them.

        Args:
            output: What comes in.
            labels: From 1 to K - 1; anything in padding.
            lengths: Number of real steps of each sequence; all T when not given.
            label_lengths: Number of labels of each; all U when not given.

        Raises:
            ShapeError: Lengths or labels do not fit.
        """
        steps, known = Steps.of(output, lengths), Steps.of(labels, label_lengths)
        check_ids("labels, less the blank,", known.pick(labels) - 1, self.num_labels - 1)
        is_fitting = fits(labels, steps.lengths, known.lengths)
        logs = self._logs(output, steps)
        losses = ctc_losses(logs, labels, steps, known.lengths)
        count = sum(n for n, is_in in zip(known.lengths, is_fitting, strict=True) if is_in)
        return losses[is_fitting.to(losses.device)].sum(), count

    def _logs(self, output: Tensor, steps: Steps) -> Tensor:
        return steps.spread(self.linear(steps.pick(output)).log_softmax(1))

    def decode(
        self, output: Float[Tensor, "T B F"], lengths: Sequence[int] | None = None
    ) -> list[list[int]]:
        """The labels of the most probable path of each sequence."""
        steps = Steps.of(output, lengths)
        with torch.no_grad():
            paths = steps.spread(self.linear(steps.pick(output)).argmax(1), PADDING)
        before = paths.roll(1, 0)
        before[:1] = BLANK
        is_new = (paths != before) & (paths > BLANK)
        return [path[keep].tolist() for path, keep in zip(paths.t(), is_new.t(), strict=True)]

    def decode_best(
        self,
        output: Float[Tensor, "T B F"],
        lengths: Sequence[int] | None = None,
        *,
        width: int = 10,
    ) -> list[list[Transcription]]:
        """The most probable label sequences, each the sum of its paths, best first.

        Args:
            output: What comes in.
            lengths: Number of real steps of each sequence; all T when not given.
            width: Number of beginnings that are kept at each step.
        """
        check_sizes({"width": width})
        found = check_lengths(lengths, num_steps=output.shape[0], batch_size=output.shape[1])
        with torch.no_grad():
            logs = self(output).double().cpu().numpy()
        counts = found or (len(logs),) * logs.shape[1]
        return [prefix_beam(logs[:n, stream], width=width) for stream, n in enumerate(counts)]
