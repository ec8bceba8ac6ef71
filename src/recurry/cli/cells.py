"""The verb `cells`: list the built-in cells, show one, check a file of equations.

Imports click; the cells inside the commands.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from recurry.compiler.cell import Cell

# The compiled time loops: for inference, for training, and back through time.
_PASSES = ("forward", "saving", "backward")


class _Cells(click.Group):
    """The group whose unknown commands get a useful answer."""

    def resolve_command(self, ctx: click.Context, args: list[str]):
        if args and args[0] not in self.commands:
            ctx.fail(f"There is no command {args[0]!r} here. Try: recurry cells {_meant(args[0])}")
        return super().resolve_command(ctx, args)


def _meant(word: str) -> str:
    """What somebody wanted who typed a word that is no command."""
    from recurry.cells import cells as names
    from recurry.errors import nearest

    close = [] if word in names() else nearest(word, cells.commands)
    return close[0] if close else f"show {word}"


@click.group(cls=_Cells, invoke_without_command=True)
@click.pass_context
def cells(ctx: click.Context) -> None:
    """List cells, show one, or check your own equations."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_cells)


@cells.command("list")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def list_cells(is_json: bool = False) -> None:
    """List the built-in cells (this is what `recurry cells` alone does)."""
    from recurry.cells import cell, cells

    found = [cell(name) for name in cells()]
    if is_json:
        click.echo(json.dumps([_row(one) for one in found], indent=2))
        return
    rows = [(one.name, " ".join(one.states), _needs(one), one.source) for one in found]
    _write_table(("cell", "states", "sizes", "what it is, and its source"), rows)
    click.secho("\nMore of one cell: recurry cells show NAME", dim=True)


@cells.command("show")
@click.argument("cell", metavar="NAME|FILE")
@click.option("--latex", "is_latex", is_flag=True, help="Print the equations as LaTeX.")
@click.option("--svg", type=click.Path(path_type=Path), help="Write a drawing; - is stdout.")
@click.option("--plan", "is_plan", is_flag=True, help="Print how the cell is executed.")
@click.option("--shape", metavar="T,B,I,H", help="With --plan: the shortest time at these sizes.")
@click.option("--measured", "is_measured", is_flag=True, help="With --shape: on this machine.")
@click.option("--ir", type=click.Choice(_PASSES), help="Print LLVM IR of a compiled time loop.")
@click.option("--asm", type=click.Choice(_PASSES), help="Print the same as machine code.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--input-size", type=click.IntRange(1), help="Input size I.  [default: 64]")
@click.option(
    "--hidden-size", type=click.IntRange(1), default=128, show_default=True, help="Hidden size H."
)
def show_cell(
    cell: str,
    *,
    is_latex: bool,
    svg: Path | None,
    is_plan: bool,
    shape: str | None,
    is_measured: bool,
    ir: str | None,
    asm: str | None,
    is_json: bool,
    input_size: int | None,
    hidden_size: int,
) -> None:
    """Print the equations, states, parameters and source of a cell."""
    from recurry.cells import find_cell

    found = find_cell(cell)
    if svg is not None:
        _write_drawing(found, svg)
    if is_latex:
        click.echo(found.latex())
    if is_plan:
        _print_plan(found, shape, is_measured=is_measured)
    if ir or asm:
        _print_code(found, ir=ir, asm=asm)
    if is_latex or is_plan or ir or asm or (svg is not None and not is_json):
        return
    if input_size is None:
        input_size = hidden_size if found.graph.needs_square else 64
    if is_json:
        click.echo(json.dumps(_record(found, input_size, hidden_size), indent=2))
    else:
        _show(found, input_size, hidden_size)


def _print_plan(cell: Cell, shape: str | None, *, is_measured: bool) -> None:
    """The plan, what the compiled backend makes of it, and how fast that could be."""
    from recurry.backends.cpu.kernels import kernels
    from recurry.backends.cpu.listing import kernel_lines

    click.echo(f"{cell.plan}\n")
    for line in kernel_lines(kernels(cell.plan, bits=32, is_fused=True)):
        click.echo(line)
    if shape is not None:
        _print_estimate(cell, shape, is_measured=is_measured)


def _print_estimate(cell: Cell, shape: str, *, is_measured: bool) -> None:
    import torch

    from recurry.measurement.case import Shape
    from recurry.measurement.ceilings import NOMINAL, measure_ceilings
    from recurry.measurement.estimate import estimate_lines

    sizes = Shape.parse(shape)
    cell.parameter_shapes(sizes.input_size, sizes.hidden_size)
    ceilings = measure_ceilings(torch.get_num_threads()) if is_measured else NOMINAL
    click.echo()
    for line in estimate_lines(cell, sizes, ceilings):
        click.echo(line)


