"""Sizes that nobody named: a network has those of what it takes over.

Comes in: the tables `transfer` and `network` as they were written. Goes out: settings of the table
`network` that follow from the source.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

from recurry.artefact.model_file import load_model
from recurry.cells import cells, find_cell
from recurry.data.vector_files import load_vectors
from recurry.errors import UsageError
from recurry.network.configuration import NetworkConfig
from recurry.runs.sources import SOURCES
from recurry.tasks.find import find_task
from recurry.tasks.task import Task
from recurry.tasks.transfer import needs_vectors

_SIZES = ("cell", "embedding_size", "hidden_size", "num_layers")


def find_sizes(
    transfer: Mapping[str, Any],
    network: Mapping[str, Any],
    *,
    named: Collection[str] = (),
    task: str,
) -> dict[str, Any]:
    """Settings of the table `network` that follow from a source.

    Where the vectors of symbols are their scores as well (`is_tied`), layers are as large as those
    of a file. Sizes that cannot be those of such a network leave it untied.

    Args:
        transfer: The table as it was written, not checked yet.
        network: The table as it was written, not checked yet.
        named: Those of its settings that are to stay as they are.
        task: What is trained.

    Returns:
        None of those that are named.

    Raises:
        DataError: The source cannot be read.
        ModelFileError: Likewise.
        UsageError: The network is said to be tied, and cannot be.
    """
    path, model = (transfer.get(name) or "" for name in SOURCES)
    if not isinstance(path, str) or not isinstance(model, str) or bool(path) == bool(model):
        return {}
    found, kind = find_task(task), find_task(task).tables["network"]
    fields, sizes = kind.model_fields, dict[str, Any]()
    if any(name in fields and name not in named for name in _SIZES):
        sizes = _sizes_of(path, model, found, kind)
        if "embedding_size" in sizes:
            sizes["embedding_size"] *= _shares(kind, network)
    is_tied = issubclass(kind, NetworkConfig) and bool(network.get("is_tied"))
    if is_tied and path and "embedding_size" in sizes:
        sizes["hidden_size"] = sizes["embedding_size"]
    sizes = {name: x for name, x in sizes.items() if name in fields and name not in named}
    if is_tied:
        sizes |= _untied(kind, {**network, **sizes}, named=named, is_file=bool(path))
    return sizes


def _sizes_of(path: str, model: str, task: Task, kind: type[BaseModel]) -> dict[str, Any]:
    """The sizes of a file of vectors, or the cell and the sizes of the layers of a model."""
    if path:
        return {"embedding_size": load_vectors(path, limit=1).size}
    source = load_model(model)
    parts = find_task(source.task).anatomy(source)
    has_decoder = "decoder" in task.tables
    role = "writes" if has_decoder or task.pace == "windows" else "reads"
    stacks = sorted(parts.stacks, key=lambda stack: stack.role != role)
    if not stacks:
        return {}
    layers, cell = stacks[0].layers, stacks[0].layers.cell
    is_built_in = cell.name in cells() and find_cell(cell.name).equations == cell.equations
    # Each direction of an encoder has half of the units of its decoder.
    directions = 2 if has_decoder and stacks[0].role == "reads" else 1
    sizes = {
        "cell": cell.name if is_built_in else cell.equations,
        "hidden_size": layers.hidden_size * directions,
        "num_layers": layers.num_layers,
    }
    if parts.tables or not needs_vectors(kind):
        sizes["embedding_size"] = parts.tables[0].weight.shape[1] if parts.tables else 0
    return sizes


def _shares(kind: type[BaseModel], network: Mapping[str, Any]) -> int:
    """How many parts `embedding_size` has, one of which is the vector of a symbol."""
    feed = kind.model_fields.get("feed")
    return 2 if feed is not None and network.get("feed", feed.default) == "every" else 1


def _untied(
    kind: type[BaseModel], network: Mapping[str, Any], *, named: Collection[str], is_file: bool
) -> dict[str, Any]:
    """What makes sizes fit together that a network with one matrix for two things cannot have."""
    vector, hidden = (
        network.get(name, kind.model_fields[name].default)
        for name in ("embedding_size", "hidden_size")
    )
    if vector == hidden:
        return {}
    if "is_tied" not in named:
        return {"is_tied": False}
    raise UsageError(
        "Vectors that are taken over cannot be the scores of symbols as well: layers have another "
        "size.",
        got=f"network.is_tied, network.embedding_size {vector}, network.hidden_size {hidden}",
        hint="--set network.is_tied=false" + (f", or --hidden-size {vector}" if is_file else ""),
    )
