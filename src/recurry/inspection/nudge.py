"""A cell whose states can be shifted a little within a step, to ask what hangs on their new values.

Comes in: a graph. Goes out: another one with a vector for each such state. Imports the compiler.

The new value of a state acts twice: the rest of the same step reads it (`h = o * tanh(c)`), and the
next step does. The gradient by a vector of zeros, added where the state is assigned, has both.
"""

from functools import lru_cache

from recurry.compiler.graph import Graph
from recurry.compiler.nodes import Binary, Node, State, topological
from recurry.compiler.plan import Plan, make_plan


def read_again(graph: Graph) -> tuple[str, ...]:
    """The states whose new values other equations of the same step read.

    Example:
        >>> from recurry.cells import cell
        >>> read_again(cell("lstm").graph), read_again(cell("gru").graph)
        (('c',), ())
    """
    places = {name: number for number, (name, _) in enumerate(graph.assignments)}
    return tuple(
        name
        for name, new in graph.next_state.items()
        if new in topological(node for _, node in graph.assignments[places[name] + 1 :])
    )


def nudge_name(state: str) -> str:
    """What the vector is called that is added to a state; the blank keeps users' names apart."""
    return f"nudge of {state}"


@lru_cache(maxsize=64)
def nudged(graph: Graph) -> Plan:
    """The plan of the same cell with a vector added to each state that is read again.

    The vectors are states themselves, under the names that `nudge_name` gives, and carried on as
    they are; with zeros for them the cell is what it was.
    """
    names, replaced = read_again(graph), {}
    assignments: list[tuple[str, Node]] = []
    for name, node in graph.assignments:
        new = _replace(node, replaced)
        if name in names:
            new = replaced[node] = Binary("add", new, State(nudge_name(name)))
        assignments.append((name, new))
    assignments += [(nudge_name(name), State(nudge_name(name))) for name in names]
    return make_plan(Graph(assignments=tuple(assignments)))


def _replace(root: Node, replaced: dict[Node, Node]) -> Node:
    """A node with others in the places of some below it."""
    done = dict(replaced)
    for node in topological([root], replaced.keys()):
        if node not in done:
            parts = [done.get(part, part) for part in node.fields()]
            done[node] = type(node)(*parts) if node.children else node
    return done[root]
