"""The option --task-file of several verbs: a task of one's own."""

from __future__ import annotations

import click

_META = "recurry.own_tasks"


def own_tasks() -> tuple[str, ...]:
    """The names of the tasks that the option has brought in."""
    context = click.get_current_context(silent=True)
    return context.meta.get(_META, ()) if context is not None else ()


def _load(context: click.Context, _: click.Parameter, path: str | None) -> None:
    if path is None or context.resilient_parsing:
        return
    from recurry.tasks.task_file import load_task_file

    context.meta[_META] = load_task_file(path)


TASK_FILE_OPTION = click.Option(
    ["--task-file"],
    metavar="FILE.py",
    help="A task of your own; the file is imported, so its code runs.",
    expose_value=False,
    is_eager=True,
    callback=_load,
)
