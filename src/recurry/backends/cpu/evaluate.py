"""Values outside the time loop: what depends on the input or on parameters alone, and what follows
from values that a kernel left behind.

Comes in: known values by node. Goes out: values of other nodes, for all rows.
Imports torch and the compiler.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from recurry.backends.functions import FUNCTIONS
from recurry.backends.weights import round_to_bfloat16
from recurry.compiler.nodes import Binary, Constant, Input, Matmul, Node, Parameter, Unary


class Evaluator:
    """Works values out on demand, each once.

    Args:
        parameters: Parameters by name.
        known: Values by node, (N, size) or (size,).
        like: A tensor of the wanted type.
        read_input: Gives the input, (N, I), should anything need it that is not among `known`.
        is_rounded: Whether products read their operands rounded to bfloat16.
    """

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        known: Mapping[Node, Tensor],
        like: Tensor,
        read_input: Callable[[], Tensor] | None = None,
        *,
        is_rounded: bool = False,
    ) -> None:
        self.parameters, self.like, self._read_input = parameters, like, read_input
        self.is_rounded = is_rounded
        self._values: dict[Node, Tensor] = dict(known)

    def knows(self, node: Node) -> bool:
        """Whether a value was given, or worked out before."""
        return node in self._values and not isinstance(node, Constant)

    def value(self, node: Node) -> Tensor:
        """The value of a node."""
        if node not in self._values:
            self._values[node] = self._compute(node)
        elif self._values[node].dtype != self.like.dtype:  # a known one that products read
            self._values[node] = self._values[node].to(self.like.dtype)
        return self._values[node]

    def _compute(self, node: Node) -> Tensor:
        if isinstance(node, Constant):
            return self.like.new_tensor(node.value)
        if isinstance(node, Input) and self._read_input is not None:
            return self._read_input()
        if isinstance(node, Parameter):
            return self.parameters[node.name].detach()
        if isinstance(node, Matmul):
            matrix = self.parameters[node.matrix.name].detach()
            operand = self.value(node.operand)
            if self.is_rounded:
                operand, matrix = round_to_bfloat16(operand), round_to_bfloat16(matrix)
            return operand @ (matrix if node.transposed else matrix.t())
        assert isinstance(node, Unary | Binary)
        operands = torch.broadcast_tensors(*(self.value(child) for child in node.children))
        return FUNCTIONS[node.function](
            torch.empty(operands[0].shape, dtype=self.like.dtype, device="cpu"), *operands
        )


class UnitEvaluator:
    """The same for a single unit: whole vectors are worked out only where a product reads them.

    Args:
        whole: Works out whole vectors, and knows what was given.
        unit: The unit, smaller than the size of every value that is asked for.
    """

    def __init__(self, whole: Evaluator, unit: int) -> None:
        self._whole, self._unit = whole, unit
        self._values: dict[Node, Tensor] = {}

    def value(self, node: Node) -> Tensor:
        """The value of a node at the unit, (N,); one number for what is the same in all rows."""
        if node not in self._values:
            self._values[node] = self._compute(node)
        return self._values[node]

    def _compute(self, node: Node) -> Tensor:
        if self._whole.knows(node):
            return self._whole.value(node)[..., self._unit]
        if isinstance(node, Matmul):
            matrix = self._whole.parameters[node.matrix.name].detach()
            weights = matrix[:, self._unit] if node.transposed else matrix[self._unit]
            operand = self._whole.value(node.operand)
            if self._whole.is_rounded:
                operand, weights = round_to_bfloat16(operand), round_to_bfloat16(weights)
            return operand @ weights
        if isinstance(node, Unary | Binary):
            operands = torch.broadcast_tensors(*(self.value(child) for child in node.children))
            out = torch.empty(operands[0].shape, dtype=self._whole.like.dtype, device="cpu")
            return FUNCTIONS[node.function](out, *operands)
        found = self._whole.value(node)
        return found if isinstance(node, Constant) else found[..., self._unit]
