"""Rows with a text and a label, from tables, JSON lines, files and folders.

Comes in: paths. Goes out: rows, each with the place that it came from, and a count of what was
left out.
"""

import gzip
import hashlib
import json
import os
import shlex
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, NamedTuple, TypeVar

from recurry.data.rows import as_lines, delimited_rows, json_objects
from recurry.errors import DataError, nearest

Layout = Literal["auto", "csv", "tsv", "jsonl", "label-first", "files", "folders"]
STDIN = "-"
_ENDINGS: dict[str, Layout] = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl"}
Kind = TypeVar("Kind")
_PACKED = ".gz"


class Row(NamedTuple):
    """One record as it stands in a file."""

    text: str
    label: str | None
    place: str


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where text and label stand in a table.

    Attributes:
        text: The column, or key, of the text.
        label: That of the label; None where there are no labels to read.
        has_numbers: Whether the text of a JSON line may be a list of numbers, which is handed on
            as it is written.
    """

    text: str = "text"
    label: str | None = "label"
    has_numbers: bool = False


@dataclass(frozen=True, kw_only=True)
class Rows(Generic[Kind]):
    """The rows of some files, or whatever they hold.

    Attributes:
        rows: Those that can be used.
        sha256: Hash of the files' bytes.
        notes: What was left out, in plain sentences.
    """

    rows: list[Kind]
    sha256: str
    notes: tuple[str, ...] = ()


def read_rows(
    paths: Sequence[str], *, layout: Layout = "auto", columns: Columns, encoding: str = "utf-8"
) -> Rows[Row]:
    """Read labelled rows; those without a label are left out and counted.

    Args:
        paths: Files, or a folder: of a file a class, or of a folder a class.
        layout: How they are to be read; "auto" goes by their endings.
        columns: Of a table, which column is what.
        encoding: Of the bytes of the files.

    Raises:
        DataError: A file is missing, empty, in another encoding or broken (with its line), a
            column is not there (with those that are), or no row has a label.
    """
    files = Files(encoding)
    rows = list(_labelled(files, paths, layout=find_layout(paths, layout), columns=columns))
    kept = [row for row in rows if row.label]
    missing = [row for row in rows if not row.label]
    if not kept:
        raise DataError(
            "There is no row with a label.",
            where=", ".join(paths[:3]),
            got=f"{len(rows):,} rows" + (f", the first at {rows[0].place}" if rows else ""),
            accepted="at least one row with a text and a label",
        )
    notes = ()
    if missing:
        places = ", ".join(row.place for row in missing[:3])
        more = ", ..." if len(missing) > 3 else ""
        notes = (f"{len(missing):,} rows without a label are left out: {places}{more}",)
    return Rows(rows=kept, sha256=files.sha256, notes=notes)


def find_layout(paths: Sequence[str], layout: Layout = "auto") -> Layout:
    """How paths are to be read: by their endings, unless it is said.

    Raises:
        DataError: There is no path, or the endings do not say it.
    """
    if not paths:
        raise DataError(
            "There are no records to learn from.",
            hint="recurry train classify FILE --text-column TEXT --label-column LABEL",
        )
    if layout != "auto":
        return layout
    if len(paths) == 1 and os.path.isdir(paths[0]):
        inside = [entry for entry in os.scandir(paths[0]) if not entry.name.startswith(".")]
        return "folders" if any(entry.is_dir() for entry in inside) else "files"
    found: set[Layout] = {ending_layout(path) or "files" for path in paths}
    if len(found) == 1 and (len(paths) > 1 or "files" not in found):
        return found.pop()
    raise DataError(
        "The names of the files do not say how they are to be read.",
        where=", ".join(paths[:5]),
        accepted="files that end in .csv, .tsv or .jsonl, several files with a class each, "
        "or a folder",
        hint="--set data.layout=csv, tsv, jsonl, label-first, files or folders",
    )


def ending_layout(path: str) -> Layout | None:
    """How a file is to be read by the ending of its name; None where that does not say."""
    return _ENDINGS.get(Path(path.removesuffix(_PACKED)).suffix.lower())


def table_rows(text: str, *, layout: Layout, columns: Columns, name: str) -> Iterator[Row]:
    """The rows of a table or of JSON lines.

    Raises:
        DataError: As for `read_rows`.
    """
    if layout == "jsonl":
        yield from _json_rows(text, columns, name)
    elif layout == "label-first":
        yield from _label_first(text, name)
    else:
        yield from _column_rows(
            text, columns, name=name, separator="," if layout == "csv" else "\t"
        )


class Files:
    """Reads files and remembers the sum of all that was read."""

    def __init__(self, encoding: str) -> None:
        self._encoding, self._digest = encoding, hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The sum, in hexadecimal digits."""
        return self._digest.hexdigest()

    def read(self, path: str) -> str:
        """The text of a file.

        Raises:
            DataError: It cannot be read, is empty, or in another encoding (with the line).
        """
        raw = read_bytes(path)
        if not raw.strip():
            raise DataError("The file is empty.", where=path, hint="name a file with records")
        self._digest.update(raw)
        return decode(raw, self._encoding, path)


