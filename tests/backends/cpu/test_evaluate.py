"""Values outside the loop are those of the interpreter."""

import torch

from recurry.backends.cpu.evaluate import Evaluator
from recurry.compiler.nodes import Binary, Constant, Input, Matmul, Parameter, Unary


def test_products_functions_and_constants():
    x, matrix, vector = torch.randn(4, 3), torch.randn(5, 3), torch.randn(5)
    known = {Input(): x}
    evaluator = Evaluator({"W": matrix, "b": vector}, known, x)
    product = Matmul(Parameter("W", "matrix", "I"), Input())
    total = Binary("add", product, Parameter("b", "vector"))
    node = Binary("multiply", Unary("tanh", total), Constant(2.0))
    torch.testing.assert_close(evaluator.value(node), 2 * torch.tanh(x @ matrix.t() + vector))
    back = Matmul(Parameter("W", "matrix", "I"), node, True)
    torch.testing.assert_close(evaluator.value(back), evaluator.value(node) @ matrix)
