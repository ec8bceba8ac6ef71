"""The header of a `.safetensors` file from a stranger, checked before anything is allocated.

Comes in: an open file. Goes out: names, shapes and the metadata, or an error that says what is
wrong. May import: errors, bounded_json.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

from recurry.artefact.bounded_json import parse_bounded

MAX_HEADER_BYTES = 32 * 2**20
MAX_TENSORS = 10_000
MAX_DIMENSIONS = 4
ITEM_BYTES = {"F64": 8, "F32": 4}


class HeaderError(Exception):
    """What is wrong with a header, in one phrase."""


@dataclass(frozen=True, kw_only=True)
class RawHeader:
    """A header as it stands in its file: JSON of the right kind, and nothing else is known.

    Attributes:
        metadata: Text by key.
        entries: What is said of each tensor, by its name.
        num_header_bytes: Size of everything before the first tensor.
        num_bytes: Size of the whole file.
    """

    metadata: Mapping[str, str]
    entries: Mapping[str, Any]
    num_header_bytes: int
    num_bytes: int


@dataclass(frozen=True, kw_only=True)
class TensorHeader:
    """A header that is known to describe its file exactly.

    Attributes:
        shapes: Shape by tensor name.
        kinds: Number format by tensor name, a key of ITEM_BYTES.
        num_bytes: Size of the whole file.
    """

    shapes: Mapping[str, tuple[int, ...]]
    kinds: Mapping[str, str]
    num_bytes: int


def read_header(file: BinaryIO) -> RawHeader:
    """Read the header of an open file; reads no tensor.

    Raises:
        HeaderError: The header is longer than the file, too large or no proper JSON.
    """
    num_bytes = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if num_bytes < 8 or length > num_bytes - 8:
        raise HeaderError("it is shorter than its header says")
    if length > MAX_HEADER_BYTES:
        raise HeaderError(f"its header has {length:,} bytes; at most {MAX_HEADER_BYTES:,} are read")
    header = _parse(file.read(length))
    metadata = _metadata(header.pop("__metadata__", {}))
    return RawHeader(
        metadata=metadata, entries=header, num_header_bytes=8 + length, num_bytes=num_bytes
    )


def check_tensors(header: RawHeader) -> TensorHeader:
    """Make sure that a header describes the tensors of its file exactly.

    Raises:
        HeaderError: The file is shorter or longer than its header says, or its tensors overlap,
            leave holes, or do not fit their shapes.
    """
    entries = header.entries
    if len(entries) > MAX_TENSORS:
        raise HeaderError(f"it holds more than {MAX_TENSORS:,} tensors")
    spans = {name: _span(name, entry) for name, entry in entries.items()}
    _check_layout(sorted(spans.values()), header.num_bytes - header.num_header_bytes)
    return TensorHeader(
        shapes={name: tuple(entry["shape"]) for name, entry in entries.items()},
        kinds={name: entry["dtype"] for name, entry in entries.items()},
        num_bytes=header.num_bytes,
    )


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        header = parse_bounded(raw.decode())
    except ValueError as error:
        raise HeaderError(f"its header is no proper JSON ({_short(error)})") from error
    if not isinstance(header, dict):
        raise HeaderError("its header is no JSON table")
    return header


def _short(error: ValueError) -> str:
    """The kind of trouble only: the inner message may quote a whole hostile text."""
    return str(error).splitlines()[0][:80]


def _metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise HeaderError("its metadata is no table of texts")
    return value


def _span(name: str, entry: Any) -> tuple[int, int]:
    """Start and end of one tensor, which must fit its shape and number format."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise HeaderError(f"its entry for tensor {name[:80]!r} is malformed")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in ITEM_BYTES:
        raise HeaderError(f"tensor {name[:80]!r} has a number format other than F32 or F64")
    if not _are_sizes(shape) or len(shape) > MAX_DIMENSIONS:
        raise HeaderError(f"tensor {name[:80]!r} has an impossible shape")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise HeaderError(f"tensor {name[:80]!r} has impossible offsets")
    if offsets[1] - offsets[0] != math.prod(shape) * ITEM_BYTES[kind]:
        raise HeaderError(f"tensor {name[:80]!r} has a size that does not fit its shape")
    return offsets[0], offsets[1]


def _are_sizes(values: Any) -> bool:
    """Whether this is a list of plain counts that a computer could hold."""
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value < 2**48 for value in values
    )


def _check_layout(spans: list[tuple[int, int]], num_bytes: int) -> None:
    """The tensors lie side by side from the first byte after the header to the file's last."""
    edges = [(0, 0), *spans, (num_bytes, num_bytes)]
    for (_, end), (start, _) in pairwise(edges):
        if start < end:
            raise HeaderError("its tensors overlap, or it is shorter than its header says")
        if start > end:
            raise HeaderError("it has bytes that belong to no tensor")
