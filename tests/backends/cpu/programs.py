"""Traced programs with compiled layers, checked one after another; results as JSON.

Run by `test_traced` in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

from recurry.errors import UsageError
from recurry.network.exportable import exportable
from recurry.network.recurrent import Recurrent

STEPS, STREAMS, SIZE = 5, 3, 8

same = torch.testing.assert_close


def layer(cell: str = "lstm", **options) -> Recurrent:
    return Recurrent(cell, SIZE, SIZE, backend="cpu", **options)


def inputs(steps: int = STEPS, streams: int = STREAMS) -> Tensor:
    return torch.randn(steps, streams, SIZE)


def compiled(function, **options):
    torch.compiler.reset()
    return torch.compile(function, **{"fullgraph": True, "backend": "aot_eager", **options})


def gradients(module: nn.Module, loss: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, list(module.parameters()))


def compiled_programs_hold_layers() -> None:
    for cell, lengths in (
        ("lstm", None),
        ("lstm", [5, 2, 0]),
        ("sru", None),
        ("h = W @ x", [1] * 3),
    ):
        one, x = layer(cell, num_layers=2, bidirectional=cell == "lstm"), inputs()
        program = compiled(lambda x, o=one, n=lengths: o(2 * x, lengths=n)[0].relu())
        expected = one(2 * x, lengths=lengths)[0].relu()
        with torch.no_grad():
            same(program(x), expected)
        same(gradients(one, program(x).sum()), gradients(one, expected.sum()))


def compiled_programs_take_and_give_states() -> None:
    one, x = layer(num_layers=2), inputs()
    state = one(x)[1]
    found, expected = compiled(one)(x, state), one(x, state)
    same(found[0], expected[0])
    same(found[1]["c"], expected[1]["c"])
    same(compiled(one.step)(x[0], state.detach())[0], one.step(x[0], state)[0])


def compiled_programs_meet_other_sizes() -> None:
    one = layer("gru")
    program = compiled(one, dynamic=True)
    for steps, streams in ((5, 3), (6, 4), (7, 1)):
        other = inputs(steps, streams)
        same(program(other)[0], one(other)[0])


def lengths_in_a_tensor_break_the_graph_and_nothing_else() -> None:
    one, x, lengths = layer(), inputs(), torch.tensor([5, 2, 0])
    program = compiled(one, fullgraph=False)
    same(program(x, lengths=lengths)[0], one(x, lengths=[5, 2, 0])[0])


def compiled_programs_keep_their_precision_under_autocast() -> None:
    one, x = layer(), inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        same(compiled(one)(x.bfloat16())[0], one(x.bfloat16().float())[0])


def compiled_programs_give_no_second_derivatives() -> None:
    one, x = layer(), inputs().requires_grad_()
    with pytest.raises((UsageError, RuntimeError), match=r"of gradients|double backward"):
        torch.autograd.grad(compiled(one)(x)[0].sum(), x, create_graph=True)[0].sum().backward()


_OTHER = """
import sys, torch, recurry.backends.cpu.operators, recurry.network.state
program = torch.export.load(sys.argv[1]).module()
x, output, state = torch.load(sys.argv[2])
found = program(x)
torch.testing.assert_close(found[0], output)
torch.testing.assert_close(found[1].to_dict(), state)
"""


def exported_programs_run_in_a_fresh_process() -> None:
    model = exportable(layer(num_layers=2).eval())
    sizes = {0: Dim("steps"), 1: Dim("streams")}
    program = torch.export.export(model, (inputs(),), dynamic_shapes={"x": sizes})
    other = inputs(9, 2)
    output, state = model(other)
    with tempfile.TemporaryDirectory() as folder:
        places = [str(Path(folder) / name) for name in ("program.pt2", "case.pt")]
        torch.export.save(program, places[0])
        torch.save((other, output.detach(), state.detach().to_dict()), places[1])
        command = [sys.executable, "-W", "ignore", "-c", _OTHER, *places]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def exported_programs_give_no_gradients() -> None:
    program = torch.export.export(exportable(layer()), (inputs(),)).module()
    with pytest.raises(UsageError, match="exported for inference"):
        program(inputs())[0].sum().backward()


def torch_finds_nothing_wrong_with_rows_that_lie_apart() -> None:
    size = 512
    one, x = Recurrent("rnn", size, size, backend="cpu"), torch.randn(2, 1, size)
    parameters = list(one.parameters())
    states = [torch.zeros(1, size)]
    facts = (one.cell.plan.text, None, False, False)
    arguments = (x, states, parameters, *facts, True)
    tests = ("test_schema", "test_faketensor", "test_autograd_registration")
    found = torch.library.opcheck(torch.ops.recurry.forward.default, arguments, test_utils=tests)
    assert set(found.values()) == {"SUCCESS"}, found


CHECKS = {
    check.__name__: check
    for check in (
        compiled_programs_hold_layers,
        compiled_programs_take_and_give_states,
        compiled_programs_meet_other_sizes,
        lengths_in_a_tensor_break_the_graph_and_nothing_else,
        compiled_programs_keep_their_precision_under_autocast,
        compiled_programs_give_no_second_derivatives,
        exported_programs_run_in_a_fresh_process,
        exported_programs_give_no_gradients,
        torch_finds_nothing_wrong_with_rows_that_lie_apart,
    )
}


def main() -> None:
    warnings.simplefilter("ignore")
    found: dict[str, str] = {}
    for name, check in CHECKS.items():
        torch.manual_seed(0)
        try:
            check()
            found[name] = ""
        except Exception:
            found[name] = traceback.format_exc()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
