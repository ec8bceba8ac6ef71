"""What a time loop computes, where every value lies, and in which order: the plan of one kernel.

Comes in: nothing; these are the records. A task (nodes to carry, keep, save and sum) becomes a
schedule: stages of matrix products and pointwise work, with each value in registers, or at a place
in memory where another stage or another kernel needs it. Imports the compiler.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from recurry.compiler.nodes import Constant, Matmul, Node

# The table of places that hold what depends on the input alone: which row of such a place a row
# reads is an entry of its own, because many rows may read one.
PICKED = "picks"


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Sum(Node):
    """A leaf: the sum of some products of one stage, which share accumulators.

    The accumulators begin at zero, or at a product with the input that was made before the loop:
    the same numbers are then added in the same order as where the loop makes that product.
    """

    products: tuple[Matmul, ...]
    start: Matmul | None = None


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Given(Node):
    """A leaf with a name: a value that comes from outside the equations."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value of every row and unit lies.

    Args:
        buffer: Name of the memory.
        rows: Which row belongs to the first stream of a step: an entry of a table of that name;
            `PICKED`, where each row has an entry of its own; "" where all rows are one.
        column: Which of several values in the buffer.
        is_blocked: Whether the values of one block of units lie side by side (written and read by
            kernels only), or each value is a matrix of its own (products read those).
        is_rounded: Whether it holds bfloat16 numbers, which only products read.
    """

    buffer: str
    rows: str = "rows"
    column: int = 0
    is_blocked: bool = False
    is_rounded: bool = False


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is wanted of a time loop.

    Args:
        given: Nodes whose values come from outside, with their places.
        replaced: Nodes that stand for other nodes.
        outputs: Nodes and places that their values are written to at every step.
        summed: Nodes summed over all steps and streams.
        saved: Nodes written to the blocks that the backward kernel reads.
        operands: Places that products read given nodes from, where those are others than `given`.
        operand_rows: The table of rows for operands of products that have no place otherwise.
        widths: Columns of the buffers that another kernel has laid out.
        is_rounded: Whether products read bfloat16 numbers.
    """

    given: Mapping[Node, Place]
    outputs: tuple[tuple[Node, Place], ...]
    replaced: Mapping[Node, Node] = field(default_factory=dict)
    summed: tuple[Node, ...] = ()
    saved: tuple[Node, ...] = ()
    operands: Mapping[Node, Place] = field(default_factory=dict)
    operand_rows: str = "rows"
    widths: Mapping[str, int] = field(default_factory=dict)
    is_rounded: bool = False


@dataclass(frozen=True, kw_only=True)
class Group:
    """Sums that read the same operands: one stack of matrices.

    Args:
        name: Of the buffer of packed matrices.
        operands: Places of the vectors, one for each product of a sum.
        sizes: "I" or "H", the length of each.
        sums: The accumulators.
        matrices: For each sum, for each operand: name of the matrix and whether it is transposed.
    """

    name: str
    operands: tuple[Place, ...]
    sizes: tuple[str, ...]
    sums: tuple[Sum, ...]
    matrices: tuple[tuple[tuple[str, bool], ...], ...]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Products whose operands are complete, then what they make possible.

    Args:
        groups: The products.
        pointwise: Nodes to compute, children first.
        stores: Nodes and the places they are written to.
        summed: Nodes, with their column, that are summed over rows.
    """

    groups: tuple[Group, ...]
    pointwise: tuple[Node, ...]
    stores: tuple[tuple[Node, Place], ...]
    summed: tuple[tuple[Node, int], ...]

    @property
    def sums(self) -> tuple[Sum, ...]:
        """All accumulators, group by group."""
        return tuple(total for group in self.groups for total in group.sums)

    @property
    def leaves(self) -> tuple[Node, ...]:
        """Values that the pointwise work reads from memory."""
        inside = {*self.pointwise, *self.sums}
        read = [child for node in self.pointwise for child in node.children]
        read += [node for node, _ in (*self.stores, *self.summed)]
        return tuple(
            node
            for node in dict.fromkeys(read)
            if node not in inside and not isinstance(node, Constant)
        )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One kernel, ready to be written.

    Args:
        stages: The parts of a step; threads meet before each that has products.
        places: Where each value that is read from memory lies.
        widths: Number of columns of each buffer.
        operands: Operands of products that the kernel itself writes, with their places.
        rewritten: For each node of the task, the node that the kernel computes for it.
    """

    stages: tuple[Stage, ...]
    places: Mapping[Node, Place]
    widths: Mapping[str, int]
    operands: Mapping[Node, Place]
    rewritten: Mapping[Node, Node]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The stacks of matrices of all stages."""
        return tuple(group for stage in self.stages for group in stage.groups)

    @cached_property
    def buffers(self) -> tuple[str, ...]:
        """Names of all memory that the kernel touches, in the order of its arguments."""
        leaves = [node for stage in self.stages for node in stage.leaves]
        leaves += [total.start for group in self.groups for total in group.sums if total.start]
        read = [self.places[node].buffer for node in leaves]
        written = [place.buffer for stage in self.stages for _, place in stage.stores]
        products = [place.buffer for group in self.groups for place in group.operands]
        weights = [group.name for group in self.groups]
        sums = ["summed"] if any(stage.summed for stage in self.stages) else []
        return tuple(dict.fromkeys([*read, *written, *products, *weights, *sums]))

    @cached_property
    def rounded(self) -> frozenset[str]:
        """The buffers of bfloat16 numbers, weights aside."""
        written = [place for stage in self.stages for _, place in stage.stores]
        read = [place for group in self.groups for place in group.operands]
        return frozenset(place.buffer for place in (*written, *read) if place.is_rounded)

    @cached_property
    def tables(self) -> dict[str, str]:
        """For each buffer of values, the table of its rows that is written, or else read."""
        read = {place.buffer: place.rows for place in self.places.values()}
        return read | {p.buffer: p.rows for stage in self.stages for _, p in stage.stores}
