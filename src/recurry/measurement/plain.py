"""A cell as its inventor would write it in another library: the equations as a Python function.

Comes in: a cell. Goes out: Python source, and functions made from it over torch or JAX. Imports the
compiler; torch inside what needs it.
"""

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from recurry.compiler.cell import Cell

# No name of a cell begins with an underscore, so that none hides this.
_PRODUCT = "_linear"


def step_source(cell: Cell) -> str:
    """One step as Python: from `x`, the states and the parameters to `h` and the new states.

    Example:
        >>> print(step_source(Cell.parse("h = tanh(W @ x + U @ h + b)")))
        def step(x, h, *, W, U, b):
            h = tanh(_linear(x, W) + _linear(h, U) + b)
            return (h, (h,))
    """
    states = " ".join(f"{name}," for name in cell.states)
    head = ", ".join(["x", *cell.states, *(["*", *cell.parameters] if cell.parameters else [])])
    lines = [f"def step({head}):", *("    " + line for line in _assignments(cell))]
    return "\n".join([*lines, f"    return (h, ({states}))"])


def _assignments(cell: Cell) -> list[str]:
    tree = _Products().visit(ast.parse(cell.equations))
    return ast.unparse(ast.fix_missing_locations(tree)).splitlines()


class _Products(ast.NodeTransformer):
    """`W @ x` of a vector becomes the product of a batch of rows, `_linear(x, W)`."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        name = ast.Name(id=_PRODUCT, ctx=ast.Load())
        return ast.Call(func=name, args=[node.right, node.left], keywords=[])


def make_step(cell: Cell, functions: Mapping[str, Callable]) -> Callable:
    """The function of `step_source` over some functions of the equation language.

    The source is made from a parsed graph, never from a user's text, so that nothing runs in it but
    assignments of the language.
    """
    names: dict[str, Any] = dict(functions)
    exec(compile(step_source(cell), f"<{cell.name}>", "exec"), names)
    return names["step"]


@lru_cache(maxsize=1)
def torch_functions() -> dict[str, Callable]:
    """The functions of the language as users of torch write them."""
    import torch
    from torch.nn import functional

    found = {
        name: getattr(torch, name)
        for name in ("sigmoid", "tanh", "relu", "exp", "log", "abs", "sqrt")
    }
    found |= {name: getattr(functional, name) for name in ("softplus", "silu", "gelu")}
    return found | {
        "hard_sigmoid": functional.hardsigmoid,
        "minimum": partial(_extreme, torch.minimum, torch.clamp_max),
        "maximum": partial(_extreme, torch.maximum, torch.clamp_min),
        _PRODUCT: functional.linear,
    }


def _extreme(of_tensors: Callable, with_number: Callable, a: Any, b: Any) -> Any:
    """The smaller or larger of two values, one of which may be a number."""
    if isinstance(a, float | int):
        a, b = b, a
    return with_number(a, b) if isinstance(b, float | int) else of_tensors(a, b)


@lru_cache(maxsize=1)
def jax_functions() -> dict[str, Callable]:
    """The functions of the language as users of JAX write them."""
    import jax
    from jax import numpy

    found = {
        name: getattr(numpy, name)
        for name in ("tanh", "exp", "log", "abs", "sqrt", "minimum", "maximum")
    }
    found |= {name: getattr(jax.nn, name) for name in ("sigmoid", "relu", "softplus", "silu")}
    return found | {
        "gelu": lambda a: jax.nn.gelu(a, approximate=False),
        "hard_sigmoid": jax.nn.hard_sigmoid,
        _PRODUCT: lambda a, matrix: a @ matrix.T,
    }
