"""The verb `bench`: how fast layers are on this machine, beside what torch offers.

Imports click; torch and the layer inside the commands.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from recurry.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table
    from torch import Tensor

    from recurry.network.recurrent import Recurrent

DEFAULT_CELLS = ("lstm", "gru_after", "rnn", "gru", "mut1")
DEFAULT_SHAPES = ("32,16,64,64", "64,32,256,256")
_PIPE_WIDTH = 200  # columns; nobody is helped by lines that were folded for a terminal


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Steps, batch, input and hidden size of a measurement."""

    num_steps: int
    batch_size: int
    input_size: int
    hidden_size: int

    @classmethod
    def parse(cls, text: str) -> Shape:
        """A shape from `T,B,I,H`."""
        parts = text.split(",")
        if len(parts) != 4 or not all(part.strip().isdecimal() and int(part) for part in parts):
            raise UsageError(
                "A shape is four whole numbers.",
                where="--shape",
                got=text,
                accepted="T,B,I,H: steps, batch, input size, hidden size",
                hint="--shape 128,64,512,512",
            )
        numbers = [int(part) for part in parts]
        return cls(
            num_steps=numbers[0],
            batch_size=numbers[1],
            input_size=numbers[2],
            hidden_size=numbers[3],
        )

    def __str__(self) -> str:
        return f"{self.num_steps} {self.batch_size} {self.input_size} {self.hidden_size}"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One row: medians of interleaved runs.

    Args:
        cell: Name of the cell.
        shape: Steps, batch, input and hidden size.
        backend: Who ran the layer in training.
        forward_ms: One forward pass without gradients.
        training_ms: One forward and backward pass.
        gflops: Rate of the products in training, in 10^9 operations a second.
        steps_per_second: Steps of all streams together in training: characters a second.
        rival: What the layer is compared with.
        rival_training_ms: The same pass of the rival.
        ratio: The rival's time over ours; above 1 we are faster.
    """

    cell: str
    shape: str
    backend: str
    forward_ms: float
    training_ms: float
    gflops: float
    steps_per_second: float
    rival: str
    rival_training_ms: float
    ratio: float


@click.group(invoke_without_command=True)
@click.pass_context
def bench(ctx: click.Context) -> None:
    """Measure the speed of layers on this machine."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(layers)


@bench.command()
@click.option("--cell", "names", multiple=True, help="Cell name, equation file or equations.")
@click.option("--shape", "texts", multiple=True, metavar="T,B,I,H", help="Sizes to measure.")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1), help="Runs each.")
@click.option("--threads", type=click.IntRange(1), help="Threads of torch; all when not given.")
@click.option("--backend", default="auto", show_default=True, help="Backend of the layer.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def layers(
    names: Sequence[str] = (),
    texts: Sequence[str] = (),
    repeats: int = 7,
    threads: int | None = None,
    backend: str = "auto",
    is_json: bool = False,
) -> None:
    """Time layers against torch.nn where it has the cell, else against a loop in plain torch."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    shapes = [Shape.parse(text) for text in texts or DEFAULT_SHAPES]
    ceiling = product_ceiling(repeats)
    rows = []
    for name in names or DEFAULT_CELLS:
        for shape in shapes:
            rows.append(measure(name, shape, backend=backend, repeats=repeats))
    if is_json:
        facts = {"threads": torch.get_num_threads(), "ceiling_gflops": round(ceiling, 1)}
        click.echo(json.dumps(facts | {"layers": [asdict(row) for row in rows]}, indent=2))
        return
    _print_tables(rows, ceiling, torch.get_num_threads())


def measure(name: str, shape: Shape, *, backend: str, repeats: int) -> Measurement:
    """Time one cell at one shape beside its rival, run by run in turns."""
    import torch

    from recurry.network.recurrent import Recurrent

    layer = Recurrent(name, shape.input_size, shape.hidden_size, backend=backend)
    x = torch.randn(shape.num_steps, shape.batch_size, shape.input_size)
    rival_name, rival = _rival(layer)
    ours, theirs, forward = interleaved(
        [_training(layer, x), _training(rival, x), _forward(layer, x)], repeats
    )
    return Measurement(
        cell=layer.cell.name,
        shape=str(shape),
        backend=_backend_name(layer, x),
        forward_ms=round(forward * 1e3, 3),
        training_ms=round(ours * 1e3, 3),
        gflops=round(3 * product_operations(layer, shape) / ours / 1e9, 1),
        steps_per_second=round(shape.num_steps * shape.batch_size / ours),
        rival=rival_name,
        rival_training_ms=round(theirs * 1e3, 3),
        ratio=round(theirs / ours, 2),
    )


def interleaved(runs: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """The median seconds of some runs, taken in turns so that they share the machine's moods."""
    times: list[list[float]] = [[] for _ in runs]
    for repeat in range(repeats + 1):
        for number, run in enumerate(runs):
            start = time.perf_counter()
            run()
            if repeat:  # the first round warms caches up
                times[number].append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in times]


