"""The figures that this project has set itself: cases, peers, and what is wanted of each.

Comes in: a recipe of a character model. Goes out: figures to be measured. Imports case, language,
ours, peers, row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from recurry.backends.options import Precision
from recurry.backends.recompute import chunk_steps
from recurry.cells import find_cell
from recurry.compiler.cell import Cell
from recurry.measurement.case import Case, Pass, Shape
from recurry.measurement.language import Recipe, measure_language
from recurry.measurement.ours import KeepsAll, kept_bytes
from recurry.measurement.peer import Numbers
from recurry.measurement.peers import find_peers
from recurry.measurement.row import Row
from recurry.measurement.session import Session

# A cell that nobody has seen: two states, one of them with peepholes, three products in a row.
OWN = Cell.parse(
    """
u = sigmoid(W_u @ x + U_u @ h + p_u * m + b_u)
r = sigmoid(W_r @ x + U_r @ h + b_r)
k = tanh(W_k @ x + U_k @ (r * h) + b_k)
m = u * m + (1 - u) * k
o = sigmoid(W_o @ x + U_o @ m + p_o * m + b_o)
h = o * tanh(m)
""",
    name="own",
)
# Where activations take more memory than weights by far.
LONG = "1000,8,256,256"
# Names of what is wanted that are no peers.
BOUND, STEP, MEMORY = "bound", "us a step", "memory"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is wanted of a row.

    Args:
        what: A peer, whose time over ours it is, or `bound` (over our time), `us a step`, or
            `memory` (kept, over what is kept without the option).
        limit: The least that is wanted, or the most of microseconds and of memory.
    """

    what: str
    limit: float

    @property
    def is_most(self) -> bool:
        """Whether less is better."""
        return self.what in (STEP, MEMORY)

    def found(self, row: Row) -> float | None:
        """What a row has of it."""
        values = {BOUND: row.of_bound, STEP: row.step_us, **row.ratios, **row.others}
        return values.get(self.what)

    def is_reached(self, row: Row) -> bool | None:
        """Whether a row has what is wanted; None where it was not measured."""
        found = self.found(row)
        if found is None:
            return None
        return found <= self.limit if self.is_most else found >= self.limit

    def __str__(self) -> str:
        return f"{self.what} {'<=' if self.is_most else '>='} {self.limit:g}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A case and what is wanted of it.

    Args:
        title: What it is about.
        wanted: One or more limits.
        measure: Finds the row.
    """

    title: str
    wanted: tuple[Wanted, ...]
    measure: Callable[[Session], Row]


def all_figures(recipe: Recipe) -> Iterator[Figure]:
    """Every figure, in the order of the documentation."""
    yield from _built_in()
    yield from _any_cell()
    yield from _one_stream()
    yield from _large()
    yield from _special(recipe)


def _built_in() -> Iterator[Figure]:
    """Cells that torch has modules of."""
    lstm, gru, rnn = (find_cell(name) for name in ("lstm", "gru_after", "rnn"))
    for shape, training, inference in (
        ("50,64,256,256", {"torch": 1.35}, {"torch": 1.15}),
        ("50,64,512,512", {"torch": 1.15, BOUND: 0.75}, {"torch": 1.0, BOUND: 0.75}),
    ):
        yield _figure("LSTM", _case(lstm, shape), training)
        yield _figure("LSTM", _case(lstm, shape, kind="inference"), inference)
    for shape, bound in (("50,64,256,256", {}), ("50,64,512,512", {BOUND: 0.45})):
        wanted = {"torch": 1.8, "torch-f32": 4.0, **bound}
        yield _figure("LSTM", _case(lstm, shape, precision="bfloat16"), wanted)
    for shape, ratio in (("50,64,256,256", 1.7), ("100,8,256,256", 3.0), ("100,1,128,128", 8.0)):
        yield _figure("GRU", _case(gru, shape), {"torch": ratio})
    for shape, ratio in (("50,64,256,256", 1.7), ("100,8,256,256", 3.0)):
        yield _figure("tanh RNN", _case(rnn, shape), {"torch": ratio})


def _any_cell() -> Iterator[Figure]:
    """Cells that nobody wrote a kernel for."""
    peephole, mut = find_cell("lstm_peephole"), find_cell("mut1")
    shapes = [f"50,{batch},{size},{size}" for batch in (1, 8, 64) for size in (64, 256, 512)]
    cases = [_case(OWN, shape) for shape in shapes]
    cases += [_case(peephole, f"50,{b},{h},{h}") for b, h in ((1, 128), (8, 256), (64, 256))]
    cases += [_case(mut, f"50,{b},{h},{h}") for b, h in ((1, 64), (8, 256), (64, 512))]
    for case in cases:
        least = {1: 10.0, 8: 5.0}.get(case.shape.batch_size, 2.5)
        yield _figure("any cell", case, {"plain": least, "jax": 2.0})
    for cell, size in ((OWN, 256), (OWN, 512), (peephole, 256)):
        case = _case(cell, f"50,64,{size},{size}", precision="bfloat16")
        yield _figure("any cell", case, {"plain-f32": 8.0})


def _one_stream() -> Iterator[Figure]:
    """The time of a step inside a call for one stream."""
    for cell in (find_cell("lstm"), find_cell("gru"), OWN):
        for size in (64, 128):
            case = _case(cell, f"1000,1,{size},{size}", kind="inference")
            yield _figure("one stream", case, {STEP: 1.5, BOUND: 0.5})


def _large() -> Iterator[Figure]:
    """Shapes where nothing but arithmetic should cost time."""
    least: dict[Precision, float] = {"float32": 0.75, "bfloat16": 0.45}
    for precision, share in least.items():
        for cell in (find_cell("gru_after"), OWN):
            for kind in ("inference", "training"):
                for shape in ("50,64,512,512", "25,32,1024,1024"):
                    case = _case(cell, shape, kind=kind, precision=precision)
                    yield _figure("large", case, {BOUND: share})


def _special(recipe: Recipe) -> Iterator[Figure]:
    """Unequal lengths, less memory, and a whole training step."""
    # Sequences of every length from 10 to 400, evenly.
    lengths = tuple(10 + 390 * number // 31 for number in range(32))
    uneven = replace(_case(find_cell("lstm"), "400,32,256,256"), lengths=lengths)
    yield _figure("unequal lengths", uneven, {"torch": 4.0})
    low = replace(_case(find_cell("lstm"), LONG), memory="low")
    wanted = (Wanted(what=MEMORY, limit=1 / 8), Wanted(what="itself", limit=1 / 1.5))
    yield Figure(title="less memory", wanted=wanted, measure=partial(_measure_memory, low))
    least: dict[Precision, float] = {"float32": 1.4, "bfloat16": 4.0}
    for precision, ratio in least.items():
        yield Figure(
            title="training step",
            wanted=(Wanted(what="torch-f32", limit=ratio),),
            measure=partial(_measure_language, recipe, precision),
        )


def _case(
    cell: Cell, shape: str, *, kind: Pass = "training", precision: Precision = "float32"
) -> Case:
    return Case(cell=cell, shape=Shape.parse(shape), kind=kind, precision=precision)


def _figure(title: str, case: Case, wanted: Mapping[str, float]) -> Figure:
    """A case beside the peers among what is wanted."""
    peers = [what for what in wanted if what not in (BOUND, STEP, MEMORY)]
    limits = tuple(Wanted(what=what, limit=limit) for what, limit in wanted.items())
    return Figure(title=title, wanted=limits, measure=partial(_measure_case, case, peers))


def _measure_case(case: Case, peers: Sequence[str], session: Session) -> Row:
    return session.row(case, find_peers(peers))


def _measure_memory(case: Case, session: Session) -> Row:
    """Time and memory beside the layer that keeps everything."""
    row = session.row(case, [KeepsAll(session.backend)])
    if row.time_ms is None:
        return row
    low, all_steps = (
        kept_bytes(Numbers(case=one, backend=session.backend))
        for one in (case, replace(case, memory="default"))
    )
    # The backward pass makes what it needs for one chunk of steps at a time.
    chunk = all_steps * chunk_steps(case.num_steps) / case.num_steps
    return replace(row, others={MEMORY: (low + chunk) / all_steps})


def _measure_language(recipe: Recipe, precision: Precision, session: Session) -> Row:
    return measure_language(recipe, precision, backend=session.backend, repeats=session.repeats)