def _print_code(cell: Cell, *, ir: str | None, asm: str | None) -> None:
    """What the compiled backend makes of a cell in float32 on this processor."""
    from recurry.backends.cpu.kernels import kernels

    made = kernels(cell.plan, bits=32, is_fused=True)
    if ir:
        click.echo(made.text(ir))
    if asm:
        click.echo(made.assembly(asm))


@cells.command("check", short_help="Say whether a file of equations is a valid cell.")
@click.argument("file", metavar="FILE|-")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def check_cell(file: str, *, is_json: bool) -> None:
    """Say whether the equations in a file are a valid cell, and if not, where and why."""
    from recurry.errors import EquationError

    try:
        found = _read(file)
    except EquationError as error:
        if is_json:
            fields = {"line": error.line, "column": error.column, "hint": error.hint}
            click.echo(json.dumps({"is_valid": False, "error": error.what, **fields}, indent=2))
        raise
    if is_json:
        size = 128
        click.echo(json.dumps({"is_valid": True, **_record(found, size, size)}, indent=2))
        return
    click.secho("These equations are a valid cell.\n", fg="green")
    _show(found, 128 if found.graph.needs_square else 64, 128)


def _read(file: str) -> Cell:
    from recurry.cells.find import decode_cell, read_cell
    from recurry.compiler.cell import Cell

    if file != "-":
        return read_cell(file)
    return Cell.parse(decode_cell(sys.stdin.buffer.read(1_000_000), "-"), source="standard input")


def _write_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, indent: str = "") -> None:
    """A table as wide as its cells; on a terminal its last column is cut to fit."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    room = _terminal_width()
    for number, row in enumerate((titles, *rows)):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        line = (indent + "  ".join(cells)).rstrip()
        line = line if room is None or len(line) <= room else line[: room - 1] + "…"
        click.secho(line, bold=number == 0)


def _terminal_width() -> int | None:
    """How many characters fit in a line; None where the output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _needs(cell: Cell) -> str:
    return "I = H" if cell.graph.needs_square else "any"


def _row(cell: Cell) -> dict[str, Any]:
    """What the list says of a cell."""
    return {
        "name": cell.name,
        "states": list(cell.states),
        "parameters": list(cell.parameters),
        "needs_equal_sizes": cell.graph.needs_square,
        "source": cell.source,
    }


def _record(cell: Cell, input_size: int, hidden_size: int) -> dict[str, Any]:
    """Everything that `show` says of a cell."""
    shapes = cell.parameter_shapes(input_size, hidden_size)
    initial = cell.effective_initial()
    parameters = {
        name: {"shape": list(shape), "initial": initial[name]} for name, shape in shapes.items()
    }
    record = _row(cell) | {"equations": cell.equations, "parameters": parameters}
    return record | {"input_size": input_size, "hidden_size": hidden_size, "latex": cell.latex()}


def _show(cell: Cell, input_size: int, hidden_size: int) -> None:
    shapes = cell.parameter_shapes(input_size, hidden_size)
    initial = cell.effective_initial()
    rows = [(name, " x ".join(map(str, shape)), initial[name]) for name, shape in shapes.items()]
    total = sum(map(math.prod, shapes.values()))
    square = " (this cell needs both equal)" if cell.graph.needs_square else ""
    click.secho(cell.name, fg="cyan", bold=True)
    if cell.source:
        click.secho(_fill(cell.source), dim=True)
    click.secho("\nequations", bold=True)
    click.echo(textwrap.indent(cell.equations, "  "))
    click.secho("\nstates", bold=True)
    click.echo(_fill(", ".join(cell.states) or "none"))
    sizes = f"for input size {input_size}, hidden size {hidden_size}"
    click.secho(f"\n{total:,} weights {sizes}{square}", bold=True)
    _write_table(("parameter", "shape", "initial value"), rows, indent="  ")


def _fill(text: str) -> str:
    return textwrap.fill(text, width=80, initial_indent="  ", subsequent_indent="  ")


def _write_drawing(cell: Cell, path: Path) -> None:
    from recurry.errors import UsageError

    if str(path) == "-":
        click.echo(cell.draw(), nl=False)
        return
    try:
        path.write_text(cell.draw(), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The drawing cannot be written to {str(path)!r}.", got=error.strerror
        ) from None
    click.echo(f"wrote {path}", err=True)
