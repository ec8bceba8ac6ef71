"""Texts with their counterparts, from parallel files, tables and JSON lines.

Comes in: paths. Goes out: pairs, each with its place, and a count of what was left out.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from recurry.data.parallel import line_pairs
from recurry.data.records import Files, Rows, ending_layout
from recurry.data.rows import as_lines, delimited_rows, json_objects
from recurry.errors import DataError, nearest

PairLayout = Literal["auto", "parallel", "tsv", "csv", "jsonl"]
AUTO = "auto"
_NAMES = ("source", "target")


class Counterparts(NamedTuple):
    """A text and what may be written for it.

    Attributes:
        source: The text; a line break stands between the sentences that a file has apart.
        targets: Its counterparts, at least one.
        place: File and line.
    """

    source: str
    targets: tuple[str, ...]
    place: str


@dataclass(frozen=True, kw_only=True)
class PairColumns:
    """Where both sides stand.

    Attributes:
        layout: As in `PairsConfig`, like the others.
        source: The column, or key, of the text.
        target: That of its counterpart.
    """

    layout: PairLayout = "auto"
    source: str = AUTO
    target: str = AUTO

    @property
    def both(self) -> tuple[str, str]:
        """The columns as they are asked for."""
        return self.source, self.target

    @property
    def names(self) -> tuple[str, str]:
        """The names of the columns where a file has names."""
        source, target = self.both
        return "source" if source == AUTO else source, "target" if target == AUTO else target

    def find_layout(self, paths: Sequence[str]) -> PairLayout:
        """How paths are to be read: by their endings, unless it is said.

        Raises:
            DataError: The endings do not say it.
        """
        if self.layout != "auto":
            return self.layout
        found = {ending_layout(path) for path in paths}
        if found == {None}:
            return "parallel" if len(paths) > 1 else "tsv"
        (layout, *others) = found
        if others or layout not in ("csv", "tsv", "jsonl"):
            raise DataError(
                "The names of the files do not say how they are to be read.",
                where=", ".join(paths[:5]),
                accepted="two files of equally many lines, or tables that end in .tsv, .csv or "
                ".jsonl",
                hint="--set data.layout=parallel, tsv, csv or jsonl",
            )
        return layout


def read_pairs(
    paths: Sequence[str], *, columns: PairColumns, encoding: str = "utf-8"
) -> Rows[Counterparts]:
    """The pairs of files; those of which a side is empty are left out and counted.

    Args:
        paths: Two files of equally many lines, the sources first; or tables.
        columns: How they are to be read.
        encoding: Of the files' bytes; one that ends in .gz is unpacked.

    Raises:
        DataError: A file is missing, empty, broken (with its line) or in another encoding, two
            files have not equally many lines, a column is not there, or no pair is left.
    """
    if not paths:
        raise DataError(
            "There are no texts to learn from.",
            hint="recurry train translate SOURCES TARGETS, two files of equally many lines",
        )
    files, layout = Files(encoding), columns.find_layout(paths)
    notes: list[str] = []
    if layout == "parallel":
        found = list(_parallel(files, paths))
    else:
        found = []
        for path in paths:
            text = files.read(path)
            if layout == "jsonl":
                found += _json_pairs(text, columns, path)
            else:
                found += _table_pairs(text, columns, name=path, is_csv=layout == "csv", notes=notes)
    kept, left = [], []
    for pair in found:
        (kept if pair.source.strip() and pair.targets else left).append(pair)
    if not kept:
        raise DataError(
            "There is no pair with text on both sides.",
            where=", ".join(paths[:3]),
            got=f"{len(found):,} pairs",
            accepted="at least one text with its counterpart",
        )
    if left:
        places = ", ".join(pair.place for pair in left[:3]) + (", ..." if len(left) > 3 else "")
        notes.append(f"{len(left):,} pairs with an empty side are left out: {places}")
    return Rows(rows=kept, sha256=files.sha256, notes=tuple(notes))


def read_sources(
    text: str, *, layout: str, columns: PairColumns, name: str
) -> tuple[list[str], tuple[str, ...]]:
    """The texts of a table whose counterparts nobody asks for, and what is worth knowing.

    Args:
        text: The table.
        layout: csv, tsv or jsonl.
        columns: Where the texts stand, as where pairs are read.
        name: What the table is called.

    Raises:
        DataError: A line is broken, or the column is not there.
    """
    if layout == "jsonl":
        key = columns.names[0]
        return [
            as_lines(_sources(row, key, f"{name}:{n}"))
            for n, row in json_objects(text, name, keys=(key,))
        ], ()
    found: list[str] = []
    notes: tuple[str, ...] = ()
    at: int | None = None
    for line, row in delimited_rows(text, "," if layout == "csv" else "\t", name):
        if at is None:
            at, is_header = _source_place(row, columns.source, name)
            if is_header:
                continue
            if columns.source == AUTO:
                notes = (
                    f"{name} has no line of names with source, so its first column is read from "
                    "its first line on",
                )
        if not any(row):
            continue
        if len(row) <= at:
            raise _too_few(row, f"{name}:{line}", least=at + 1, is_csv=layout == "csv")
        found.append(row[at])
    return found, notes


def gather(pairs: Sequence[Counterparts]) -> list[Counterparts]:
    """Pairs of the same text as one, with all counterparts, where the first of them stood."""
    found: dict[str, Counterparts] = {}
    for pair in pairs:
        first = found.get(pair.source)
        if first is not None:
            new = (target for target in pair.targets if target not in first.targets)
            pair = first._replace(targets=(*first.targets, *new))
        found[pair.source] = pair
    return list(found.values())


def same_source(pair: Counterparts) -> str:
    """Letters and digits of the text: pairs that share them belong into one part."""
    return "".join(c for c in pair.source.casefold() if c.isalnum()) or pair.source


def _parallel(files: Files, paths: Sequence[str]) -> Iterator[Counterparts]:
    if len(paths) != 2:
        raise DataError(
            "Parallel files come in twos.",
            got=f"{len(paths)}: {', '.join(paths[:5])}",
            accepted="the file of the sources and that of the targets",
            hint="train.en train.de, and for held-out parts --validation val.en,val.de",
        )
    source, target = (files.read(path) for path in paths)
    for pair in line_pairs(source, target, names=(paths[0], paths[1])):
        yield Counterparts(pair.source, _texts(pair.target), pair.place)


def _table_pairs(
    text: str, columns: PairColumns, *, name: str, is_csv: bool, notes: list[str]
) -> Iterator[Counterparts]:
    """The rows of a table, whose first line may be one of names."""
    places: tuple[int, int] | None = None
    for line, row in delimited_rows(text, "," if is_csv else "\t", name):
        if places is None:
            places, is_header = _places(row, columns, name)
            if is_header:
                continue
            if columns.both == (AUTO, AUTO):
                notes.append(
                    f"{name} has no line of names with {' and '.join(_NAMES)}, so its first two "
                    "columns are read from its first line on"
                )
        if not any(row):
            continue
        if len(row) <= max(places):
            raise _too_few(
                row,
                f"{name}:{line}",
                least=max(places) + 1,
                is_csv=is_csv,
                hint="--set data.layout says what a file is; parallel files are named in twos: "
                "train.en train.de --validation val.en,val.de",
            )
        yield Counterparts(row[places[0]], _texts(row[places[1]]), f"{name}:{line}")


def _places(row: Sequence[str], columns: PairColumns, name: str) -> tuple[tuple[int, int], bool]:
    """The columns of both sides, and whether the first row of a table is one of names."""
    header = [title.strip() for title in row]
    if columns.both == (AUTO, AUTO):
        named = all(title in header for title in _NAMES)
        return ((header.index("source"), header.index("target")) if named else (0, 1)), named
    if all(asked.isdigit() and int(asked) > 0 for asked in columns.both):
        return (int(columns.source) - 1, int(columns.target) - 1), False
    wanted = columns.names
    for side, asked in zip(_NAMES, wanted, strict=True):
        if asked not in header:
            raise _no_column(side, asked, header, name)
    return (header.index(wanted[0]), header.index(wanted[1])), True


def _source_place(row: Sequence[str], asked: str, name: str) -> tuple[int, bool]:
    """The column of the texts, and whether the first row of a table is one of names."""
    header = [title.strip() for title in row]
    if asked == AUTO:
        return (header.index("source"), True) if "source" in header else (0, False)
    if asked.isdigit() and int(asked) > 0 and asked not in header:
        return int(asked) - 1, False
    if asked not in header:
        raise _no_column("text", asked, header, name)
    return header.index(asked), True


def _sources(record: Mapping[str, Any], key: str, place: str) -> list[str]:
    if key not in record:
        raise _no_column("text", key, list(record), place)
    return _strings(record[key], key, place)


def _too_few(
    row: Sequence[str], place: str, *, least: int, is_csv: bool, hint: str | None = None
) -> DataError:
    return DataError(
        "A row has too few columns.",
        where=place,
        got=f"{len(row)}: {', '.join(row)[:80]!r}",
        accepted=f"at least {least}, between " + ("commas" if is_csv else "tabs"),
        hint=hint,
    )


def _json_pairs(text: str, columns: PairColumns, name: str) -> Iterator[Counterparts]:
    keys = columns.names
    for number, record in json_objects(text, name, keys=keys):
        place = f"{name}:{number}"
        for side, key in zip(_NAMES, keys, strict=True):
            if key not in record:
                raise _no_column(side, key, list(record), place)
        source, target = (_strings(record[key], key, place) for key in keys)
        yield Counterparts(as_lines(source), _texts(*target), place)


def _strings(value: Any, key: str, place: str) -> list[str]:
    """A text, or a list of them."""
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) for part in found):
        raise DataError(
            f"What stands under {key!r} is no text.",
            where=place,
            got=json.dumps(value)[:80],
            accepted="a string or a list of strings",
        )
    return found


def _texts(*targets: str) -> tuple[str, ...]:
    """Counterparts with single spaces, without empty ones."""
    return tuple(text for text in (" ".join(target.split()) for target in targets) if text)


def _no_column(side: str, asked: str, header: Sequence[str], name: str) -> DataError:
    close = nearest(asked, header)
    name_of = shlex.quote(close[0]) if close else "NAME"
    return DataError(
        f"There is no column {asked!r}.",
        where=name,
        got=f"the columns {', '.join(repr(title[:40]) for title in header[:20])}",
        accepted=f"the column of the {side}",
        hint=f"--{side}-column {name_of}, or its number from 1 in a table without a line of names",
    )
