"""What `generate` and `evaluate` share: the options that paint cells, and showing paintings."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from recurry.errors import UsageError

if TYPE_CHECKING:
    from recurry.inspection.html import Painting
    from recurry.inspection.terminal import Depth
    from recurry.tasks.language import LanguageModel

PAINT_OPTIONS = (
    click.Option(
        ["--colour"],
        metavar="CELL",
        help="Paint a cell: UNIT of the last layer, LAYER:UNIT, LAYER:STATE:UNIT, or 'varying' "
        "for the ten cells that vary most.",
    ),
    click.Option(["--html"], metavar="FILE", help="Also write the painted text to a page."),
    click.Option(
        ["--paint"],
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Whether colours are printed; auto asks the terminal.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Paint:
    """What is to be painted, and where to.

    Args:
        colour: The cell, or None for no colours at all.
        html: A file to write, or None.
        paint: "auto", "always" or "never".
        as_json: Whether standard output belongs to a program.

    Raises:
        UsageError: The options contradict each other.
    """

    colour: str | None
    html: str | None
    paint: str
    as_json: bool

    def __post_init__(self) -> None:
        if self.html and not self.colour:
            raise UsageError(
                "--html writes painted text, but no cell to paint was named.",
                hint="--colour varying, or --colour LAYER:UNIT",
            )
        if self.paint == "always" and (self.as_json or not self.colour):
            raise UsageError(
                "--paint always prints colours, "
                + ("which --json cannot hold." if self.as_json else "but no cell was named."),
                hint="leave out --paint" + ("" if self.as_json else ", or --colour varying"),
            )
        if self.as_json and self.colour and not self.html:
            raise UsageError(
                "--json prints no colours, so --colour would have no effect.",
                hint="--html FILE for a painted page, or leave out --json",
            )

    @property
    def is_one_cell(self) -> bool:
        """Whether a single cell is painted, which can be done while a text is written."""
        return self.colour is not None and self.colour != "varying"

    def depth(self) -> Depth:
        """How many colours standard output shows."""
        from recurry.inspection.terminal import colour_depth, richest_depth

        if self.paint == "always":
            return richest_depth(os.environ)
        is_terminal = sys.stdout.isatty() and self.paint == "auto" and not self.as_json
        return colour_depth(os.environ, is_terminal=is_terminal)


def check_painting(paint: Paint, model: LanguageModel) -> None:
    """Tell a wrong cell or file at once, not behind a long text.

    Raises:
        UsageError: The model has no such cell, or the page could not be written.
    """
    from recurry.inspection.address import painted_state, parse_address
    from recurry.inspection.figure import check_page
    from recurry.inspection.subject import subject_of

    if paint.is_one_cell:
        parse_address(paint.colour or "", subject_of(model))
    elif paint.colour:
        painted_state(model.cell)
    if paint.html:
        check_page(paint.html)


def show_paintings(paintings: Sequence[Painting], paint: Paint) -> None:
    """Print paintings, each under its title, where colours can be seen."""
    from recurry.inspection.terminal import paint_all

    depth = paint.depth()
    if depth == "none" or not paintings:
        return
    for painting in paintings:
        click.secho(f"\n── {painting.title} ({painting.address}) ──", bold=True)
        text = paint_all(painting.pieces, painting.values, is_known=painting.is_known, depth=depth)
        click.echo(text, nl=not text.endswith("\n"), color=True)
    show_legend(depth, has_unknown=any(painting.has_unknown for painting in paintings))


def show_legend(depth: Depth, *, has_unknown: bool = False) -> None:
    """What the colours mean, and what is underlined, as talk."""
    from recurry.inspection.terminal import legend

    click.echo("\n" + legend(depth, has_unknown=has_unknown), err=True, color=True)


def finish_painting(
    paintings: Sequence[Painting], paint: Paint, *, model: LanguageModel, title: str
) -> None:
    """Write the page if one was asked for; say where the colours are if none were shown."""
    from recurry.inspection.figure import save_page
    from recurry.inspection.subject import subject_of

    if paint.html:
        save_page(paint.html, paintings, title=title, note=subject_of(model).title)
        click.echo(f"Painted page: {paint.html}", err=True)
    elif paint.depth() == "none":
        click.echo(
            "No colours were printed, as this is no terminal that shows them. "
            "Use --paint always, or --html FILE.",
            err=True,
        )
