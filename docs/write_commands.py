"""Write docs/commands.md from the help texts; run it after a change of an option."""

import sys
from pathlib import Path

import click

from recurry.cli.main import VERBS, recurry

INTRODUCTION = """# Commands

This page is written by `docs/write_commands.py` from the help texts themselves; a test compares
the two. Data goes to standard output and talk to standard error; `-` is standard input; exit codes
are 0 (done), 1 (failed), 2 (wrong use) and 130 (interrupted).
"""


def _help(command: click.Command, path: tuple[str, ...], parent: click.Context | None) -> str:
    context = click.Context(
        command,
        info_name=path[-1],
        parent=parent,
        terminal_width=90,
        max_content_width=90,
        help_option_names=["-h", "--help"],
    )
    level = "#" * min(len(path) + (1 if len(path) == 1 else 0), 4)
    text = f"\n{level} {' '.join(path)}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                text += _help(below, (*path, name), context)
    return text


def page() -> str:
    """The whole page as text."""
    assert list(VERBS) == recurry.list_commands(click.Context(recurry))
    return INTRODUCTION + _help(recurry, ("recurry",), None)


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(page())
    else:
        Path(__file__).with_name("commands.md").write_text(page())
