"""What a pass has to do, counted on a plan: products, pointwise work, memory.

Comes in: a plan. Goes out: counts that hold for every size. Imports the compiler only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recurry.compiler.nodes import Binary, Input, Matmul, Node, Size, State, Unary, topological
from recurry.compiler.plan import Plan

# Functions that take a polynomial; everything else is an instruction or two.
NONLINEAR = {"sigmoid", "tanh", "exp", "log", "softplus", "silu", "gelu", "normal_cdf"}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Lengths of vectors.

    Args:
        input_size: I.
        hidden_size: H.
    """

    input_size: int
    hidden_size: int

    def of(self, size: Size) -> int:
        """The length of a vector of this kind."""
        return {"1": 1, "I": self.input_size, "H": self.hidden_size}[size]


@dataclass(frozen=True, kw_only=True)
class Product:
    """A matrix times a vector, for every row: as many multiply-adds as both sizes multiplied."""

    terms: Size
    results: Size

    def weights(self, sizes: Sizes) -> int:
        """Numbers of the matrix, and multiply-adds for one row."""
        return sizes.of(self.terms) * sizes.of(self.results)


@dataclass(frozen=True, kw_only=True)
class Work:
    """One pass over a sequence, counted for one row (one step of one stream).

    Args:
        loop: Products that wait for the step before.
        bulk: Products that can be made for many steps at once.
        stages: How often a step waits for products: once, and once more for each product of a
            product.
        nonlinear: Functions that take a polynomial, by size of their result.
        simple: Other pointwise operations, by size.
        moved: Vectors that pass through memory beside the weights, by size.
    """

    loop: tuple[Product, ...]
    bulk: tuple[Product, ...]
    stages: int
    nonlinear: tuple[Size, ...]
    simple: tuple[Size, ...]
    moved: tuple[Size, ...]

    def operations(self, sizes: Sizes) -> int:
        """Multiplications and additions of all products for one row."""
        return 2 * sum(product.weights(sizes) for product in (*self.loop, *self.bulk))


def forward_work(plan: Plan, *, is_saving: bool) -> Work:
    """The forward pass, for inference or for training."""
    staged = [p for stage in plan.stages for _, group in stage.products for p in group]
    early = [node for node in plan.hoisted if isinstance(node, Matmul)]
    pointwise = [node for stage in plan.stages for node in stage.pointwise]
    pointwise += [node for node in plan.hoisted if not isinstance(node, Matmul)]
    kept = saved_values(plan) if is_saving else ()
    return Work(
        loop=_products(staged),
        bulk=_products(early),
        stages=sum(1 for stage in plan.stages if stage.products),
        nonlinear=_sizes(node for node in pointwise if is_nonlinear(node)),
        simple=_sizes(node for node in pointwise if not is_nonlinear(node)),
        moved=("I", "H", *_sizes(kept)),
    )


def backward_work(plan: Plan) -> Work:
    """Back-propagation through time, with gradients by weights and input."""
    back = plan.backward
    known: set[Node] = {Input(), *plan.fixed, *plan.saved}
    known |= {State(name) for name in plan.graph.states}
    in_loop = _under(back.states.values(), known)
    every = _under(back.roots, known)
    loop = [node for node in in_loop if isinstance(node, Matmul)]
    others = [node for node in every if isinstance(node, Matmul) and node not in in_loop]
    outer = [product for product, adjoint in back.product_adjoints.items() if adjoint.size != "1"]
    pointwise = [node for node in every if isinstance(node, Unary | Binary)]
    return Work(
        loop=_products(loop),
        bulk=_products([*others, *outer]),
        stages=_depth(back.states.values(), known),
        nonlinear=_sizes(node for node in pointwise if is_nonlinear(node)),
        simple=_sizes(node for node in pointwise if not is_nonlinear(node)),
        moved=("I", "I", "H", *_sizes(saved_values(plan))),
    )


def saved_values(plan: Plan) -> tuple[Node, ...]:
    """What training keeps of a step beside the output: old values of `h` are earlier outputs."""
    return tuple(node for node in plan.saved if node is not State("h"))


def is_nonlinear(node: Node) -> bool:
    """Whether a node takes a polynomial."""
    return isinstance(node, Unary | Binary) and node.function in NONLINEAR


def _products(nodes: Iterable[Matmul]) -> tuple[Product, ...]:
    return tuple(Product(terms=node.operand.size, results=node.size) for node in nodes)


def _sizes(nodes: Iterable[Node]) -> tuple[Size, ...]:
    return tuple(node.size for node in nodes if node.size != "1")


def _under(roots: Iterable[Node], known: set[Node]) -> list[Node]:
    """Everything that has to be computed for some roots, children first."""
    return [node for node in topological(roots, known) if node not in known]


def _depth(roots: Iterable[Node], known: set[Node]) -> int:
    """The largest number of products on a way from a root to a leaf."""
    depth: dict[Node, int] = {}
    for node in _under(roots, known):
        below = max((depth.get(child, 0) for child in node.children), default=0)
        depth[node] = below + isinstance(node, Matmul)
    return max(depth.values(), default=0)