def product_operations(layer: Recurrent, shape: Shape) -> int:
    """Multiplications and additions of the products of a forward pass."""
    from recurry.compiler.graph import Matmul

    sizes = {"I": shape.input_size, "H": shape.hidden_size}
    products = [node for node in layer.cell.graph.nodes if isinstance(node, Matmul)]
    columns = sum(sizes[product.matrix.columns or "H"] for product in products)
    return 2 * shape.num_steps * shape.batch_size * shape.hidden_size * columns


def product_ceiling(repeats: int) -> float:
    """The rate of one large product on this machine, in 10^9 operations a second."""
    import torch

    size = 1024
    a = torch.randn(size, size)
    (seconds,) = interleaved([lambda: torch.mm(a, a)], max(repeats, 5))
    return 2 * size**3 / seconds / 1e9


def plain_loop(layer: Recurrent, x: Tensor) -> Tensor:
    """The cell as one would write it in torch: a loop over time, operation by operation."""
    import torch

    from recurry.compiler.graph import Constant, Input, Matmul, Parameter, State
    from recurry.compiler.nodes import topological

    plan = layer.cell.plan
    weights = {name.rsplit(".", 1)[1]: value for name, value in layer.named_parameters()}
    state = {name: x.new_zeros(x.shape[1], layer.hidden_size) for name in plan.next_state}
    order = topological([plan.output, *plan.next_state.values()])
    outputs = []
    for x_t in x:
        values = {}
        for node in order:
            if isinstance(node, Input):
                values[node] = x_t
            elif isinstance(node, State):
                values[node] = state[node.name]
            elif isinstance(node, Parameter):
                values[node] = weights[node.name]
            elif isinstance(node, Constant):
                values[node] = node.value
            elif isinstance(node, Matmul):
                values[node] = values[node.operand] @ values[node.matrix].t()
            else:
                operands = [values[child] for child in node.children]
                values[node] = _operation(node.function)(*operands)  # type: ignore[attr-defined]
        state = {name: values[node] for name, node in plan.next_state.items()}
        outputs.append(values[plan.output])
    return torch.stack(outputs)


def _operation(function: str) -> Callable[..., Tensor]:
    """A function of the language as torch's users write it."""
    import operator

    import torch
    from torch.nn import functional

    signs = {
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "divide": operator.truediv,
        "negate": operator.neg,
        "hard_sigmoid": functional.hardsigmoid,
    }
    return signs.get(function) or getattr(torch, function, None) or getattr(functional, function)


def _rival(layer: Recurrent) -> tuple[str, Callable[[Tensor], object]]:
    """The torch module of a cell, or the loop that its user would write."""
    try:
        module = layer.to_torch()
    except UsageError:
        return "plain loop", lambda x: (plain_loop(layer, x), None)
    return f"torch.nn.{type(module).__name__}", module


def _training(run: Callable, x: Tensor) -> Callable[[], None]:
    def once() -> None:
        output, _ = run(x)
        output.sum().backward()

    return once


def _forward(run: Callable, x: Tensor) -> Callable[[], None]:
    import torch

    def once() -> None:
        with torch.no_grad():
            run(x)

    return once


def _backend_name(layer: Recurrent, x: Tensor) -> str:
    from recurry.backends import Request, RunOptions, choose_backend

    request = Request(
        plan=layer.cell.plan,
        options=RunOptions(),
        num_steps=x.shape[0],
        batch_size=x.shape[1],
        needs_gradient=True,
    )
    return choose_backend(layer.backend, request).name


def _print_tables(rows: Sequence[Measurement], ceiling: float, num_threads: int) -> None:
    """A table for each shape, narrow enough for 80 columns."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    for shape in dict.fromkeys(row.shape for row in rows):
        console.print(f"T B I H = {shape}, times in ms")
        console.print(_table([row for row in rows if row.shape == shape]), "")
    threads = "1 thread" if num_threads == 1 else f"{num_threads} threads"
    click.secho(
        "ratio: the rival's training time over the layer's; above 1 the layer is faster.\n"
        f"{threads}; one large float32 product reaches {ceiling:.0f} GFLOP/s here.",
        dim=True,
    )


def _table(rows: Sequence[Measurement]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("cell", "backend"):
        table.add_column(title, no_wrap=True)
    for title in ("forward", "training", "GFLOP/s", "steps/s", "ratio"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("rival", no_wrap=True)
    for row in rows:
        table.add_row(
            row.cell,
            row.backend,
            _four_figures(row.forward_ms),
            _four_figures(row.training_ms),
            f"{row.gflops:.3g}",
            f"{row.steps_per_second:,}",
            f"{row.ratio:.2f}",
            row.rival,
        )
    return table


def _four_figures(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.4g}"