def read_bytes(path: str) -> bytes:
    """The bytes of a file, unpacked where its name ends in .gz; "-" is standard input.

    Raises:
        DataError: It cannot be read.
    """
    try:
        raw = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        raw = gzip.decompress(raw) if path.endswith(_PACKED) else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError("The file is no whole gzip file.", where=path, got=str(error)) from error
    except (OSError, ValueError) as error:
        is_missing, is_folder = (
            isinstance(error, kind) for kind in (FileNotFoundError, IsADirectoryError)
        )
        raise DataError(
            "There is no such file." if is_missing else "The file cannot be read.",
            where=path,
            got=None if is_missing else getattr(error, "strerror", None) or str(error),
            hint="name the files in it"
            if is_folder
            else "check the spelling and the current folder: " + os.getcwd(),
        ) from error
    return raw


def decode(
    raw: bytes,
    encoding: str,
    name: str,
    *,
    first_line: int = 1,
    option: str = "--set data.encoding=",
) -> str:
    """The text of a file's bytes, without a byte order mark.

    Args:
        raw: The bytes.
        encoding: What they are said to be in.
        name: What the file is called.
        first_line: The number of their first line.
        option: How a user says it, up to its name.

    Raises:
        DataError: They are of another encoding (with the line), or there is no such encoding.
    """
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + first_line
        raise DataError(
            f"The file is not in the encoding {encoding}.",
            where=f"{name}:{line}",
            got=" ".join(f"0x{byte:02X}" for byte in raw[error.start : error.start + 4]),
            hint=f"{option}latin-1, or convert the file to UTF-8",
        ) from error
    except LookupError as error:
        raise DataError(
            f"There is no encoding {encoding!r}.", hint=f"{option}utf-8, or latin-1"
        ) from error


def _labelled(
    files: Files, paths: Sequence[str], *, layout: Layout, columns: Columns
) -> Iterator[Row]:
    if layout == "folders":
        for root in paths:
            yield from _folder_rows(files, root)
    elif layout == "files":
        yield from _file_rows(files, paths)
    else:
        for path in paths:
            yield from table_rows(files.read(path), layout=layout, columns=columns, name=path)


def _column_rows(text: str, columns: Columns, *, name: str, separator: str) -> Iterator[Row]:
    rows = delimited_rows(text, separator, name)
    _, titles = next(rows, (1, []))
    header = [title.strip() for title in titles]
    _check_columns(columns, header, name)
    at = header.index(columns.text)
    label_at = header.index(columns.label) if columns.label is not None else None
    for line, row in rows:
        if not any(row):
            continue
        if len(row) != len(header):
            raise DataError(
                "A row has more or fewer fields than the header.",
                where=f"{name}:{line}",
                got=f"{len(row)} fields",
                accepted=f"{len(header)}: {', '.join(header)}",
                hint='in CSV a text with a comma or a line break stands in "quotes"',
            )
        label = None if label_at is None else row[label_at].strip()
        yield Row(row[at], label, f"{name}:{line}")


def _check_columns(columns: Columns, header: Sequence[str], name: str) -> None:
    """All columns that are asked for are there; those that are can be no other one."""
    free = [title for title in header if title not in (columns.text, columns.label)]
    for kind, asked in (("text", columns.text), ("label", columns.label)):
        if asked is not None and asked not in header:
            close = " or ".join(map(shlex.quote, nearest(asked, free)))
            raise DataError(
                f"There is no column {asked!r}.",
                where=name,
                got=f"the columns {', '.join(repr(title) for title in header[:20])}",
                accepted=f"the column of the {kind}",
                hint=f"--{kind}-column {close or 'NAME'}",
            )


def _json_rows(text: str, columns: Columns, name: str) -> Iterator[Row]:
    is_first = True
    for number, record in json_objects(text, name, keys=(columns.text,)):
        place = f"{name}:{number}"
        if is_first:  # a label may be lacking further down
            _check_columns(columns, list(record), place)
        is_first = False
        value, label = record[columns.text], None
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            value = as_lines(value)
        if isinstance(value, list) and columns.has_numbers:
            value = json.dumps(value)
        if not isinstance(value, str):
            raise DataError(
                "A text is no string.",
                where=place,
                got=json.dumps(value)[:80],
                accepted=f"a string, or a list of strings, as the value of {columns.text!r}",
                hint="--text-column NAME, if the texts are those of another key",
            )
        if columns.label is not None:
            found = record.get(columns.label)
            label = found if isinstance(found, str) or found is None else json.dumps(found)
        yield Row(value, label, place)


def _label_first(text: str, name: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        label, _, rest = line.strip().partition(" ")
        if label:
            yield Row(rest, label, f"{name}:{number}")


def _file_rows(files: Files, paths: Sequence[str]) -> Iterator[Row]:
    """A file a class, a line a record."""
    found: list[Path] = []
    for path in paths:
        found += _visible(Path(path)) if os.path.isdir(path) else [Path(path)]
    for path, label in zip(found, class_names(found), strict=True):
        for number, line in enumerate(files.read(str(path)).split("\n"), start=1):
            if line.strip():
                yield Row(line.strip(), label, f"{path}:{number}")


def class_names(paths: Sequence[Path]) -> list[str]:
    """What the names of files say of their class: the part that differs, stem or ending."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    endings = [path.suffix.removeprefix(".") for path in paths]
    return endings if len(set(endings)) == len(endings) else [path.name for path in paths]


def _folder_rows(files: Files, root: str) -> Iterator[Row]:
    """A folder a class, a file a record."""
    if not os.path.isdir(root):
        raise DataError("There is no such folder.", where=root, accepted="a folder of folders")
    for folder in _visible(Path(root)):
        if folder.is_dir():
            for path in _visible(folder):
                yield Row(files.read(str(path)).strip(), folder.name, str(path))


def _visible(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
