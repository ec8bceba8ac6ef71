"""Which labels may follow one another, as in names of entities: B-PER, I-PER, O.

Comes in: the names of labels. Goes out: masks. Imports torch and errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from recurry.errors import DataError, unknown_name

_MOST_LABELS = 2000  # every pair of them is looked at
_LETTERS = {"bio": "BIO", "bioes": "BIOES"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Transitions:
    """Rules for sequences of labels.

    Args:
        between: Whether the label of a row may be followed by that of a column, (K, K).
        first: Whether a sequence may begin with a label, (K,).
        last: Whether it may end with one, (K,).
    """

    between: Bool[Tensor, "K K"]
    first: Bool[Tensor, "K"]
    last: Bool[Tensor, "K"]

    @classmethod
    def of_spans(cls, labels: Sequence[str], scheme: str = "bio") -> "Transitions":
        """The rules for labels that mark spans: `O`, or a letter, a hyphen and a kind.

        In `bio` a span is `B-x I-x ...`; in `bioes` it is `B-x I-x ... E-x`, or `S-x` alone.

        Raises:
            DataError: A label that the scheme does not have, or more than 2,000 labels.
            UsageError: There is no such scheme.

        Example:
            >>> rules = Transitions.of_spans(["O", "B-PER", "I-PER"])
            >>> rules.between[0].tolist(), rules.first.tolist()
            ([True, True, False], [True, True, False])
        """
        if scheme not in _LETTERS:
            raise unknown_name("scheme of labels", scheme, known=tuple(_LETTERS))
        if len(labels) > _MOST_LABELS:
            raise DataError(
                "There are too many labels of spans.",
                got=f"{len(labels):,} labels",
                accepted=f"at most {_MOST_LABELS:,}",
            )
        parts = [_split(label, scheme) for label in labels]
        between = [[_may_follow(one, other, scheme) for other in parts] for one in parts]
        outside = ("O", "")
        return cls(
            between=torch.tensor(between, dtype=torch.bool).view(len(parts), len(parts)),
            first=torch.tensor(
                [_may_follow(outside, part, scheme) for part in parts], dtype=torch.bool
            ),
            last=torch.tensor(
                [_may_follow(part, outside, scheme) for part in parts], dtype=torch.bool
            ),
        )

    def forbid(
        self, transitions: Float[Tensor, "K K"], first: Float[Tensor, "K"], last: Float[Tensor, "K"]
    ) -> tuple[Float[Tensor, "K K"], Float[Tensor, "K"], Float[Tensor, "K"]]:
        """Scores with minus infinity for what is not allowed."""
        masks = (self.between, self.first, self.last)
        one, two, three = (
            value.masked_fill(~mask.to(value.device), -torch.inf)
            for value, mask in zip((transitions, first, last), masks, strict=True)
        )
        return one, two, three


def _split(label: str, scheme: str) -> tuple[str, str]:
    """The letter and the kind of a label."""
    letter, _, kind = label.partition("-")
    if letter not in _LETTERS[scheme] or len(letter) != 1 or (letter == "O") == bool(kind):
        raise DataError(
            f"A label does not mark a span in the way of {scheme.upper()}.",
            got=repr(label),
            accepted="O, or " + ", ".join(f"{c}-KIND" for c in _LETTERS[scheme] if c != "O"),
        )
    return letter, kind


def _may_follow(one: tuple[str, str], other: tuple[str, str], scheme: str) -> bool:
    """Whether a label may come after another one."""
    is_open = one[0] in ("BI" if scheme == "bioes" else "")  # a span that must go on
    goes_on = other[0] in "IE"
    if goes_on:
        return one[0] in "BI" and one[1] == other[1]
    return not is_open
