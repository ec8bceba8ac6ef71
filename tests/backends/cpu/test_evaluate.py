"""Values outside the loop are those of the interpreter."""

import torch

from recurry.backends.cpu.evaluate import Evaluator, UnitEvaluator
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


def test_one_unit_needs_no_other():
    x, matrix, vector = torch.randn(4, 5), torch.randn(5, 5), torch.randn(5)
    whole = Evaluator({"W": matrix, "b": vector}, {Input(): x}, x)
    inner = Unary("tanh", Matmul(Parameter("W", "matrix", "I"), Input()))
    node = Binary("multiply", Binary("add", inner, Parameter("b", "vector")), Constant(2.0))
    back = Matmul(Parameter("W", "matrix", "I"), inner, True)
    one = UnitEvaluator(whole, 3)
    found = [one.value(node), one.value(back)]
    assert not whole.knows(node)
    expected = Evaluator({"W": matrix, "b": vector}, {Input(): x}, x)
    torch.testing.assert_close(found[0], expected.value(node)[:, 3])
    torch.testing.assert_close(found[1], expected.value(back)[:, 3])
