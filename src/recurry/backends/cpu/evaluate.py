"""Values outside the time loop: what depends on the input or on parameters alone, and what follows
from values that a kernel left behind.

Comes in: known values by node. Goes out: values of other nodes, for all rows.
Imports torch and the compiler.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from recurry.backends.functions import FUNCTIONS
from recurry.compiler.nodes import Binary, Constant, Matmul, Node, Parameter, Unary


class Evaluator:
    """Works values out on demand, each once.

    Args:
        parameters: Parameters by name.
        known: Values by node, (N, size) or (size,).
        like: A tensor of the wanted type.
    """

    def __init__(
        self, parameters: Mapping[str, Tensor], known: Mapping[Node, Tensor], like: Tensor
    ) -> None:
        self.parameters, self.like = parameters, like
        self._values: dict[Node, Tensor] = dict(known)

    def value(self, node: Node) -> Tensor:
        """The value of a node."""
        if node not in self._values:
            self._values[node] = self._compute(node)
        return self._values[node]

    def _compute(self, node: Node) -> Tensor:
        if isinstance(node, Constant):
            return self.like.new_tensor(node.value)
        if isinstance(node, Parameter):
            return self.parameters[node.name].detach()
        if isinstance(node, Matmul):
            matrix = self.parameters[node.matrix.name].detach()
            return self.value(node.operand) @ (matrix if node.transposed else matrix.t())
        assert isinstance(node, Unary | Binary)
        operands = torch.broadcast_tensors(*(self.value(child) for child in node.children))
        return FUNCTIONS[node.function](
            torch.empty(operands[0].shape, dtype=self.like.dtype), *operands
        )
