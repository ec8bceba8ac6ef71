"""`recurry demo`: the main job on bundled data, from nothing to a page that can be shown."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recurry.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from recurry.cli.train import Begin

DEFAULT_FOLDER, DEFAULT_PRESET = "runs/demo", "laptop"


@click.command()
@click.option(
    "--run", "folder", metavar="DIR", default=DEFAULT_FOLDER, show_default=True, help="Run folder."
)
@click.option(
    "--preset", metavar="NAME", help=f"Settings to train with.  [default: {DEFAULT_PRESET}]"
)
@click.option("--set", "pairs", multiple=True, metavar="TABLE.KEY=VALUE", help="A single setting.")
def demo(folder: str, preset: str | None, pairs: tuple[str, ...]) -> None:
    """Train a character model on bundled Shakespeare and show samples, curves, cells.

    Everything lands in the run folder; open its report.html in a browser. A demo that was
    interrupted goes on where it stopped; one that is complete is shown again.
    """
    from recurry.cli.train import conduct, gather_settings, show_sample, starter, units_of
    from recurry.report.page import write_report
    from recurry.runs.configuration import load_config
    from recurry.runs.folder import CONFIG_NAME, is_free, is_run_of

    is_asked = preset is not None or bool(pairs)
    config = load_config(preset or DEFAULT_PRESET, overrides=gather_settings((), pairs, {}))
    target = Path(folder)
    again = "recurry demo" + (f" --run {shlex.quote(folder)}" if folder != DEFAULT_FOLDER else "")
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


def _resumer() -> Begin:
    from recurry.runs.run import resume

    return lambda folder, notify: resume(folder, notify=notify)
