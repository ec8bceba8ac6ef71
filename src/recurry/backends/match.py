"""Whether two cells are the same up to the names of their parameters and states.

Comes in: two graphs. Goes out: which name stands for which, or nothing. Imports program.
"""

from collections.abc import Sequence

from recurry.backends.program import summands
from recurry.compiler.graph import Graph
from recurry.compiler.nodes import Binary, Constant, Matmul, Node, Parameter, State, Unary

_COMMUTING = ("multiply", "minimum", "maximum")


def match(graph: Graph, reference: Graph) -> dict[str, str] | None:
    """For each parameter and state name of `reference`, the name in `graph`.

    Sums and products may have their operands in any order; names may differ, `h` may not.
    """
    if len(graph.states) != len(reference.states):
        return None
    found: dict[str, str] | None = {}
    if "h" in reference.states:
        found = {"h": "h"}
    found = _same(graph.output, reference.output, found)
    for name in reference.states:
        if found is None or name not in found or found[name] not in graph.states:
            return None
        found = _same(graph.next_state[found[name]], reference.next_state[name], found)
    if found is None or len(set(found.values())) < len(found):
        return None
    is_whole = set(found) >= {*reference.parameters, *reference.states}
    return found if is_whole and set(graph.parameters) <= set(found.values()) else None


def _same(node: Node, reference: Node, names: dict[str, str]) -> dict[str, str] | None:
    """The names extended so that both nodes are the same, or nothing."""
    if type(node) is not type(reference) or _label(node) != _label(reference):
        return None
    if isinstance(node, Parameter | State):
        assert isinstance(reference, Parameter | State)
        known = names.get(reference.name)
        if known is None and node.name not in names.values():
            return {**names, reference.name: node.name}
        return names if known == node.name else None
    if isinstance(node, Binary) and node.function == "add":  # the order of rounding is not compared
        return _same_terms(summands(node), summands(reference), names)
    if isinstance(node, Binary) and node.function in _COMMUTING:
        return _same_terms(node.children, reference.children, names)
    found: dict[str, str] | None = names
    for child, other in zip(node.children, reference.children, strict=True):
        found = _same(child, other, found) if found is not None else None
    return found


def _same_terms(
    terms: Sequence[Node], references: Sequence[Node], names: dict[str, str]
) -> dict[str, str] | None:
    """The names extended so that both hold the same terms in some order."""
    if len(terms) != len(references):
        return None
    if not terms:
        return names
    for at, term in enumerate(terms):
        found = _same(term, references[0], names)
        if found is not None:
            rest = (*terms[:at], *terms[at + 1 :])
            whole = _same_terms(rest, references[1:], found)
            if whole is not None:
                return whole
    return None


def _label(node: Node) -> object:
    """What must be equal apart from names and children."""
    if isinstance(node, Unary | Binary):
        return node.function
    if isinstance(node, Parameter):
        return (node.kind, node.columns)
    if isinstance(node, Constant):
        return node.value
    return node.transposed if isinstance(node, Matmul) else None
