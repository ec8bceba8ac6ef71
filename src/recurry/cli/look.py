"""`recurry look`: a model in the browser, or views of it in files and in the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from recurry.cli.model_argument import MODEL_NAME, RUN_NAME, find_model
from recurry.errors import UsageError

if TYPE_CHECKING:
    from recurry.inspection.session import Session
    from recurry.inspection.subject import Subject
    from recurry.serving.passage import Passage

_PORT, _MOST = 8642, 1_000_000
_SHEET = ".html"
_WITHOUT_TEXT = ("network", "cell", "training", "write")  # views of the model or the run alone


@click.command()
@click.argument("model")
@click.argument("text", required=False, metavar="[TEXT|FILE|-]")
@click.option("--view", metavar="NAME", help="One view, in the terminal or in a file.")
@click.option(
    "--set", "pairs", multiple=True, metavar="OPTION=VALUE", help="An option of that view."
)
@click.option(
    "--out",
    metavar="FILE",
    help="Write to FILE: .svg, .png, .csv or .json of one view, .html of all views or of one.",
)
@click.option(
    "--paint",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Whether --view text prints colours.",
)
@click.option(
    "--characters",
    type=click.IntRange(1),
    help=f"How much is read at most: of TEXT {_MOST:,} otherwise, of held-out text 100,000.",
)
@click.option(
    "--record",
    type=click.IntRange(1),
    metavar="N",
    help="Of a model that answers line by line: which line of TEXT it reads first.  [default: 1]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="Of the page; where it is taken, the next free one.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Any but this one needs --token."
)
@click.option(
    "--token",
    envvar="RECURRY_TOKEN",
    show_envvar=True,
    help="What a browser on another machine must bring.",
)
@click.option("--no-browser", "is_quiet", is_flag=True, help="Print the page's address only.")
def look(
    model: str,
    text: str | None,
    view: str | None,
    pairs: tuple[str, ...],
    out: str | None,
    paint: str,
    characters: int | None,
    record: int | None,
    port: int,
    host: str,
    token: str | None,
    is_quiet: bool,
) -> None:
    """Look inside MODEL while it reads a text, on a page in the browser.

    MODEL is a model file, a run folder (also one that is still empty: the page waits), or a TOML
    file that names the parts of a torch.nn language model. TEXT is a file, - for standard input,
    or a text in quotes; without it, a language model reads what its run has held out. Models that
    classify, tag, translate or summarise read one line of it at a time, as recurry predict does.

    The page is served on this machine alone and asks nothing of any other. Views: text, find,
    write, errors, meaning, gates, gradient, attention, saliency, network, training, cell.
    """
    if pairs and not view:
        raise UsageError("--set sets an option of a view.", hint="--view NAME")
    _check_options(is_page=not (view or out), is_painted=view == "text" and not out)
    path = _find(model, is_page=not (view or out) or view == "training")
    asked = _Asked(text=text, characters=characters, record=record)
    if view or out:
        _write_views(path, asked, view=view, pairs=pairs, out=out, paint=paint)
        return
    _show_page(path, asked, address=(host, port), token=token, is_quiet=is_quiet)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is to be read: which text, how much of it, which of its records."""

    text: str | None
    characters: int | None
    record: int | None

    def passage_maker(self, path: Path) -> Callable[[Subject], Passage]:
        """What gives a model its text: the one that was named, else the usual one."""
        from recurry.serving.passage import HELD_OUT, fitted, named_passage, usual_passage

        if self.text is None:
            folder, most = path if path.is_dir() else path.parent, self.characters or HELD_OUT
            return lambda subject: fitted(
                usual_passage(subject, folder, characters=most), subject, self.record
            )
        passage = named_passage(self.text, characters=self.characters or _MOST)
        if passage.is_cut:
            click.echo(f"Only a part is read (--characters): {passage.name}.", err=True)
        return lambda subject: fitted(passage, subject, self.record)


def _check_options(*, is_page: bool, is_painted: bool) -> None:
    """Refuse options that would do nothing.

    Raises:
        UsageError: An option of the page is given where there is none, or --paint without a text.
    """
    context = click.get_current_context()
    of_page = {"port": "--port", "host": "--host", "token": "--token", "is_quiet": "--no-browser"}
    idle = {} if is_page else dict.fromkeys(of_page, "the page")
    if not is_painted:
        idle["paint"] = "--view text in the terminal"
    for option, owner in idle.items():
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE:
            name = of_page.get(option, f"--{option}")
            raise UsageError(f"{name} belongs to {owner}.", hint=f"the command without {name}")


def _find(name: str, *, is_page: bool) -> Path:
    """The model file, or the folder of a run that a page can wait for.

    Raises:
        UsageError: There is neither.
    """
    path = Path(name)
    if os.path.isdir(path):
        if os.path.isfile(path / MODEL_NAME):
            return path
        if is_page and (os.path.isfile(path / RUN_NAME) or not any(path.iterdir())):
            return path
    return find_model(name)


