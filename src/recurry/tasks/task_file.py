"""Tasks of one's own from a Python file, which is run: it is imported only where a user names it.

Comes in: the path of a file. Goes out: its tasks, found by their names from then on.
"""

import inspect
import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from recurry.errors import UsageError
from recurry.tasks.find import register
from recurry.tasks.names import TASKS
from recurry.tasks.record_task import RecordTask
from recurry.tasks.task import Task

_MODULE = "recurry_task_file"


def load_task_file(path: str | Path) -> tuple[str, ...]:
    """Import a file and let the tasks that it defines be found; their names.

    A task is a class of the file that has what `Task` asks for and is made without arguments. The
    file need not register it.

    Args:
        path: A Python file.

    Raises:
        UsageError: It cannot be read or fails (with the line), defines no task, or one that lacks
            something, is called as one of Recurry's, or is called as another of the same file.
    """
    path = Path(path)
    module = _import(path)
    found: dict[str, Any] = {}
    for kind in _task_classes(module):
        task = _make(kind, path)
        if task.name in TASKS or task.name in found:
            raise UsageError(
                f"A task of one's own cannot be called {task.name!r}.",
                where=f"{path}, class {kind.__name__}",
                accepted=f"a name that is none of {', '.join([*TASKS, *found])}",
                hint="another value for its attribute name",
            )
        found[task.name] = task
    if not found:
        raise UsageError(
            "The file defines no task.",
            where=str(path),
            accepted="a class that inherits from recurry.tasks.record_task.RecordTask",
            hint="the example in docs/tasks.md, A task of your own",
        )
    for task in found.values():
        register(task)
    return tuple(found)


def _import(path: Path) -> ModuleType:
    """The module of a file, which runs."""
    if not path.is_file() or path.suffix != ".py":
        raise UsageError(
            "There is no such task file." if path.suffix == ".py" else "This is no task file.",
            where=str(path),
            accepted="a Python file, whose name ends in .py",
            hint="--task-file FILE.py",
        )
    spec = spec_from_file_location(_MODULE, path)
    assert spec is not None, "the ending is that of Python"
    assert spec.loader is not None, "a file has a loader"
    module = module_from_spec(spec)
    sys.modules[_MODULE] = module  # where dataclasses look for their own module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(
            "The task file cannot be imported.",
            where=_place(error, path),
            got=f"{type(error).__name__}: {error}",
        ) from error
    return module


def _place(error: Exception, path: Path) -> str:
    """The line of the file where an error came up."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _task_classes(module: ModuleType) -> list[type]:
    """The classes that a file means as tasks, in its order: not those that others build upon."""
    own = [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == _MODULE
    ]
    asked = {name for name in dir(Task) if not name.startswith("_")}
    tasks = [kind for kind in own if issubclass(kind, RecordTask) or asked <= set(dir(kind))]
    return [kind for kind in tasks if not any(kind in other.__bases__ for other in tasks)]


def _make(kind: type, path: Path) -> Any:
    """The task of a class, complete."""
    where = f"{path}, class {kind.__name__}"
    lacking = sorted(getattr(kind, "__abstractmethods__", ()))
    lacking += [name for name in Task.__annotations__ if not hasattr(kind, name)]
    if lacking:
        raise UsageError(
            "The task is not complete.",
            where=where,
            got=f"without {', '.join(lacking)}",
            accepted="all that recurry.tasks.task.Task asks for",
            hint="define what is missing",
        )
    try:
        return kind()
    except Exception as error:
        raise UsageError(
            "The task cannot be made.",
            where=where,
            got=f"{type(error).__name__}: {error}",
            accepted="a class that is made without arguments",
        ) from error
