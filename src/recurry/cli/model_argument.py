"""The argument MODEL of several verbs: a model file or a run folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurry.errors import UsageError, nearest
from recurry.tasks.names import LANGUAGE

if TYPE_CHECKING:
    from recurry.tasks.language import LanguageModel

MODEL_NAME, RUN_NAME, ENDING = "model.safetensors", "run.toml", ".safetensors"
_MOST_SHOWN = 5


def find_model(name: str) -> Path:
    """The model file that a user means.

    Raises:
        UsageError: There is none; the message names the nearest models.
    """
    path = Path(name)
    if os.path.isfile(path):  # unlike Path.is_file, false also where a name is too long
        return path
    if os.path.isfile(path / MODEL_NAME):
        return path / MODEL_NAME
    if os.path.isfile(path / RUN_NAME):
        raise UsageError(
            f"The run {name} has no model yet.",
            got=f"no {MODEL_NAME} in it, which the first evaluation writes",
            hint=f"recurry resume {name}",
        )
    got = "a folder without a model" if os.path.isdir(path) else "no such file or folder"
    close = _nearest_models(path)
    raise UsageError(
        f"There is no model at {name}.",
        got=got,
        accepted=f"a {ENDING} file or a run folder made by recurry train",
        hint=" or ".join(close) if close else "recurry train, which makes one",
    )


def open_model(name: str) -> LanguageModel:
    """The language model that a user means.

    Raises:
        UsageError: There is no model, or it is one of another task.
    """
    return check_language(open_any_model(name), name)


def check_language(model: Any, name: str) -> LanguageModel:
    """A model, if it is a language model.

    Args:
        model: Of whatever task.
        name: What the user calls it.

    Raises:
        UsageError: It is one of another task.
    """
    if model.task != LANGUAGE:
        raise UsageError(
            f"The model {name} is no language model.",
            got=f"a model of the task {model.task}",
            accepted="a model that recurry train made from a text",
            hint=f"recurry predict {name}, or recurry evaluate {name} DATA",
        )
    return model


def open_any_model(name: str) -> Any:
    """The model that a user means, of whatever task."""
    path = find_model(name)
    from recurry.artefact.model_file import load_model

    return load_model(path)


def _nearest_models(path: Path) -> list[str]:
    """Models near a path that holds none: those of similar names, else any."""
    folders = [path, *path.parents[:2], Path(), Path("runs")]
    found = {str(model): model for folder in folders for model in _models_in(folder)}
    names = {model.name.removesuffix(ENDING): shown for shown, model in found.items()}
    close = [names[name] for name in nearest(path.name.removesuffix(ENDING), names)]
    return close or list(found)[:_MOST_SHOWN]


def _models_in(folder: Path) -> Iterator[Path]:
    """Model files and run folders that lie directly in a folder."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.endswith(ENDING) or os.path.isfile(path / MODEL_NAME):
            yield path
