"""One label a step: the head of taggers, with or without a chain over labels.

Comes in: the output of recurrent layers `(T, B, F)`. Goes out: scores, loss, labels.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from recurry.errors import ShapeError
from recurry.network.checks import check_ids, check_sizes
from recurry.network.crf import Chain, best_path
from recurry.network.padding import PADDING, Steps
from recurry.network.transitions import Transitions


class Aligned(nn.Module):
    """A label for every step.

    Args:
        size: Size F of what comes in at a step.
        num_labels: Number K of labels.
        crf: Whether labels are scored as a sequence (a conditional random field), not alone.
        allowed: Which labels may follow one another; only such sequences come out of `decode`. The
            loss does not know of it, so that labels which break the rules can be learnt from.
        dtype: Of the parameters.

    Raises:
        ShapeError: A size below 1, or rules for another number of labels.

    Example:
        >>> head = Aligned(8, 3, crf=True)
        >>> output, labels = torch.randn(5, 2, 8), torch.randint(3, (5, 2))
        >>> nats, count = head.loss(output, labels, [5, 3])
        >>> count, head.decode(output, [5, 3])[3:, 1].tolist()
        (8, [-1, -1])
    """

    def __init__(
        self,
        size: int,
        num_labels: int,
        *,
        crf: bool = False,
        allowed: Transitions | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        check_sizes({"size": size, "num_labels": num_labels})
        if allowed is not None and len(allowed.first) != num_labels:
            raise ShapeError(
                "The rules for labels are made for another number of labels.",
                got=str(len(allowed.first)),
                accepted=str(num_labels),
            )
        self.size, self.num_labels, self.allowed = size, num_labels, allowed
        self.linear = nn.Linear(size, num_labels, dtype=dtype)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.chain = Chain(num_labels, dtype=dtype) if crf else None

    def forward(self, output: Float[Tensor, "T B F"]) -> Float[Tensor, "T B K"]:
        """A score for every label at every step."""
        return self.linear(output)

    def loss(
        self,
        output: Float[Tensor, "T B F"],
        labels: Int64[Tensor, "T B"],
        lengths: Sequence[int] | None = None,
    ) -> tuple[Float[Tensor, ""], int]:
        """The loss summed over all real steps, in nats, and their number.

        Args:
            output: What comes in.
            labels: From 0 to K - 1; anything in padding.
            lengths: Number of real steps of each sequence; all T when not given.

        Raises:
            ShapeError: Lengths or labels do not fit.
        """
        steps = Steps.of(output, lengths)
        scores, known = self.linear(steps.pick(output)), steps.pick(labels)
        check_ids("labels", known, self.num_labels)
        if self.chain is None:
            return functional.cross_entropy(scores, known, reduction="sum"), steps.count
        if not steps.count:
            return scores.sum(), 0
        found = self.chain.log_likelihood(steps.spread(scores), labels, steps)
        return -found.sum(), steps.count

    def decode(
        self, output: Float[Tensor, "T B F"], lengths: Sequence[int] | None = None
    ) -> Int64[Tensor, "T B"]:
        """The best labels, as a sequence where there is a chain or a rule; -1 in padding."""
        steps = Steps.of(output, lengths)
        with torch.no_grad():
            scores = self.linear(steps.pick(output))
            if self.chain is None and self.allowed is None:
                return steps.spread(scores.argmax(1), PADDING)
            return best_path(steps.spread(scores), *self._moves(scores), steps)

    def _moves(self, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of pairs, of first and of last labels; minus infinity for what is not allowed."""
        if self.chain is None:
            zeros = like.new_zeros(self.num_labels)
            moves = (zeros.expand(self.num_labels, -1), zeros, zeros)
        else:
            moves = (self.chain.transitions, self.chain.first, self.chain.last)
        return moves if self.allowed is None else self.allowed.forbid(*moves)

    def probabilities(
        self, output: Float[Tensor, "T B F"], lengths: Sequence[int] | None = None
    ) -> Float[Tensor, "T B K"]:
        """The probability of each label at each step, over all sequences of labels where there is a
        chain; zero in padding."""
        steps = Steps.of(output, lengths)
        with torch.no_grad():
            scores = self.linear(steps.pick(output))
            if self.chain is None or not steps.count:
                return steps.spread(scores.softmax(1))
            return self.chain.marginals(steps.spread(scores), steps)
