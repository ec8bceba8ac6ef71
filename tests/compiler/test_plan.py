"""The plan: what leaves the time loop, the stages, what backward reads; and that it suffices."""

import numpy as np
import pytest

from recurry.cells import cell, cells
from recurry.compiler.graph import Graph, parameter_shapes
from recurry.compiler.interpret import evaluate, interpret
from recurry.compiler.nodes import Input, Matmul, Node, State, topological
from recurry.compiler.parse import parse
from recurry.compiler.plan import Plan, make_plan
from recurry.compiler.print import expression


def _names(nodes):
    return [expression(node, {}) for node in nodes]


def _run_by_plan(plan: Plan, parameters, x, state):
    """A backend in the fewest lines: it looks at the plan only."""
    leaves = {p: parameters[name] for name, p in plan.graph.parameters.items()}
    _add(plan.fixed, leaves)
    outputs = []
    for step_input in x:
        values = {**leaves, Input(): step_input}
        values |= {State(name): value for name, value in state.items()}
        _add(plan.hoisted, values)
        for stage in plan.stages:
            for operand, products in stage.products:
                assert operand in values
                _add(products, values)
            _add(stage.pointwise, values)
        outputs.append(values[plan.output])
        state = {name: values[node] for name, node in plan.next_state.items()}
    return np.stack(outputs), state


def _add(nodes, values):
    """Compute nodes whose children must be known already, numbers apart."""
    for node in nodes:
        evaluate([c for c in node.children if not c.children], values)
        assert all(child in values for child in node.children)
        evaluate([node], values)


@pytest.mark.parametrize("name", [*cells(), "h = tanh(W @ x + U @ exp(b)) * (1 + tanh(U @ h))"])
def test_a_backend_that_knows_only_the_plan_gives_the_same(name, rng):
    graph = parse(name) if "=" in name else cell(name).graph
    shapes = parameter_shapes(graph, 3, 3)
    parameters = {key: rng.normal(size=shape) for key, shape in shapes.items()}
    state = {key: rng.normal(size=(2, 3)) for key in graph.states}
    x = rng.normal(size=(4, 2, 3))
    output, last = _run_by_plan(make_plan(graph), parameters, x, state)
    referee = interpret(graph, parameters, x, state)
    np.testing.assert_array_equal(output, referee.output)
    for key, value in referee.state.items():
        np.testing.assert_array_equal(last[key], value)


@pytest.mark.parametrize("name", cells())
def test_backward_reads_only_what_is_kept(name):
    plan = cell(name).plan
    known: set[Node] = {Input(), *plan.saved, *plan.fixed}
    for node in plan.recomputed:
        assert all(child in known or not child.children for child in node.children)
        known.add(node)
    forward = {node for node in plan.graph.nodes if node.children or isinstance(node, State)}
    wanted = [*plan.backward.roots, *(p.operand for p in plan.backward.product_adjoints)]
    while wanted:
        node = wanted.pop()
        if node in known or node not in forward:
            wanted.extend(child for child in node.children if node not in known)
        else:
            pytest.fail(f"{expression(node, {})} is read by backward but not kept")


def test_products_with_the_input_leave_the_loop_and_stand_together():
    plan = make_plan(parse("a = W @ tanh(x)\nb = V @ x\nc = P @ x\nh = a * b * c * h"))
    assert _names(plan.hoisted) == [
        "tanh(x)",
        "W @ tanh(x)",
        "V @ x",
        "P @ x",
        "(W @ tanh(x)) * (V @ x)",
        "(W @ tanh(x)) * (V @ x) * (P @ x)",
    ]


def test_lstm_has_one_stage_with_one_group():
    (stage,) = cell("lstm").plan.stages
    ((operand, products),) = stage.products
    assert operand is State("h")
    assert [product.matrix.name for product in products] == ["U_f", "U_i", "U_g", "U_o"]


def test_gru_needs_a_second_stage_for_the_reset_state():
    first, second = cell("gru").plan.stages
    assert [p.matrix.name for _, products in first.products for p in products] == ["U_r", "U_z"]
    ((operand, _),) = second.products
    assert expression(operand, {}) == "sigmoid(W_r @ x + U_r @ h + b_r) * h"


def test_nodes_of_parameters_alone_are_fixed():
    plan = make_plan(parse("h = exp(b) * (U @ exp(b)) * (W @ x) + h"))
    assert _names(plan.fixed) == ["exp(b)", "U @ exp(b)", "exp(b) * (U @ exp(b))"]


def test_cheap_values_are_recomputed_and_dear_ones_saved():
    plan = cell("gru").plan
    assert {
        expression(n, {plan.graph.named["r"]: "r", plan.graph.named["z"]: "z"})
        for n in plan.recomputed
    } == {"r * h", "1 - z"}
    assert not any(isinstance(node, Matmul) for node in plan.saved)


def test_equal_graphs_share_a_plan_of_the_simplified_graph():
    assert make_plan(parse("h = W @ x * 1")) is make_plan(parse("h = (W@x) * 1.0"))
    assert make_plan(parse("h = W @ x * 1")).output is parse("h = W @ x").output


def test_the_text_names_every_part():
    text = str(cell("gru").plan)
    for words in (
        "  [W_r, W_z, W_h] @ x",
        "every step, stage 2\n  [U_h] @ (r * h[-1])\n",
        "  computed again: 1 - z, r * h[-1]",
        "  ∂h[-1] = ",
        "  ∂(U_h @ (r * h[-1])) = ",
        "  ∂b_z = ",
    ):
        assert words in text


def test_the_text_of_a_hostile_cell_stays_small():
    ladder = "\n".join(f"a{k + 1} = silu(a{k}) * a{k}" for k in range(30))
    graph: Graph = parse(f"a0 = W @ x + h\n{ladder}\nh = a30")
    plan = make_plan(graph)
    assert len(str(plan)) < 50_000
    assert len(topological(plan.backward.roots)) < 2000
