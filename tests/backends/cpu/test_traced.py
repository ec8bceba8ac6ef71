"""Compiled layers inside torch.compile, torch.export, torch.func."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from recurry.errors import UsageError
from recurry.network.recurrent import Recurrent

_FOUND = importlib.util.spec_from_file_location("programs", Path(__file__).parent / "programs.py")
assert _FOUND is not None
assert _FOUND.loader is not None
programs = importlib.util.module_from_spec(_FOUND)
_FOUND.loader.exec_module(programs)

STEPS, STREAMS, INPUTS, SIZE = 5, 3, 8, 16


def make_layer(cell: str = "lstm", **options) -> Recurrent:
    return Recurrent(cell, INPUTS, SIZE, backend="cpu", **options)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(STEPS, STREAMS, INPUTS)


def gradients(layer: nn.Module, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    return dict(
        zip(
            (name for name, _ in layer.named_parameters()),
            torch.autograd.grad(loss, list(layer.parameters())),
            strict=True,
        )
    )


@pytest.fixture(scope="module")
def checked() -> dict[str, str]:
    """What went wrong in each check of `programs`, in a process that checks no types.

    torch cannot trace the wrappers that check types while tests run.
    """
    done = subprocess.run(
        [sys.executable, programs.__file__], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", programs.CHECKS)
def test_a_traced_program_is_right(name, checked):
    assert checked[name] == ""


def test_functions_of_parameters_have_gradients(x):
    layer = make_layer("gru")
    parameters = dict(layer.named_parameters())

    def loss(parameters):
        return torch.func.functional_call(layer, parameters, (x,))[0].square().sum()

    found = torch.func.grad(loss)(parameters)
    torch.testing.assert_close(found, gradients(layer, loss(parameters)))


def test_every_sample_has_gradients_of_its_own(x):
    layer = make_layer()
    parameters = {name: value.detach() for name, value in layer.named_parameters()}

    def loss(parameters, one):
        return torch.func.functional_call(layer, parameters, (one[:, None],))[0].square().sum()

    found = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 1))(parameters, x)
    for number in range(STREAMS):
        alone = gradients(layer, layer(x[:, number : number + 1])[0].square().sum())
        torch.testing.assert_close({name: g[number] for name, g in found.items()}, alone)


def test_an_ensemble_is_mapped_over_its_weights(x):
    layers = [make_layer() for _ in range(3)]
    stacked, _ = torch.func.stack_module_state(layers)
    found = torch.func.vmap(lambda p: torch.func.functional_call(layers[0], p, (x,))[0])(stacked)
    torch.testing.assert_close(found, torch.stack([layer(x)[0] for layer in layers]))


def test_a_jacobian_is_that_of_the_eager_backend(x):
    layer = make_layer("mgu", precision="float64")
    same = Recurrent("mgu", INPUTS, SIZE, backend="eager", precision="float64")
    same.load_state_dict(layer.state_dict())
    x = x[:2, :1].double().requires_grad_()
    found = torch.func.jacrev(lambda x: layer(x)[0][-1, 0, :3])(x.detach())
    rows = [torch.autograd.grad(same(x)[0][-1, 0, unit], x)[0] for unit in range(3)]
    torch.testing.assert_close(found, torch.stack(rows))


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (lambda f, x: torch.func.jvp(f, (x,), (x,)), "forward-mode"),
        (lambda f, x: torch.func.grad(lambda x: torch.func.grad(f)(x).sum())(x), "of gradients"),
    ],
    ids=["forward mode", "second derivatives"],
)
def test_what_torch_func_cannot_have_is_an_error(transform, message, x):
    layer = make_layer()
    with pytest.raises(UsageError, match=message):
        transform(lambda x: layer(x)[0].square().sum(), x)


def test_second_derivatives_are_an_error(x):
    layer, x = make_layer(), x.requires_grad_()
    with pytest.raises(UsageError, match="no gradients of gradients"):
        torch.autograd.grad(layer(x)[0].sum(), x, create_graph=True)


@pytest.mark.parametrize("shape", [(0, 3, INPUTS), (5, 0, INPUTS)])
def test_nothing_has_gradients_too(shape):
    layer, x = make_layer(), torch.zeros(shape, requires_grad=True)
    layer(x)[0].sum().backward()
    assert x.grad is not None
    assert not any(parameter.grad.any() for parameter in layer.parameters())


def test_streams_that_are_all_empty_keep_their_state(x):
    layer = make_layer()
    given = layer(x)[1]
    output, state = layer(x, given, lengths=[0, 0, 0])
    assert not output.any()
    assert torch.equal(state["c"], given["c"])
