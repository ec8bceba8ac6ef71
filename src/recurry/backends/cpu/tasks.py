"""A plan as kernels: forward with or without what backward needs, and backward.

Comes in: a plan. Goes out: schedules, and what is left to do before and after the time loop.
Imports the compiler, schedule and scheduler.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from recurry.backends.cpu.schedule import PICKED, Given, Place, Schedule, Task
from recurry.backends.cpu.scheduler import make_schedule
from recurry.backends.remember import once_a_plan
from recurry.compiler.nodes import (
    Adjoint,
    Binary,
    Constant,
    Input,
    Matmul,
    Node,
    Parameter,
    State,
    dependents,
    topological,
)
from recurry.compiler.plan import Plan

_CARRIED, _OUTPUT_GRADIENT = Given("carried"), Given("output_gradient")
_PERSISTENT = ("rows", "before", "after", PICKED)


@dataclass(frozen=True, kw_only=True)
class Forward:
    """A forward kernel and what it is given.

    Args:
        schedule: The kernel.
        vectors: What fills the columns of the buffer `vectors`.
        projected: Products with the input that are made before the loop, by column.
        is_saving: Whether the backward kernel can follow.
        is_fused: Whether products with the input are made inside the loop.
    """

    schedule: Schedule
    vectors: tuple[Node, ...]
    projected: tuple[Matmul, ...]
    is_saving: bool
    is_fused: bool


@dataclass(frozen=True, kw_only=True)
class BackwardPass:
    """A backward kernel and what comes after it.

    Args:
        schedule: The kernel.
        vectors: What fills the columns of the buffer `vectors`.
        kept: Nodes whose values the kernel leaves in the columns of `adjoints`; where products
            read bfloat16, those that products read, rounded.
        exact: Nodes left in the columns of `exact`: where products read bfloat16, those that
            others read.
        summed: For each column of `summed`, the node whose sum it is.
    """

    schedule: Schedule
    vectors: tuple[Node, ...]
    kept: tuple[Node, ...]
    exact: tuple[Node, ...]
    summed: tuple[Node, ...]


@once_a_plan
def forward(plan: Plan, *, is_saving: bool, is_fused: bool, is_rounded: bool = False) -> Forward:
    """The forward pass of a plan; `is_rounded` where products read bfloat16 numbers."""
    graph = plan.graph
    vectors = _vectors(plan)
    given: dict[Node, Place] = _vector_places(vectors)
    read = {node.operand for stage in plan.stages for node in _products(stage.products)}
    outputs: list[tuple[Node, Place]] = []
    operands: dict[Node, Place] = {}
    for name in graph.states:
        is_operand = State(name) in read
        in_turn = not is_saving and name != "h" and (is_rounded or not is_operand)
        before, after = ("even", "odd") if in_turn else ("before", "after")
        given[State(name)] = Place(buffer=f"state_{name}", rows=before)
        outputs.append((graph.next_state[name], Place(buffer=f"state_{name}", rows=after)))
        if is_rounded and is_operand:
            before, after = ("before", "after") if is_saving else ("even", "odd")
            place = Place(buffer=f"rounded_{name}", rows=before, is_rounded=True)
            operands[State(name)] = place
            outputs.append((graph.next_state[name], replace(place, rows=after)))
    if "h" not in graph.states:
        outputs.append((graph.output, Place(buffer="output")))
    given[Input()] = _input_place(is_fused)
    if is_rounded and is_fused:
        operands[Input()] = Place(buffer="input_rounded", is_rounded=True)
    saved = tuple(node for node in plan.saved if _can_save(plan, node)) if is_saving else ()
    roots = [node for node, _ in outputs] + list(saved)
    projected = _projected(plan, roots, is_fused)
    places = {
        node: Place(buffer="projected", rows=PICKED, column=c) for c, node in enumerate(projected)
    }
    task = Task(
        given=given | places,
        outputs=tuple(outputs),
        saved=saved,
        operands=operands,
        operand_rows="rows" if is_saving else "even",
        is_rounded=is_rounded,
    )
    return Forward(
        schedule=make_schedule(_reached(task)),
        vectors=vectors,
        projected=projected,
        is_saving=is_saving,
        is_fused=is_fused,
    )


@once_a_plan
def backward(plan: Plan, *, is_fused: bool, is_rounded: bool = False) -> BackwardPass:
    """The backward pass that follows a saving forward pass."""
    graph, back = plan.graph, plan.backward
    vectors = _vectors(plan)
    saving = forward(plan, is_saving=True, is_fused=is_fused, is_rounded=is_rounded)
    given = _vector_places(vectors) | _known(plan, saving)
    given |= {Adjoint(name): Place(buffer=f"adjoint_{name}", rows="even") for name in graph.states}
    given[_CARRIED] = Place(buffer="adjoint_h", rows="even")
    given[_OUTPUT_GRADIENT] = Place(buffer="output_gradient")
    given[Input()] = _input_place(is_fused)
    given.pop(Adjoint("h"), None)
    whole = Binary("add", _CARRIED, _OUTPUT_GRADIENT) if "h" in graph.states else _OUTPUT_GRADIENT
    split = _Split(plan, {node for node in given if node.children or isinstance(node, State)})
    kept, exact = (split.multiplied, split.exact) if is_rounded else (split.kept, ())
    task = Task(
        given=given,
        replaced={Adjoint("h"): whole},
        outputs=(
            *((n, Place(buffer=f"adjoint_{s}", rows="odd")) for s, n in back.states.items()),
            *(
                (node, Place(buffer="adjoints", column=c, is_rounded=is_rounded))
                for c, node in enumerate(kept)
            ),
            *((node, Place(buffer="exact", column=c)) for c, node in enumerate(exact)),
        ),
        summed=split.summed,
        # Blocks have the size that they were written with, also where not all of it is read.
        widths={n: w for n, w in saving.schedule.widths.items() if n in ("saved", "projected")},
        is_rounded=is_rounded,
    )
    return BackwardPass(
        schedule=make_schedule(_reached(task)),
        vectors=vectors,
        kept=kept,
        exact=exact,
        summed=split.summed,
    )


def _products(groups: Iterable[tuple[Node, tuple[Matmul, ...]]]) -> list[Matmul]:
    return [product for _, products in groups for product in products]


def _vectors(plan: Plan) -> tuple[Node, ...]:
    """Vector parameters and what is made of parameters alone."""
    parameters = [p for p in plan.graph.parameters.values() if p.kind == "vector"]
    return (*parameters, *(node for node in plan.fixed if node.size == "H"))


def _vector_places(vectors: tuple[Node, ...]) -> dict[Node, Place]:
    return {node: Place(buffer="vectors", rows="", column=c) for c, node in enumerate(vectors)}


def _input_place(is_fused: bool) -> Place:
    """Products of the loop read the input row under row; nothing else minds where it lies."""
    return Place(buffer="input", rows="rows" if is_fused else PICKED)


def _can_save(plan: Plan, node: Node) -> bool:
    """Input-sized values are worked out again from the input, except where all sizes are one."""
    return node.size == "H" or plan.graph.needs_square


def _projected(plan: Plan, roots: list[Node], is_fused: bool) -> tuple[Matmul, ...]:
    """Products that do not wait for a state and that the step reads."""
    early = {node for node in plan.hoisted if isinstance(node, Matmul)}
    if is_fused:
        early = {node for node in early if not isinstance(node.operand, Input)}
    reached: dict[Matmul, None] = {}
    seen: set[Node] = set()
    wanted = list(reversed(roots))
    while wanted:
        node = wanted.pop()
        if node in seen or node in plan.fixed:
            continue
        seen.add(node)
        if isinstance(node, Matmul) and node in early:
            reached[node] = None
        else:
            wanted.extend(reversed(node.children))
    return tuple(reached)


def _reached(task: Task) -> Task:
    """The task with only those given places that it reads."""
    stops = set(task.given)
    roots = [node for node, _ in task.outputs] + [*task.summed, *task.saved]
    found: set[Node] = set()
    wanted = list(roots)
    while wanted:
        node = wanted.pop()
        if node not in found:
            found.add(node)
            if node in task.replaced:
                wanted.append(task.replaced[node])
            elif node not in stops:
                wanted.extend(node.children)
    return replace(task, given={node: place for node, place in task.given.items() if node in found})


def _known(plan: Plan, made: Forward) -> dict[Node, Place]:
    """Where the forward kernel left what the backward kernel reads."""
    schedule = made.schedule
    places: dict[Node, Place] = {}
    for name in plan.graph.states:
        places[State(name)] = Place(buffer=f"state_{name}", rows="before")
    stores = [store for stage in schedule.stages for store in stage.stores]
    for node in plan.saved:
        new = schedule.rewritten.get(node)
        if new is None or not _can_save(plan, node) or node in places:
            continue
        homes = [place for stored, place in stores if stored is new]
        homes += [schedule.places[new]] if new in schedule.places else []
        homes = [place for place in homes if place.rows in _PERSISTENT]
        home = next((place for place in homes if not place.is_rounded), None)
        if home is not None:
            places[node] = home
    return places


class _Split:
    """Which results of the backward step the kernel gives, and which are worked out behind it."""

    def __init__(self, plan: Plan, known: set[Node]) -> None:
        self.plan, self.known = plan, known
        back = plan.backward
        self.loop = {n for n in self._under(back.states.values()) if isinstance(n, Matmul)}
        order = topological([*back.roots])
        sources = [n for n in order if isinstance(n, Adjoint | State)]
        self.moving = dependents(order, sources)
        self._computable: dict[Node, bool] = {}
        vectors = [n for n in back.vector_adjoints.values() if n in self.moving]
        self.summed = tuple(dict.fromkeys(n for n in vectors if self.is_computable(n)))
        roots = [*back.product_adjoints.values(), back.input]
        roots += [n for n in vectors if not self.is_computable(n)]
        self.kept = tuple(dict.fromkeys(self._frontier(roots)))
        self.multiplied, self.exact = self._by_reader(roots)

    def _by_reader(self, roots: list[Node]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """The kept nodes that products read, and those that others read."""
        kept, products = set(self.kept), {*self.plan.backward.product_adjoints.values()}
        multiplied = [node for node in self.kept if node in products]
        exact = [self.plan.backward.input]
        seen: set[Node] = set()
        wanted = [node for node in roots if node not in kept]
        while wanted:
            node = wanted.pop()
            if node in seen:
                continue
            seen.add(node)
            found = [child for child in node.children if child in kept]
            (multiplied if isinstance(node, Matmul) else exact).extend(found)
            wanted.extend(child for child in node.children if child not in kept)
        order = self.kept
        return tuple(n for n in order if n in multiplied), tuple(n for n in order if n in exact)

    def _under(self, roots: Iterable[Node]) -> list[Node]:
        found: dict[Node, None] = {}
        wanted = list(roots)
        while wanted:
            node = wanted.pop()
            if node not in found:
                found[node] = None
                if node not in self.known:
                    wanted.extend(node.children)
        return list(found)

    def is_computable(self, node: Node) -> bool:
        """Whether the kernel can have a value without any product beyond those of its loop."""
        if node not in self._computable:
            fits = node.size != "I" or self.plan.graph.needs_square
            if node in self.known or isinstance(node, Constant | Parameter | Adjoint):
                value = fits
            elif isinstance(node, Matmul):
                is_vector = node in self.plan.fixed
                value = fits and (is_vector or node in self.loop)
            else:
                value = fits and all(self.is_computable(child) for child in node.children)
            self._computable[node] = value
        return self._computable[node]

    def _frontier(self, roots: list[Node]) -> list[Node]:
        """The last nodes on the way to the roots that the kernel can give, in their order."""
        found: dict[Node, None] = {}
        seen: set[Node] = set()
        wanted = list(reversed(roots))
        while wanted:
            node = wanted.pop()
            if node in seen or node not in self.moving:
                continue
            seen.add(node)
            if self.is_computable(node):
                found[node] = None
            else:
                wanted.extend(reversed(node.children))
        return list(found)


def columns_of(nodes: Iterable[Node], kept: Mapping[Node, int]) -> list[tuple[int, int]]:
    """Columns of some kept nodes as ranges of neighbours, in the order given."""
    found: list[tuple[int, int]] = []
    for node in nodes:
        column = kept[node]
        if found and found[-1][1] == column:
            found[-1] = (found[-1][0], column + 1)
        else:
            found.append((column, column + 1))
    return found
