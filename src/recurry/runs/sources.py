"""What a run takes over: the file of vectors or the model that its settings name.

Comes in: the table `transfer`. Goes out: symbols for the vocabulary, and weights for a fresh model.
The source is read when it is needed, which for a run that goes on from a checkpoint it is not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import PurePath
from typing import Any

from recurry.artefact.model_file import FILE_NAME, load_model
from recurry.data.codec import Codec
from recurry.data.known import Known
from recurry.data.vector_files import load_vectors
from recurry.data.vectors import WordVectors
from recurry.errors import DataError
from recurry.tasks.find import find_task
from recurry.tasks.take_model import take_model
from recurry.tasks.task import AnyModel
from recurry.tasks.transfer import Taken, take_vectors
from recurry.training.configuration import TransferConfig
from recurry.training.groups import Group, make_groups

SOURCES = ("embeddings", "start_from")
"""The settings that name a source."""


class Source:
    """The source of a transfer.

    Args:
        config: The table `transfer`, with a source.
    """

    def __init__(self, config: TransferConfig) -> None:
        self.config, self.name = config, PurePath(config.source).name or config.source

    @cached_property
    def sha256(self) -> str:
        """Hash of the file."""
        path = self.config.source
        return _hash(os.path.join(path, FILE_NAME) if os.path.isdir(path) else path)

    @cached_property
    def vectors(self) -> WordVectors:
        """The words of a file of vectors."""
        return load_vectors(self.config.embeddings)

    @cached_property
    def model(self) -> Any:
        """The model to start from."""
        return load_model(self.config.start_from)

    def known(self) -> Known:
        """The symbols that may join a vocabulary.

        Raises:
            DataError: The file of vectors cannot be read.
            ModelFileError: The model cannot.
        """
        most = self.config.most_words
        if not self.config.start_from:
            return Known(symbols=self.vectors.words[:most], sha256=self.sha256)
        parts = find_task(self.model.task).anatomy(self.model)
        vocabularies = [
            part.vocabulary for part in (*parts.tables, *parts.stacks) if part.vocabulary
        ]
        symbols = vocabularies[0].symbols if vocabularies else ()
        codec = _codec(self.model)
        return Known(symbols=symbols[:most], sha256=self.sha256, is_model=True, codec=codec)

    def take(self, model: AnyModel) -> Taken:
        """Put what the source has into a fresh model.

        Raises:
            UsageError: Cells or sizes differ.
            DataError: There is nothing in common.
        """
        if self.config.start_from:
            return take_model(model, self.model, name=self.name)
        return take_vectors(model, self.vectors, name=self.name)

    def origin(self) -> dict[str, Any]:
        """What a model file says of its source."""
        return {"source": self.name, "sha256": self.sha256}


def find_source(config: TransferConfig) -> Source | None:
    """The source that the settings name, if they name one; nothing is read."""
    return Source(config) if config.source else None


def begin_transfer(
    source: Source, model: AnyModel, notify: Callable[[str], None]
) -> dict[str, Any]:
    """Take over, and tell what.

    Returns:
        What a checkpoint keeps of it: which weights were taken, and whence.

    Raises:
        RecurryError: As `Source.take`.
    """
    taken = source.take(model)
    for line in taken.notes:
        notify(line)
    return {"taken": taken.to_dict(), "origin": source.origin()}


def find_groups(
    config: TransferConfig, model: AnyModel, record: Mapping[str, Any] | None
) -> Sequence[Group]:
    """The groups in which weights are trained, once those that never are have been frozen.

    Args:
        config: The table `transfer`.
        model: The model; its weights are marked.
        record: What `begin_transfer` gave; None is a run that took nothing over.
    """
    if record is None:
        return ()
    taken, network = Taken.from_dict(record["taken"]), model.network
    if config.freeze_embeddings:
        for name in taken.tables:
            network.get_parameter(name).requires_grad_(False)
    stages = taken.stages([name for name, _ in network.named_parameters()])
    return make_groups(stages, layer_rate=config.layer_rate, unfreeze_epochs=config.unfreeze_epochs)


def _codec(model: Any) -> Codec | None:
    """How a model makes symbols of the text that it reads, if that is by a codec."""
    found = getattr(model, "codec", None) or getattr(model, "knowledge", None)
    found = getattr(found, "codec", None) or getattr(found, "source", found)
    return found if isinstance(found, Codec) else None


def _hash(path: str | os.PathLike[str]) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(
            "The source of a transfer cannot be read.", where=str(path), got=error.strerror
        ) from error
