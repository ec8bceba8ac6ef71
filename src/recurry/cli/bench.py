"""The verb `bench`: how fast layers are on this machine, beside its limits and other libraries.

Imports click; torch and the measurement inside the commands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from recurry.errors import UsageError

_CELLS = ("lstm", "gru_after", "rnn", "gru", "mut1")
_SHAPES = ("50,64,256,256", "100,1,128,128")


@click.group(invoke_without_command=True)
@click.pass_context
def bench(ctx: click.Context) -> None:
    """Measure the speed of layers on this machine."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(kernels)


@bench.command()
@click.option("--cell", "cells", multiple=True, help="Cell name, equation file or equations.")
@click.option("--shape", "shapes", multiple=True, metavar="T,B,I,H", help="Sizes to measure.")
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    type=click.Choice(("float32", "float64", "bfloat16")),
    help="What products compute in.  [default: float32]",
)
@click.option(
    "--pass",
    "kinds",
    multiple=True,
    type=click.Choice(("inference", "training", "step")),
    help="Whole sequences, forward or also backward, or one step a call.  [default: the first two]",
)
@click.option("--threads", type=click.IntRange(1), help="Threads of torch; all when not given.")
@click.option(
    "--peers",
    default="torch,plain,jax,onnx",
    show_default=True,
    help="Beside whom, separated by commas: also torch-f32 and plain-f32; or none.",
)
@click.option("--backend", default="cpu", show_default=True, help="Backend of the layer.")
@click.option(
    "--suite",
    type=click.Choice(("quick", "figures")),
    default="quick",
    show_default=True,
    help="A few rows, or all figures that are wanted (some minutes; sizes and peers are its own).",
)
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1), help="Samples.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", "is_markdown", is_flag=True, help="Print the figures as Markdown.")
def kernels(
    cells: Sequence[str] = (),
    shapes: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    kinds: Sequence[str] = (),
    threads: int | None = None,
    peers: str = "torch,plain,jax,onnx",
    backend: str = "cpu",
    suite: str = "quick",
    repeats: int = 7,
    is_json: bool = False,
    is_markdown: bool = False,
) -> None:
    """Time cells beside the limits of this machine and beside other libraries.

    Every time is the median of samples that take turns with those of the peers. The bound is the
    shortest time that the machine's products and memory allow, as measured in the same run.
    """
    import torch

    from recurry.backends import check_backend
    from recurry.cells import find_cell
    from recurry.measurement.case import Case, Shape
    from recurry.measurement.peers import find_peers
    from recurry.measurement.session import Session

    check_backend(backend)
    if threads:
        torch.set_num_threads(threads)
    if suite == "figures":
        _refuse_cases(cells, shapes, dtypes, kinds)
        _measure_figures(backend, repeats, is_json=is_json, is_markdown=is_markdown)
        return
    if is_markdown:
        raise UsageError("Only the figures are printed as Markdown.", hint="--suite figures")
    cases = [
        Case(cell=find_cell(cell), shape=Shape.parse(shape), precision=dtype, kind=kind)  # type: ignore[arg-type]
        for cell in cells or _CELLS
        for shape in shapes or _SHAPES
        for dtype in dtypes or ("float32",)
        for kind in kinds or ("inference", "training")
    ]
    beside = find_peers([] if peers == "none" else peers.split(","))
    session = Session.begin(backend=backend, repeats=repeats)
    if is_json:
        click.echo(json.dumps(session.record(session.rows(cases, beside)), indent=2))
        return
    for line in session.lines(cases, beside):
        click.echo(line)


def _refuse_cases(*given: Sequence[str]) -> None:
    if any(given):
        raise UsageError(
            "The suite of figures has its own cells, shapes, types and passes.",
            hint="--suite quick, or neither of --cell, --shape, --dtype and --pass",
        )


def _measure_figures(backend: str, repeats: int, *, is_json: bool, is_markdown: bool) -> None:
    from recurry.measurement.figures import all_figures
    from recurry.measurement.language import Recipe
    from recurry.measurement.session import Session
    from recurry.measurement.verdicts import (
        as_record,
        measure_figures,
        write_figures,
        write_markdown,
    )
    from recurry.runs.configuration import load_config

    preset = load_config("laptop")
    recipe = Recipe(
        name="laptop",
        network=preset.network,
        optimiser=preset.optimiser,
        num_steps=preset.window.k1,
        num_lanes=preset.training.lanes,
    )
    session = Session.begin(backend=backend, repeats=repeats)
    verdicts = measure_figures(all_figures(recipe), session)
    if is_json:
        click.echo(json.dumps(as_record(verdicts, session), indent=2))
        return
    for line in (write_markdown if is_markdown else write_figures)(verdicts, session):
        click.echo(line)
