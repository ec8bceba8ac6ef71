"""How surprising texts are that should be written: of tasks that write.

Comes in: a mean loss. Goes out: a record of numbers.
"""

from dataclasses import dataclass

from recurry.tasks.scoring import perplexity_of


@dataclass(frozen=True, kw_only=True)
class WrittenLoss:
    """How surprising right answers are.

    Attributes:
        loss_nats: Nats a symbol of the answer, its end included; of several right answers the
            first one counts.
        perplexity: exp(loss_nats).
        num_symbols: Those symbols.
        num_records: Texts.
    """

    loss_nats: float
    perplexity: float
    num_symbols: int
    num_records: int

    @classmethod
    def of(cls, mean: float, count: float, *, num_records: int) -> "WrittenLoss":
        """The record of a mean loss.

        Args:
            mean: In nats a symbol.
            count: The symbols.
            num_records: The texts.
        """
        return cls(
            loss_nats=mean,
            perplexity=perplexity_of(mean),
            num_symbols=int(count),
            num_records=num_records,
        )

    @property
    def headline(self) -> str:
        """The perplexity."""
        return f"perplexity {self.perplexity:.4g}"
