"""One answer a sequence: a class, a rating or a number.

Comes in: the output of recurrent layers `(T, B, F)`. Goes out: scores, loss, answers.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn
from torch.nn import functional

from recurry.errors import ShapeError, UsageError, unknown_name
from recurry.network.checks import check_ids, check_sizes
from recurry.network.dropout import drop
from recurry.network.pooling import Pooling
from recurry.network.rating import Thresholds

KINDS = ("class", "rating", "number")


class Pooled(nn.Module):
    """A class, a rating or a number for every sequence.

    Args:
        size: Size F of what comes in at a step, or of a vector where there is no time.
        num_outputs: Number K of classes or of steps of a rating; 1 for a number.
        pooling: How a sequence becomes one vector: see `Pooling`.
        kind: `class` (softmax, cross-entropy), `rating` (classes in order: proportional odds) or
            `number` (squared error).
        num_directions: Number of directions, in equal shares of F; `last` needs to know.
        dropout: Rate on the vector, in training.
        dtype: Of the parameters.

    Raises:
        UsageError: Unknown pooling or kind; a number with more than one output.
        ShapeError: A size that does not fit; a rating of one class.

    Example:
        >>> head = Pooled(8, 5, pooling="max", kind="rating")
        >>> output, stars = torch.randn(7, 2, 8), torch.tensor([0, 4])
        >>> nats, count = head.loss(output, stars, [7, 3])
        >>> count, head.probabilities(output, [7, 3]).shape
        (2.0, torch.Size([2, 5]))
    """

    def __init__(
        self,
        size: int,
        num_outputs: int,
        *,
        pooling: str = "last",
        kind: str = "class",
        num_directions: int = 1,
        dropout: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        check_sizes({"num_outputs": num_outputs})
        _check_kind(kind, num_outputs)
        self.pool = Pooling(size, pooling, num_directions=num_directions, dtype=dtype)
        self.num_outputs, self.kind, self.dropout = num_outputs, kind, dropout
        num_scores = num_outputs if kind == "class" else 1
        self.linear = nn.Linear(self.pool.output_size, num_scores, dtype=dtype)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.thresholds = Thresholds(num_outputs, dtype=dtype) if kind == "rating" else None

    def forward(
        self, output: Float[Tensor, "T B F"], lengths: Sequence[int] | None = None
    ) -> Float[Tensor, "B *K"]:
        """What the answer is made of.

        Returns:
            For `class` the logits (B, K), for `rating` the log-probabilities (B, K), for `number`
            the numbers (B,).
        """
        vectors = self.pool(output, lengths)
        if self.training and self.dropout:
            vectors = drop(vectors.unsqueeze(0), self.dropout).squeeze(0)
        scores = self.linear(vectors)
        if self.kind == "class":
            return scores
        return scores[:, 0] if self.thresholds is None else self.thresholds(scores[:, 0])

    def loss(
        self,
        output: Float[Tensor, "T B F"],
        targets: Shaped[Tensor, "B"],
        lengths: Sequence[int] | None = None,
        *,
        weights: Float[Tensor, "K"] | None = None,
    ) -> tuple[Float[Tensor, ""], float]:
        """The loss summed over the sequences, and their number.

        Args:
            output: What comes in.
            targets: Classes from 0 to K - 1, or numbers.
            lengths: Number of real steps of each sequence; all T when not given.
            weights: How much a sequence of each class counts, 1 each when not given; then the
                second answer is the sum of the weights.

        Returns:
            Nats, or the squared error of a number; and what to divide it by.

        Raises:
            ShapeError: Lengths or targets do not fit.
            UsageError: Weights of classes for numbers.
        """
        scores = self(output, lengths)
        if self.kind == "number":
            if weights is not None:
                raise UsageError("Numbers have no classes that could have weights.")
            squares = functional.mse_loss(scores, targets.to(scores.dtype), reduction="sum")
            return squares, float(len(scores))
        check_ids("targets", targets, self.num_outputs)
        logs = scores.log_softmax(1) if self.kind == "class" else scores
        nats = functional.nll_loss(logs, targets, weight=weights, reduction="sum")
        return nats, float(len(scores) if weights is None else weights[targets].sum())

    def probabilities(
        self, output: Float[Tensor, "T B F"], lengths: Sequence[int] | None = None
    ) -> Float[Tensor, "B K"]:
        """The probability of every class.

        Raises:
            UsageError: The head answers with a number.
        """
        if self.kind == "number":
            raise UsageError("A number has no probabilities.", hint="forward gives the number")
        with torch.no_grad():
            return self(output, lengths).softmax(1)

    def decode(
        self, output: Float[Tensor, "T B F"], lengths: Sequence[int] | None = None
    ) -> Shaped[Tensor, "B"]:
        """The most probable class of each sequence, or its number.

        A rating is the class where the probability of all up to it reaches a half: the answer with
        the least expected error in steps.
        """
        with torch.no_grad():
            found = self(output, lengths)
            if self.kind == "number":
                return found
            return found.argmax(1) if self.kind == "class" else median_class(found)


def median_class(logs: Float[Tensor, "B K"]) -> Int64[Tensor, "B"]:
    """The first class where the probability of all up to it reaches a half."""
    return (logs.exp().cumsum(1)[:, :-1] < 0.5).sum(1)


def _check_kind(kind: str, num_outputs: int) -> None:
    if kind not in KINDS:
        raise unknown_name("kind of answer", kind, known=KINDS)
    if kind == "number" and num_outputs != 1:
        raise UsageError("A head for a number has one output.", got=str(num_outputs), accepted="1")
    if kind == "rating" and num_outputs < 2:
        raise ShapeError("A rating needs two classes.", got=str(num_outputs), accepted="at least 2")