def _show_page(
    path: Path,
    asked: _Asked,
    *,
    address: tuple[str, int],
    token: str | None,
    is_quiet: bool,
) -> None:
    """Serve the page until Ctrl-C."""
    from recurry.inspection.store import remove_abandoned
    from recurry.serving.launch import address_of, bind, check_host, open_browser, serve
    from recurry.serving.viewing import Viewing

    check_host(address[0], token)
    make_passage = asked.passage_maker(path)
    from recurry.serving.application import build_application
    from recurry.serving.events import EventHub

    events = EventHub()
    remove_abandoned()
    viewing = Viewing(path, passage=make_passage, publish=events.publish)
    listening = bind(*address)
    shown = address_of(listening, token=token)
    try:
        if viewing.model_path.is_file():
            viewing.open()
        else:
            click.echo(f"{path} has no model yet; the page waits for it.", err=True)

        def started() -> None:
            click.echo(f"Looking into {path}: {shown}   (Ctrl-C ends it)", err=True)
            viewing.start()
            if not is_quiet:
                open_browser(shown)

        app = build_application(viewing, events, token=token)
        serve(app, listening, events=events, on_start=started)
    finally:
        listening.close()
        viewing.close()


def _write_views(
    path: Path,
    asked: _Asked,
    *,
    view: str | None,
    pairs: tuple[str, ...],
    out: str | None,
    paint: str,
) -> None:
    """Compute one view or all of them, for a file or for the terminal."""
    from recurry.serving.answers import read_options
    from recurry.serving.output import ENDINGS, check_output, write_finding
    from recurry.serving.views import find_view

    found = find_view(view) if view else None
    ending = check_output(out, (*ENDINGS, _SHEET)) if out else None
    if found is None and ending != _SHEET:
        raise UsageError(
            f"{out} holds one view, and none was named.", hint="--view NAME, or a file .html"
        )
    options = read_options(found.Options, _pairs(pairs), is_typed=True) if found else None
    needed = _needed(found, options)
    session, note = _open_session(path, asked.passage_maker(path), needed=needed)
    try:
        if found is None or ending == _SHEET:
            assert out is not None
            _write_sheet(session, path, out, [found] if found else None, note=note)
        elif out:
            write_finding(found.compute(session, options), out)
            click.echo(f"{found.title}: {out}", err=True)
        else:
            _print_view(found, session, options, paint=paint)
    finally:
        if session.recording is not None:
            session.recording.close()


def _needed(view: Any, options: Any) -> int | None:
    """How many symbols must have been read before a view is computed; None for all."""
    from recurry.inspection.views.text import TextView

    if isinstance(view, TextView) and options is not None:
        return view.steps_needed(options)
    return 0 if view is not None and view.name in _WITHOUT_TEXT else None


def _open_session(
    path: Path, make_passage: Callable[[Subject], Passage], *, needed: int | None
) -> tuple[Session, str]:
    """A model and what it had in mind over so much of a text, and both in words.

    A run without a model has neither.
    """
    from recurry.inspection.recording import start_recording
    from recurry.inspection.session import Session
    from recurry.inspection.subject import open_subject

    folder = path if path.is_dir() else path.parent
    if path.is_dir() and not (path / MODEL_NAME).is_file():
        return Session(None, None, run_folder=path), "no model yet"  # type: ignore[arg-type]
    subject = open_subject(path / MODEL_NAME if path.is_dir() else path)
    passage = make_passage(subject)
    recording = start_recording(subject, passage.part)
    read = passage.title(recording.symbols)
    if read != passage.name and needed != 0:
        others = "   (--record N reads another)" if len(passage.records) > 1 else ""
        click.echo(f"Reading {read}{others}", err=True)
    recording.wait(needed)
    is_run = (folder / RUN_NAME).is_file()
    session = Session(subject, recording, run_folder=folder if is_run else None)
    return session, f"{subject.title}, reading {read}"


def _write_sheet(
    session: Session, path: Path, out: str, views: list[Any] | None, *, note: str
) -> None:
    from recurry.serving.output import write_bytes
    from recurry.serving.sheet import write_sheet
    from recurry.serving.views import all_views

    page = write_sheet(
        session,
        views or all_views(),
        title=f"Inside {path.name}",
        note=note,
        notify=lambda title: click.echo(f"{title} ...", err=True),
    )
    write_bytes(out, page.encode("utf-8", "xmlcharrefreplace"))
    click.echo(f"report  {out}   (open it in a browser)", err=True)


def _print_view(view: Any, session: Session, options: Any, *, paint: str) -> None:
    """A painted text in the terminal, or the rows of another view as CSV."""
    from recurry.cli.painting import Paint, show_paintings
    from recurry.inspection.controls import printable
    from recurry.inspection.views.text import ANSWER, TextFinding
    from recurry.serving.answers import to_csv

    finding = view.compute(session, options)
    shown = Paint(colour="varying", html=None, paint=paint, as_json=False)
    answered = printable(finding.answered) if isinstance(finding, TextFinding) else ""
    if not isinstance(finding, TextFinding) or shown.depth() == "none":
        rows = finding.to_rows()
        if not rows:
            click.echo(f"{view.title} has found nothing to list in this text.", err=True)
        table = to_csv(rows) if rows else ""
        if answered:
            click.echo(f"{ANSWER}: {answered}", err=True)
        sys.stdout.write(printable(table) if sys.stdout.isatty() else table)
        return
    if answered:
        click.secho(f"\n── {ANSWER} ──", bold=True)
        click.echo(answered)
    show_paintings(finding.to_paintings(), shown)


def _pairs(pairs: tuple[str, ...]) -> Mapping[str, str]:
    """`OPTION=VALUE` as names and values.

    Raises:
        UsageError: There is no equals sign.
    """
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--set {pair} sets nothing.", accepted="--set OPTION=VALUE")
        found[name.strip()] = value
    return found
