"""The tasks by name, each imported only when it is asked for.

Comes in: a name. Goes out: a task. A task of somebody else's joins by `register`.
"""

from importlib import import_module
from typing import Any

from recurry.errors import UsageError, nearest
from recurry.tasks.names import LANGUAGE, TASKS
from recurry.tasks.task import Task

# Where a task is meant that does not come with the package: its code runs only if asked for.
OWN_TASK = (
    "--task-file FILE.py, if it is one of your own: files of code are never found by themselves"
)

_REGISTERED: dict[str, Any] = {}


def task_names() -> tuple[str, ...]:
    """The names of all tasks."""
    return (*TASKS, *(name for name in _REGISTERED if name not in TASKS))


def find_task(name: str = LANGUAGE) -> Task:
    """The task of a name.

    Raises:
        UsageError: There is none; the message names the nearest, or how one's own is brought in.
    """
    if name in _REGISTERED:
        return _REGISTERED[name]
    if name not in TASKS:
        close = nearest(name, task_names())
        raise UsageError(
            f"There is no task named {name!r}.",
            accepted=", ".join(task_names()),
            hint=" or ".join(close) if close else OWN_TASK,
        )
    module, attribute = TASKS[name]
    return getattr(import_module(module), attribute)()


def find_kind(kind: object) -> Task | None:
    """The task whose model files bear a kind; None if there is none."""
    for name in task_names():
        if name in _REGISTERED or name in (kind, LANGUAGE):
            task = find_task(name)
            if task.kind == kind:
                return task
    return None


def register(task: Any) -> None:
    """Let a task of one's own be found by its name, for as long as the process lives.

    Args:
        task: Anything that has what `Task` asks for.
    """
    _REGISTERED[task.name] = task
