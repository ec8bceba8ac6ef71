"""The subject that a model is, whatever its task.

Comes in: a model, or a path to one. Goes out: a `Subject`. Imports the subjects and artefact.
"""

from pathlib import Path
from typing import Any

from recurry.artefact.model_file import load_model
from recurry.errors import UsageError
from recurry.inspection.foreign import open_foreign
from recurry.inspection.language_subject import language_subject
from recurry.inspection.record_subjects import record_subject
from recurry.inspection.subject import Subject
from recurry.tasks.language import LanguageModel
from recurry.tasks.model import Model


def make_subject(model: Any) -> Subject:
    """The subject that a model is.

    Raises:
        UsageError: The model is of a task that one cannot look into.
    """
    if isinstance(model, LanguageModel):
        return language_subject(model)
    found = record_subject(model) if isinstance(model, Model) else None
    if found is not None:
        return found
    raise UsageError(
        f"A model of the task {getattr(model, 'task', type(model).__name__)} cannot be looked "
        "into.",
        accepted="a model of one of the tasks language, classify, tag, translate, summarise",
    )


def read_subject(path: Path) -> Subject:
    """The subject in a model file, a run folder, or a TOML file that names a foreign model's parts.

    Raises:
        ModelFileError: There is no model, or it is damaged.
        UsageError: The parts are not there, or the model is none that one can look into.
    """
    if path.suffix == ".toml":
        return open_foreign(path)
    return make_subject(load_model(path))
