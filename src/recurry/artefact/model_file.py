"""The model file: one `.safetensors` file that holds a whole model and no code.

Comes in: a model of any task, or a path. Goes out: a file written at once, or a model that works.
The format is specified in docs/model-file.md. May import: tasks and below.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor

from recurry.artefact.bounded_json import parse_bounded
from recurry.artefact.durable import write_file
from recurry.artefact.tensor_header import HeaderError, TensorHeader, check_tensors, read_header
from recurry.compiler.cell import Cell
from recurry.errors import ModelFileError, RecurryError
from recurry.tasks.find import OWN_TASK, find_kind, find_task, task_names
from recurry.tasks.names import LANGUAGE
from recurry.tasks.task import AnyModel, Task

FORMAT = 2  # 1 knew language models only, and they are still written so
KEY = "recurry"
FILE_NAME = "model.safetensors"
_NO_SUM = "0" * 64
_KINDS = {torch.float32: "F32", torch.float64: "F64"}


def save_model(model: AnyModel, path: str | Path) -> None:
    """Write a model to one file, at once: a reader sees the old file or the new one.

    Args:
        model: The model, on any device.
        path: Where to write; the folder must exist. By custom the name ends in `.safetensors`.

    Raises:
        RunError: The disk refused; a file that was there is unchanged.
    """
    tensors = {
        name: t.detach().cpu().contiguous() for name, t in model.network.state_dict().items()
    }
    unsealed = json.dumps(_description(model), ensure_ascii=False)
    text = unsealed.replace(_NO_SUM, _sum(unsealed, tensors), 1)
    write_file(Path(path), safetensors.torch.save(tensors, metadata={KEY: text}))


def load_model(path: str | Path, *, device: str = "cpu") -> Any:
    """Read a model back; nothing in the file is ever run as code.

    Args:
        path: A model file, or a run folder that holds `model.safetensors`.
        device: Where the weights go, as torch names it.

    Returns:
        A model that answers exactly as the one that was saved: a `LanguageModel`, or a `Model` of
        the task that its `task` names.

    Raises:
        ModelFileError: The file is missing, damaged, hostile, no model of Recurry, or of a
            format that this version does not know.
    """
    path = Path(path)
    file_path = path / FILE_NAME if os.path.isdir(path) else path
    try:
        with open(file_path, "rb") as file:
            model = _read(file)
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        raise ModelFileError(
            f"There is no model at {path}." if is_missing else f"{file_path} cannot be read.",
            got=error.strerror,
            accepted="a .safetensors file written by recurry, or a run folder that holds one",
        ) from error
    except HeaderError as error:
        raise _damaged(file_path, str(error)) from error
    except ModelFileError as error:
        raise _with_place(error, file_path) from error
    model.network.to(device)
    return model


def _description(model: AnyModel) -> dict[str, Any]:
    """Everything but the weights; the sum comes first so that it can be filled in."""
    task = find_task(model.task)
    return {
        "sha256": _NO_SUM,
        "format": 1 if task.name == LANGUAGE else FORMAT,
        "kind": task.kind,
        "recurry": _own_version(),
        "cell": model.cell.to_dict(),
        **task.describe(model),
        "scores": {name: x for name, x in model.scores.items() if math.isfinite(x)},
        "provenance": dict(model.provenance),
    }


def _own_version() -> str:
    try:
        return version("recurry")
    except PackageNotFoundError:  # run from a source tree
        return "unknown"


def _sum(text: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the description without its sum and of every tensor, by name."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {_KINDS[tensor.dtype]} {list(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _damaged(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(
        f"{path} is damaged, or no model file.",
        got=reason,
        accepted="a .safetensors file written by recurry",
        hint="copy the file again; recurry resume makes the one in a run folder again",
    )


def _with_place(error: ModelFileError, path: Path) -> ModelFileError:
    return ModelFileError(
        error.what, where=str(path), got=error.got, accepted=error.accepted, hint=error.hint
    )


def _read(file: BinaryIO) -> Any:
    raw_header = read_header(file)
    # A newer format is named as such, before anything else is found wrong.
    text, description, task = _read_description(raw_header.metadata)
    header = check_tensors(raw_header)
    model = _build(description, header, task=task)
    file.seek(0)
    raw = file.read(header.num_bytes + 1)
    if len(raw) != header.num_bytes:
        raise HeaderError("it changed while it was read")
    try:
        tensors = safetensors.torch.load(raw)
    except safetensors.SafetensorError as error:
        raise HeaderError("the safetensors reader refuses it") from error
    _check_weights(tensors, text, description["sha256"])
    model.network.load_state_dict(tensors)
    model.network.eval()
    return model


def _read_description(metadata: Mapping[str, str]) -> tuple[str, dict[str, Any], Task]:
    """The description, known to be a table with the right parts."""
    text = metadata.get(KEY)
    if text is None:
        raise ModelFileError(
            "This is a safetensors file, but no model of recurry.",
            got=f"no {KEY!r} in its metadata",
            accepted="a file written by recurry",
        )
    try:
        description = parse_bounded(text)
    except ValueError as error:
        raise HeaderError(f"its description is no proper JSON ({str(error)[:80]})") from error
    if not isinstance(description, dict):
        raise HeaderError("its description is no table")
    task = _check_format(description)
    parts = ("cell", *task.parts, "scores", "provenance")
    if not all(isinstance(description.get(part), dict) for part in parts):
        raise HeaderError(f"its description lacks one of the tables {', '.join(parts)}")
    return text, description, task


def _check_format(description: Mapping[str, Any]) -> Task:
    """The task of the model, if its format is known."""
    number, kind = description.get("format"), description.get("kind")
    if type(number) is not int:
        raise HeaderError("its description has no format number")
    if number > FORMAT:
        raise ModelFileError(
            "This model file was written by a newer recurry.",
            got=f"format {number}",
            accepted=f"formats up to {FORMAT}",
            hint="pip install --upgrade recurry",
        )
    task = find_kind(kind)
    if number < 1:
        raise HeaderError(f"its format is {number}, its kind {str(kind)[:40]!r}")
    if task is None:
        raise ModelFileError(
            "The model is of a task that is not known.",
            got=f"the kind {str(kind)[:40]!r}",
            accepted=", ".join(task_names()),
            hint=OWN_TASK,
        )
    if not isinstance(description.get("sha256"), str):
        raise HeaderError("its description has no sum")
    return task


def _build(description: Mapping[str, Any], header: TensorHeader, *, task: Task) -> Any:
    """The model without its weights, once all sizes are known to fit the file."""
    try:
        cell = Cell.from_dict(description["cell"])
        blueprint = task.blueprint(cell, description)
        if blueprint.num_layers > len(header.shapes):
            raise HeaderError("it has fewer tensors than layers")
        _check_shapes(blueprint.shapes(), header)
        _check_kinds("F64" if blueprint.precision == "float64" else "F32", header)
        scores = _scores(description["scores"])
        return blueprint.make(scores, description["provenance"])
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:80]
        raise HeaderError(
            f"its configuration is wrong at {place!r}: {first['msg'][:200]}"
        ) from error
    except RecurryError as error:
        raise HeaderError(error.what[:300]) from error


def _check_shapes(expected: Mapping[str, tuple[int, ...]], header: TensorHeader) -> None:
    for name in sorted(expected.keys() | header.shapes.keys()):
        if name not in header.shapes:
            raise HeaderError(f"the tensor {name[:80]!r} is missing")
        if name not in expected:
            raise HeaderError(f"the tensor {name[:80]!r} belongs to no part of the network")
        found, wanted = header.shapes[name], tuple(expected[name])
        if found != wanted:
            raise HeaderError(f"tensor {name[:80]!r} has shape {found}; its equations ask {wanted}")


def _check_kinds(wanted: str, header: TensorHeader) -> None:
    for name, kind in header.kinds.items():
        if kind != wanted:
            raise HeaderError(f"tensor {name[:80]!r} is {kind}; its precision asks {wanted}")


def _scores(values: Mapping[str, Any]) -> dict[str, float]:
    if not all(type(value) in (int, float) for value in values.values()):
        raise HeaderError("its scores are no numbers")
    try:
        return {name: float(value) for name, value in values.items()}
    except OverflowError as error:
        raise HeaderError("its scores are no numbers") from error


def _check_weights(tensors: Mapping[str, Tensor], text: str, claimed: str) -> None:
    if _sum(text.replace(claimed, _NO_SUM, 1), tensors) != claimed:
        raise HeaderError("its content does not fit its SHA-256 sum: some bytes have changed")
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise HeaderError(f"tensor {name!r} holds values that are no numbers")
