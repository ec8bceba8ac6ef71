"""`recurry demo`: the main job on bundled data, from nothing to a page that can be shown."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recurry.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from recurry.cli.train import Begin

DEFAULT_PRESET = "laptop"
FOLDERS = {"shakespeare": "runs/demo", "novel": "runs/novel"}
_NOVEL_EPOCHS = 10  # of a text a third as long, so that both demos take the same time


@click.command()
@click.argument("text", type=click.Choice(list(FOLDERS)), default="shakespeare")
@click.option(
    "--run",
    "folder",
    metavar="DIR",
    help="Run folder.  [default: runs/demo, and of the novel runs/novel]",
)
@click.option(
    "--preset", metavar="NAME", help=f"Settings to train with.  [default: {DEFAULT_PRESET}]"
)
@click.option("--set", "pairs", multiple=True, metavar="TABLE.KEY=VALUE", help="A single setting.")
def demo(text: str, folder: str | None, preset: str | None, pairs: tuple[str, ...]) -> None:
    """Train a character model on a bundled text and show samples, curves, cells.

    The text is Shakespeare, or `novel`: the beginning of War and Peace, whose speeches stand in
    quotes, so that a cell learns to know whether it is inside of them.

    Everything lands in the run folder; open its report.html in a browser. A demo that was
    interrupted goes on where it stopped; one that is complete is shown again.
    """
    from recurry.cli.train import conduct, gather_settings, show_sample, starter, units_of
    from recurry.report.page import write_report
    from recurry.runs.configuration import load_config
    from recurry.runs.folder import CONFIG_NAME, is_free, is_run_of

    is_asked = preset is not None or bool(pairs)
    config = load_config(
        preset or DEFAULT_PRESET, overrides=_of_text(text, preset) | gather_settings((), pairs, {})
    )
    folder = folder or FOLDERS[text]
    target = Path(folder)
    again = " ".join(
        ["recurry demo"]
        + ([text] if text != "shakespeare" else [])
        + (["--run", shlex.quote(folder)] if folder != FOLDERS[text] else [])
    )
    is_begun = (target / CONFIG_NAME).is_file() and not is_free(target)
    if is_begun and is_asked and not is_run_of(target, config):
        raise UsageError(
            f"The demo in {folder} was begun with other settings.",
            hint=f"another folder with --run, or {again} alone",
        )
    begin = _resumer() if is_begun else starter(config)
    try:
        run = conduct(target, units_of(config), as_json=False, begin=begin)
    except Interrupted as stop:
        raise Interrupted(stop.what, hint=again) from stop
    show_sample(run, as_json=False)
    page = target / "report.html"
    click.echo("drawing curves, samples and coloured cells ...", err=True)
    write_report(page, model=run.best_model(), run_folder=target)
    click.echo(f"report  {page}   (open it in a browser)")
    click.echo(
        f"next: recurry look {shlex.quote(folder)}   (its cells, live, in the browser)", err=True
    )


def _of_text(text: str, preset: str | None) -> dict[str, Any]:
    """The settings that belong to a bundled text."""
    from recurry.data import novel_path

    if text != "novel":
        return {}
    epochs = {"training.epochs": _NOVEL_EPOCHS} if preset is None else {}
    return {"data.paths": (str(novel_path()),)} | epochs


def _resumer() -> Begin:
    from recurry.runs.run import resume

    return lambda folder, notify: resume(folder, notify=notify)
