"""The parts of a data set of records: to learn from, to choose by, to score at the end.

Comes in: settings, and what reads files. Goes out: the records of each part.
"""

from collections.abc import Callable, Hashable

import numpy as np

from recurry.data.record_configuration import HeldOutConfig
from recurry.data.records import Kind, Rows
from recurry.data.split import split_groups


def read_parts(
    data: HeldOutConfig,
    read: Callable[[tuple[str, ...]], Rows[Kind]],
    *,
    group: Callable[[Kind], Hashable] | None = None,
) -> tuple[dict[str, list[Kind]], str, list[str]]:
    """The records of each part, the sum of all files, and what is worth knowing.

    Args:
        data: The files, and what is held out: a share of them, or files of its own.
        read: What reads files.
        group: The group of a record, whose records are held out together; each is its own where
            this is not given.

    Raises:
        DataError: What `read` raises, or a part would be empty.
    """
    rows = read(data.paths)
    parts, notes, sums = {}, list(rows.notes), [rows.sha256]
    shares = {"validation": data.validation, "test": data.test or 0.0}
    shares = {part: x if isinstance(x, float) else 0.0 for part, x in shares.items()}
    groups = range(len(rows.rows)) if group is None else [group(row) for row in rows.rows]
    called = "records" if group is None else "different texts"
    split = split_groups(groups, **shares, seed=data.split_seed, called=called)
    for part, members in split.items():
        source = getattr(data, part, None)
        if isinstance(source, str | tuple):
            held_out = read((source,) if isinstance(source, str) else source)
            parts[part] = held_out.rows
            notes += held_out.notes
            sums.append(held_out.sha256)
        elif part != "test" or source:
            parts[part] = [rows.rows[number] for number in members]
    parts["train"] = _draw(parts["train"], data.limit, seed=data.split_seed)
    return parts, "-".join(sums) if len(sums) > 1 else sums[0], notes


def _draw(rows: list[Kind], limit: int | None, *, seed: int) -> list[Kind]:
    """So many of the rows, in their order."""
    if limit is None or limit >= len(rows):
        return rows
    # Not the draw that parted the data, whose beginning this would repeat.
    chosen = np.random.default_rng((seed, limit)).choice(len(rows), size=limit, replace=False)
    return [rows[number] for number in np.sort(chosen).tolist()]
