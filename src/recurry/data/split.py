"""Which records are held out: a share, drawn by a seed, or those of other files.

Comes in: the number of records. Goes out: the numbers of those of each part.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from recurry.errors import DataError


def split_records(
    num_records: int, *, validation: float, test: float, seed: int, called: str = "records"
) -> dict[str, np.ndarray]:
    """The records of each part, in the order of the data.

    Args:
        num_records: How many there are.
        validation: The share to choose by.
        test: The share to score at the end.
        seed: Governs which.
        called: What they are, in errors.

    Raises:
        DataError: No record is left to learn from, or a share gives no record.
    """
    order = np.random.default_rng([seed, num_records]).permutation(num_records)
    sizes = {"validation": round(num_records * validation), "test": round(num_records * test)}
    asked = {"validation": validation, "test": test}
    first, second = sizes["test"], sizes["test"] + sizes["validation"]
    parts = {"test": order[:first], "validation": order[first:second], "train": order[second:]}
    empty = [part for part, share in asked.items() if share > 0 and not sizes[part]]
    if empty or not len(parts["train"]):
        raise DataError(
            f"There are too few {called} to hold some of them out.",
            got=f"{num_records:,} {called}: "
            + ", ".join(f"{len(members):,} for {part}" for part, members in parts.items()),
            accepted="at least one in each part",
            hint=f"more {called}, or other shares for data.validation and data.test",
        )
    return {part: np.sort(members) for part, members in parts.items()}


def split_groups(
    groups: Sequence[Hashable],
    *,
    validation: float,
    test: float,
    seed: int,
    called: str = "records",
) -> dict[str, np.ndarray]:
    """The same where records of one group stay together; the shares are shares of the groups.

    Args:
        groups: The group of each record.
        validation: The share to choose by.
        test: The share to score at the end.
        seed: Governs which.
        called: What the groups are, in errors.

    Raises:
        DataError: As for `split_records`, of groups.
    """
    numbers: dict[Hashable, int] = {}
    owners = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
    parts = split_records(len(numbers), validation=validation, test=test, seed=seed, called=called)
    return {part: np.flatnonzero(np.isin(owners, members)) for part, members in parts.items()}
