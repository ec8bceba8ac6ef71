"""The command `recurry`: a table of verbs, each imported only when it is called."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import sys

import click

from recurry.errors import Interrupted, RecurryError, nearest

# Of mallopt: from which size on memory is mapped afresh, and how much may lie free.
_KEPT_MEMORY = (-3, -1)

# verb -> (module, one line for --help). The order is the order in --help.
VERBS: dict[str, tuple[str, str]] = {
    "demo": ("recurry.cli.demo", "Train a character model on bundled Shakespeare and show it."),
    "train": ("recurry.cli.train", "Train a model on a text, or on records, in a run folder."),
    "resume": ("recurry.cli.train", "Go on with a run that was stopped, bit for bit."),
    "evaluate": ("recurry.cli.evaluate", "Score a model on a text or on labelled records."),
    "predict": (
        "recurry.cli.predict",
        "Answer texts with a model: classes, numbers, labels of words.",
    ),
    "generate": ("recurry.cli.generate", "Write text with a model."),
    "look": ("recurry.cli.look", "Look inside a model in the browser."),
    "cells": ("recurry.cli.cells", "List cells, show one, or check your own equations."),
    "text": ("recurry.cli.text", "Show a text as tokens, stems, vocabulary and counts."),
    "embed": ("recurry.cli.embed", "Learn word vectors from a text; neighbours, analogies."),
    "make-data": ("recurry.cli.make_data", "Make a data set by rule: copy, adding, XML ..."),
    "bench": ("recurry.cli.bench", "Measure the speed of layers on this machine."),
    "doctor": ("recurry.cli.doctor", "Print what this installation is and can do."),
}


class VerbGroup(click.Group):
    """Commands that are imported when they are called, so that --help answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return getattr(importlib.import_module(VERBS[cmd_name][0]), cmd_name.replace("-", "_"))

    def resolve_command(self, ctx: click.Context, args: list[str]):
        if args and args[0] not in VERBS:
            close = " or ".join(nearest(args[0], VERBS)) or "recurry --help"
            ctx.fail(f"There is no verb {args[0]!r}. Verbs: {', '.join(VERBS)}. Try: {close}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of verbs comes from VERBS, not from the commands, which stay unimported."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(
    cls=VerbGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Data goes to standard output, talk to standard error. Docs: docs/ in the repository.",
)
@click.version_option(package_name="recurry", prog_name="recurry")
def recurry() -> None:
    """Recurrent neural networks from equations: train, sample, look inside."""


def _settle_process() -> None:
    """Settings of this process that training gains from; they come before torch is imported.

    A thread that waits for another sleeps instead of spinning: where another program takes one of
    the cores, training is otherwise fifty times slower. Memory that an update frees stays with the
    process: handing it back and asking for it again costs 6 to 9 % of an update.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt  # of glibc; other platforms have none
        for option in _KEPT_MEMORY:
            mallopt(option, 1 << 30)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors that a user can mend become one message and an exit code."""
    # Measurements are made as other libraries find the machine, so they change nothing.
    if (sys.argv[1:] if arguments is None else arguments)[:1] != ["bench"]:
        _settle_process()
    try:
        recurry.main(
            args=arguments, prog_name="recurry", standalone_mode=False, color=_wants_colour()
        )
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except RecurryError as error:
        if isinstance(error, Interrupted):  # all is saved: one more Ctrl-C has nothing to stop
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        _show(error)
        sys.exit(error.exit_code)
    except OSError as error:
        _drop_output()
        _show(
            RecurryError(
                "The system refused to read or to write.",
                where=str(error.filename or "standard output"),
                got=error.strerror or str(error),
            )
        )
        sys.exit(RecurryError.exit_code)


def _drop_output() -> None:
    """Forget what waits to be printed: it would fail once more when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _wants_colour() -> bool | None:
    """False where the customs of the environment forbid colours; None lets the stream decide."""
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if is_plain else None


def _show(error: RecurryError) -> None:
    from recurry.inspection.controls import printable

    label = "" if isinstance(error, Interrupted) else click.style("error: ", fg="red", bold=True)
    with contextlib.suppress(OSError):  # there may be no terminal any more
        click.echo(label + printable(str(error)), err=True, color=_wants_colour())
