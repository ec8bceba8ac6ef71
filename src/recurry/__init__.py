"""Recurry: recurrent neural networks whose cells are equations, and the equations are data.

The names below are imported when they are first used, so that `import recurry` is instant.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recurry.artefact.model_file import load_model as load
    from recurry.artefact.model_file import save_model as save
    from recurry.cells import cell, cells
    from recurry.compiler.cell import Cell
    from recurry.data.corpus import Corpus
    from recurry.errors import RecurryError
    from recurry.generation.beam import beam_search
    from recurry.generation.sample import Sampling, generate
    from recurry.inspection.recording import record
    from recurry.network.convert import from_torch
    from recurry.network.dropout import Dropout
    from recurry.network.exportable import exportable
    from recurry.network.recurrent import Recurrent
    from recurry.network.state import State
    from recurry.runs.run import train_language_model
    from recurry.tasks.language import LanguageModel
    from recurry.tasks.scoring import Scores, score

# public name -> (module, name there)
_PUBLIC = {
    "Cell": ("recurry.compiler.cell", "Cell"),
    "Corpus": ("recurry.data.corpus", "Corpus"),
    "Dropout": ("recurry.network.dropout", "Dropout"),
    "LanguageModel": ("recurry.tasks.language", "LanguageModel"),
    "Recurrent": ("recurry.network.recurrent", "Recurrent"),
    "RecurryError": ("recurry.errors", "RecurryError"),
    "Sampling": ("recurry.generation.sample", "Sampling"),
    "Scores": ("recurry.tasks.scoring", "Scores"),
    "State": ("recurry.network.state", "State"),
    "beam_search": ("recurry.generation.beam", "beam_search"),
    "cell": ("recurry.cells", "cell"),
    "cells": ("recurry.cells", "cells"),
    "exportable": ("recurry.network.exportable", "exportable"),
    "from_torch": ("recurry.network.convert", "from_torch"),
    "generate": ("recurry.generation.sample", "generate"),
    "load": ("recurry.artefact.model_file", "load_model"),
    "record": ("recurry.inspection.recording", "record"),
    "save": ("recurry.artefact.model_file", "save_model"),
    "score": ("recurry.tasks.scoring", "score"),
    "train_language_model": ("recurry.runs.run", "train_language_model"),
}

__version__ = "0.1.0"
__all__ = [
    "Cell",
    "Corpus",
    "Dropout",
    "LanguageModel",
    "Recurrent",
    "RecurryError",
    "Sampling",
    "Scores",
    "State",
    "beam_search",
    "cell",
    "cells",
    "exportable",
    "from_torch",
    "generate",
    "load",
    "record",
    "save",
    "score",
    "train_language_model",
]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'recurry' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, also those not imported yet."""
    return sorted([*__all__, "__version__"])
