"""Headers of tensor files: the library's own are read, every lie is noticed."""

import json
import struct

import pytest
import safetensors.torch
import torch

from recurry.artefact.tensor_header import (
    MAX_HEADER_BYTES,
    HeaderError,
    check_tensors,
    read_header,
)

GOOD = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def _file(tmp_path, header, *, data=b"\0" * 24, length=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = tmp_path / "file"
    path.write_bytes(struct.pack("<Q", len(raw) if length is None else length) + raw + data)
    return open(path, "rb")


def test_the_library_s_files_are_read(tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = {"b": torch.zeros(3, dtype=torch.float64), "a": torch.zeros(2, 3)}
    safetensors.torch.save_file(tensors, path, metadata={"key": "text"})
    with open(path, "rb") as file:
        raw = read_header(file)
    header = check_tensors(raw)
    assert header.shapes == {"a": (2, 3), "b": (3,)}
    assert header.kinds == {"a": "F32", "b": "F64"}
    assert raw.metadata == {"key": "text"}
    assert header.num_bytes == path.stat().st_size


def test_a_good_header_made_by_hand(tmp_path):
    with _file(tmp_path, {"w": GOOD}) as file:
        assert check_tensors(read_header(file)).shapes == {"w": (2, 3)}
    with _file(tmp_path, {}, data=b"") as file:
        assert check_tensors(read_header(file)).shapes == {}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"", "no proper JSON"),
        (b"\xff\xfe", "no proper JSON"),
        (b"[" * 5000, "deeply"),
        ([1], "no JSON table"),
        ({"w": GOOD, "__metadata__": {"a": 1}}, "no table of texts"),
        ({"w": GOOD, "__metadata__": 3}, "no table of texts"),
        ({"w": 3}, "malformed"),
        ({"w": GOOD | {"more": 1}}, "malformed"),
        ({"w": GOOD | {"dtype": "F16"}}, "number format"),
        ({"w": GOOD | {"dtype": ["F32"]}}, "number format"),
        ({"w": GOOD | {"shape": [2, 4]}}, "does not fit its shape"),
        ({"w": GOOD | {"shape": [-2, -3]}}, "impossible shape"),
        ({"w": GOOD | {"shape": [2.0, 3]}}, "impossible shape"),
        ({"w": GOOD | {"shape": [True, 6]}}, "impossible shape"),
        ({"w": GOOD | {"shape": [6, 1, 1, 1, 1]}}, "impossible shape"),
        ({"w": GOOD | {"shape": [2**60, 3]}}, "impossible shape"),
        ({"w": GOOD | {"data_offsets": [0, 24, 0]}}, "impossible offsets"),
        ({"w": GOOD | {"data_offsets": [24, 0]}}, "does not fit"),
        ({"w": GOOD, "v": GOOD}, "overlap"),
        ({"w": GOOD, "v": GOOD | {"data_offsets": [24, 48]}}, "overlap, or it is shorter"),
        ({"w": {"dtype": "F32", "shape": [5], "data_offsets": [0, 20]}}, "belong to no tensor"),
        ({"w": {"dtype": "F32", "shape": [5], "data_offsets": [4, 24]}}, "belong to no tensor"),
        ({}, "belong to no tensor"),
    ],
)
def test_every_lie_is_noticed(tmp_path, header, words):
    with _file(tmp_path, header) as file, pytest.raises(HeaderError, match=words):
        check_tensors(read_header(file))


@pytest.mark.parametrize("length", [10_000, 2**63, 2**64 - 1])
def test_a_header_longer_than_the_file(tmp_path, length):
    with (
        _file(tmp_path, {}, length=length) as file,
        pytest.raises(HeaderError, match="shorter than its header"),
    ):
        read_header(file)


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_file_too_short_for_a_length(tmp_path, size):
    (tmp_path / "file").write_bytes(b"\0" * size)
    with open(tmp_path / "file", "rb") as file, pytest.raises(HeaderError, match="shorter"):
        read_header(file)


def test_a_header_larger_than_allowed_is_not_even_read(tmp_path):
    path = tmp_path / "file"
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", MAX_HEADER_BYTES + 1))
        file.truncate(MAX_HEADER_BYTES * 2)
    with open(path, "rb") as file, pytest.raises(HeaderError, match="at most"):
        read_header(file)


def test_too_many_tensors(tmp_path):
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = {f"w{number}": empty for number in range(10_001)}
    with _file(tmp_path, header, data=b"") as file, pytest.raises(HeaderError, match="tensors"):
        check_tensors(read_header(file))
