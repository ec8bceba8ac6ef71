"""The kernels of a cell in words: stages, products, pointwise work, and what lies in memory.

Comes in: kernels. Goes out: lines of text. Imports kernels, passes, schedule; the compiler's names.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from recurry.backends.cpu.forward import kept_names, memory_shape
from recurry.backends.cpu.kernels import Kernels
from recurry.backends.cpu.schedule import Group, Schedule, Stage
from recurry.compiler.nodes import Matmul, Node
from recurry.compiler.plan import name_nodes
from recurry.compiler.print import expression, factor

_NUMBERS = {16: "products of bfloat16, the rest float32", 32: "float32", 64: "float64"}
_TITLES = {
    "forward": "forward for inference, every step",
    "saving": "forward for training, every step",
    "backward": "backward, every step from the last",
}


def kernel_lines(made: Kernels) -> Iterator[str]:
    """What the three kernels of a cell do, stage by stage."""
    names = name_nodes(made.plan)
    yield f"compiled, {_NUMBERS[made.bits]}"
    for which, title in _TITLES.items():
        schedule: Schedule = getattr(made, f"{which}_pass").schedule
        yield f"{title}"
        if which != "backward":
            yield from _early(getattr(made, f"{which}_pass").projected, names)
        for number, stage in enumerate(schedule.stages, 1):
            yield from _stage(number, stage, schedule, names)
    yield from _behind(made, names)
    yield (
        f"kept from forward to backward: {kept_columns(made)} numbers, {_kept_bytes(made)} bytes, "
        "a step and unit"
    )


def kept_columns(made: Kernels) -> int:
    """Numbers a step and unit that a training pass keeps for its backward pass."""
    widths = made.saving_pass.schedule.widths
    return sum(widths.get(name, 1) for name in kept_names(made))


def _kept_bytes(made: Kernels) -> int:
    """Their bytes."""
    facts = [memory_shape(made, name, rows=0, streams=0, padded=1) for name in kept_names(made)]
    return sum(columns * dtype.itemsize for _, columns, dtype in facts)


def _early(projected: Iterable[Matmul], names: Mapping[Node, str]) -> Iterator[str]:
    products = [expression(product, names) for product in projected]
    if products:
        yield from _wrapped(f"before the loop: {', '.join(products)}")


def _stage(
    number: int, stage: Stage, schedule: Schedule, names: Mapping[Node, str]
) -> Iterator[str]:
    original = {new: old for old, new in reversed(list(schedule.rewritten.items()))}
    yield f"  stage {number}"
    for group in stage.groups:
        yield from _wrapped(f"products: {_products(group, names)}", 4)
    counts = Counter(getattr(node, "function", "") for node in stage.pointwise)
    if counts:
        work = ", ".join(f"{count} {function}" for function, count in counts.most_common())
        yield from _wrapped(f"pointwise: {work}", 4)
    written: dict[str, list[str]] = {}
    for node, place in stage.stores:
        shown = expression(original.get(node, node), names)
        written.setdefault(_purpose(place.buffer), []).append(shown)
    for purpose, values in written.items():
        yield from _wrapped(f"{purpose}: {', '.join(values)}", 4)
    if stage.summed:
        yield f"    added up over steps and streams: {len(stage.summed)}"


def _products(group: Group, names: Mapping[Node, str]) -> str:
    """`[U_f U_i] @ h` for each operand of a group; all of them end in the same sums."""
    terms = []
    for place, product in enumerate(group.sums[0].products):
        matrices = [
            name + (".T" if is_transposed else "")
            for name, is_transposed in (each[place] for each in group.matrices)
        ]
        stack = f"[{' '.join(matrices)}]" if len(matrices) > 1 else matrices[0]
        terms.append(f"{stack} @ {factor(product.operand, names)}")
    return " + ".join(terms)


# What the values in a buffer are for.
_PURPOSES = {
    "saved": "kept for backward",
    "spilled": "kept for a later stage",
    "adjoints": "kept for the products behind the loop",
    "output": "output",
    "exact": "kept for what follows the loop",
}
_WITH_NAME = (
    ("state_", "new {}"),
    ("adjoint_", "gradient by {}[-1]"),
    ("rounded_", "new {}, rounded for products"),
)


def _purpose(buffer: str) -> str:
    """What the values in a buffer are for; the buffer's name where that says it."""
    for prefix, text in _WITH_NAME:
        if buffer.startswith(prefix):
            return text.format(buffer.removeprefix(prefix))
    return "operand" if buffer.startswith("operand_") else _PURPOSES.get(buffer, buffer)


def _behind(made: Kernels, names: Mapping[Node, str]) -> Iterator[str]:
    """Products over all steps behind the loop of the backward kernel."""
    found: dict[str, list[str]] = {}
    for product in made.plan.backward.product_adjoints:
        found.setdefault(factor(product.operand, names), []).append(product.matrix.name)
    texts = [f"[{' '.join(matrices)}] by {operand}" for operand, matrices in found.items()]
    if texts:
        yield "behind the loop, for all steps at once"
        yield from _wrapped(f"gradients of {', '.join(texts)}; of x")


def _wrapped(text: str, indent: int = 2) -> list[str]:
    return textwrap.wrap(
        text, 80, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2)
    )
