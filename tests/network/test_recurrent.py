"""The layer: names, shapes, torch as referee, regularisers, copies, and clear refusals."""

import copy
import io
import pickle

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence

from recurry.cells import cell, cells
from recurry.errors import EquationError, RecurryError, ShapeError, UsageError
from recurry.network.checks import check_state
from recurry.network.convert import from_torch
from recurry.network.dropout import Dropout, drop
from recurry.network.recurrent import Recurrent
from recurry.network.state import State
from recurry.testing import assert_near


def test_state_dict_is_named_by_layer_direction_and_equation():
    layer = Recurrent("lstm", 3, 4, num_layers=2, bidirectional=True)
    shapes = {name: tuple(value.shape) for name, value in layer.state_dict().items()}
    assert len(shapes) == 2 * 2 * 12
    assert shapes["layers.0.forward.W_f"] == (4, 3)
    assert shapes["layers.0.backward.U_f"] == (4, 4)
    assert shapes["layers.1.backward.W_o"] == (4, 8)
    assert shapes["layers.1.backward.b_o"] == (4,)


def test_initial_values_follow_the_cell_and_torchs_seed():
    torch.manual_seed(5)
    first = Recurrent("lstm", 3, 4).state_dict()
    torch.manual_seed(5)
    second = Recurrent("lstm", 3, 4).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert first["layers.0.forward.b_f"].eq(1).all()
    recurrent = first["layers.0.forward.U_i"]
    torch.testing.assert_close(recurrent @ recurrent.t(), torch.eye(4))
    assert not torch.equal(
        first["layers.0.forward.U_i"], Recurrent("lstm", 3, 4).layers[0].forward.tensors()["U_i"]
    )


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_batch_first_swaps_the_axes(name: str):
    layer = Recurrent(name, 3, 4)
    x = torch.randn(5, 2, 3)
    expected, _ = layer(x)
    layer.batch_first = True
    output, state = layer(x.transpose(0, 1), lengths=[5, 5])
    assert torch.equal(output, expected.transpose(0, 1))
    assert state["h"].shape == (1, 2, 4)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("backend", ["eager", "fused", "auto"])
def test_packed_sequences_equal_torch(kind: str, backend: str):
    module = getattr(torch.nn, kind)(3, 4, 2, bidirectional=True)
    layer = from_torch(module)
    layer.backend = backend
    sequences = [torch.randn(length, 3) for length in (2, 5, 3)]
    packed = pack_sequence(sequences, enforce_sorted=False)
    found, state = layer(packed)
    expected, last = module(packed)
    assert_near(found.data, expected.data, "torch_float32", what="output")
    h = last[0] if kind == "LSTM" else last
    assert_near(state["h"], h, "torch_float32", what="h")
    for a, b in zip(pad_packed_sequence(found), pad_packed_sequence(expected), strict=True):
        assert_near(a, b, "torch_float32", what="padded")


def test_packed_in_sorted_order_and_with_state():
    layer = Recurrent("gru", 3, 4)
    x = torch.randn(5, 2, 3)
    packed = pack_padded_sequence(x, torch.tensor([5, 2]))
    state = State(tensors={"h": torch.randn(1, 2, 4)})
    found, last = layer(packed, state)
    expected, other = layer(x, state, lengths=[5, 2])
    assert torch.equal(pad_packed_sequence(found)[0], expected)
    assert torch.equal(last["h"], other["h"])


def test_locked_dropout_shares_one_mask():
    layer = Recurrent("lstm", 3, 40, dropout=Dropout(output=0.5, is_locked=True))
    zero = layer(torch.randn(6, 2, 3))[0] == 0
    assert (zero == zero[0]).all()
    assert zero.any()
    layer.dropout = Dropout(output=0.5)
    zero = layer(torch.randn(6, 2, 3))[0] == 0
    assert not (zero == zero[0]).all()


@pytest.mark.parametrize("at", [0, 2, 6])
def test_a_state_noted_on_the_way_is_that_of_a_shorter_run(at: int):
    layer = Recurrent("lstm", 3, 4, 2, precision="float64")
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    output, noted, last = layer.forward_past(x, at=at)
    whole, final = layer(x)
    assert_near(output, whole, "carried_float64", what="output")
    for found, expected in ((noted, layer(x[:at])[1]), (last, final)):
        for name in final.names:
            assert_near(found[name], expected[name], "carried_float64", what=name)


def test_a_run_with_a_noted_state_has_one_set_of_masks():
    rates = Dropout(output=0.5, recurrent_weights=0.5, is_locked=True)
    layer = Recurrent("lstm", 3, 40, dropout=rates, precision="float64")
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    torch.manual_seed(7)
    expected, _ = layer(x)
    torch.manual_seed(7)
    assert_near(layer.forward_past(x, at=3)[0], expected, "carried_float64", what="output")


def test_dropout_between_layers_acts_in_training_only():
    layer = Recurrent("gru", 3, 8, 2, dropout=0.5)
    x = torch.randn(4, 2, 3)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])
    single = Recurrent("gru", 3, 8, 1, dropout=0.5)
    assert torch.equal(single(x)[0], single(x)[0])


def test_input_dropout_drops_the_input():
    layer = Recurrent("rnn", 500, 4, dropout=Dropout(input=0.5))
    x = torch.ones(1, 1, 500)
    torch.manual_seed(3)
    found, _ = layer(x)
    torch.manual_seed(3)
    masked = drop(x, 0.5)
    assert 200 < int((masked == 0).sum()) < 300
    assert torch.equal(found, layer.eval()(masked)[0])


def test_recurrent_weight_dropout_draws_one_mask_a_call():
    layer = Recurrent("lstm_peephole", 3, 30, dropout=Dropout(recurrent_weights=0.5))
    x = torch.randn(5, 2, 3)
    layer(x)[0].sum().backward()
    shares = {
        name: (value.grad == 0).double().mean().item() for name, value in layer.named_parameters()
    }
    for name, share in shares.items():
        is_recurrent = ".U_" in name
        assert share == pytest.approx(0.5 if is_recurrent else 0.0, abs=0.1), name


def test_residual_links_add_the_input_of_each_later_layer():
    layer = Recurrent("lstm", 3, 4, 2, has_residual=True)
    x = torch.randn(5, 2, 3)
    first = Recurrent("lstm", 3, 4)
    second = Recurrent("lstm", 4, 4)
    weights = layer.state_dict()
    for number, part in enumerate((first, second)):
        names = part.state_dict()
        part.load_state_dict({n: weights[n.replace("layers.0", f"layers.{number}")] for n in names})
    below, _ = first(x)
    assert_near(layer(x)[0], below + second(below)[0], "torch_float32", what="residual")


@pytest.mark.parametrize("backend", ["eager", "fused"])
def test_new_weights_are_seen_after_an_inference(backend: str):
    layer = Recurrent("lstm", 3, 4, backend=backend)
    x = torch.randn(2, 1, 3)
    with torch.no_grad():
        before, _ = layer(x)
        torch.optim.SGD(layer.parameters(), lr=0.0)
        for parameter in layer.parameters():
            parameter.add_(0.5)
        after, _ = layer(x)
    fresh = Recurrent("lstm", 3, 4, backend=backend)
    fresh.load_state_dict(layer.state_dict())
    assert_near(after, fresh(x)[0], "torch_float32", what="after")
    assert not torch.equal(before, after)


@pytest.mark.parametrize("name", cells())
def test_copies_compute_the_same(name: str):
    layer = Recurrent(name, 4, 4, bidirectional=True)
    x = torch.randn(3, 2, 4)
    expected, _ = layer(x)
    buffer = io.BytesIO()
    torch.save(layer.state_dict(), buffer)
    buffer.seek(0)
    loaded = Recurrent(name, 4, 4, bidirectional=True)
    loaded.load_state_dict(torch.load(buffer, weights_only=True))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded):
        assert torch.equal(other(x)[0], expected)


def test_to_another_type():
    layer = Recurrent("gru", 3, 4)
    expected, _ = layer(torch.ones(2, 1, 3))
    double = layer.double()
    output, state = double(torch.ones(2, 1, 3, dtype=torch.float64))
    assert output.dtype == state["h"].dtype == torch.float64
    torch.testing.assert_close(output.float(), expected)


def test_functional_call_and_frozen_parameters():
    layer = Recurrent("gru", 3, 4)
    weights = {name: torch.zeros_like(value) for name, value in layer.named_parameters()}
    output, _ = torch.func.functional_call(layer, weights, (torch.randn(2, 1, 3),))
    assert not output.any()
    layer.layers[0].forward.tensors()["U_z"].requires_grad_(False)
    layer(torch.randn(2, 1, 3))[0].sum().backward()
    grads = {name for name, value in layer.named_parameters() if value.grad is not None}
    assert "layers.0.forward.U_z" not in grads
    assert "layers.0.forward.W_z" in grads


@pytest.mark.parametrize("backend", ["eager", "fused"])
def test_gradients_by_the_input_of_frozen_weights_after_an_inference(backend: str):
    layer = Recurrent("lstm", 3, 4, backend=backend).requires_grad_(False)
    x = torch.randn(2, 1, 3, requires_grad=True)
    with torch.inference_mode():
        layer(torch.randn(2, 1, 3))
    layer(x)[0].sum().backward()
    assert x.grad is not None
    assert x.grad.any()


def test_parametrized_weights_are_used_and_learnt():
    layer = Recurrent("lstm", 3, 4)
    torch.nn.utils.parametrizations.weight_norm(layer.layers[0].forward, "U_f")
    x = torch.randn(4, 2, 3)
    before, _ = layer(x)
    before.sum().backward()
    inner = dict(layer.named_parameters())
    scale = inner["layers.0.forward.parametrizations.U_f.original0"]
    assert scale.grad is not None
    assert scale.grad.any()
    with torch.no_grad():
        scale.mul_(2.0)
    assert not torch.equal(layer(x)[0], before)


@pytest.mark.parametrize(("num_steps", "batch_size"), [(0, 2), (3, 0)])
def test_an_empty_batch_has_gradients_of_zero(num_steps: int, batch_size: int):
    layer = Recurrent("gru", 3, 4, num_layers=2)
    output, state = layer(torch.randn(num_steps, batch_size, 3))
    assert output.shape == (num_steps, batch_size, 4)
    (output.sum() + state["h"].sum()).backward()
    assert all(p.grad is not None and not p.grad.any() for p in layer.parameters())


def test_a_cell_without_parameters_has_a_type_and_a_place():
    layer = Recurrent("h = h / 2 + x", 4, 4, precision="float64")
    assert layer.dtype == torch.float64
    assert layer.to("meta").device.type == "meta"
    assert not layer.state_dict()
    assert repr(layer)


@pytest.mark.parametrize("backend", ["eager", "fused"])
def test_autocast_does_not_change_the_stated_precision(backend: str):
    layer = Recurrent("lstm", 3, 4, num_layers=2, backend=backend)
    x = torch.randn(4, 2, 3)
    _, state = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        found, carried = layer(x, state)
        found.sum().backward()
    assert found.dtype == carried["c"].dtype == torch.float32
    assert torch.equal(found, layer(x, state)[0])


def test_names_that_modules_use_are_fine_in_equations():
    layer = Recurrent("h = tanh(type @ x + forward * h + training)", 3, 4)
    layer(torch.randn(2, 1, 3))[0].sum().backward()
    assert "layers.0.forward.training" in layer.state_dict()
    assert layer.eval().training is False


def test_weights_put_in_as_they_are_can_have_any_name():
    layer = Recurrent("h = tanh(cache @ x + tensors * h + weight)", 3, 4)
    x = torch.randn(2, 1, 3)
    other = Recurrent(layer.cell, 3, 4)
    other.load_state_dict(layer.state_dict(), assign=True)
    with torch.no_grad():
        assert torch.equal(other(x)[0], layer(x)[0])


def test_repr_says_who_runs_it():
    text = repr(Recurrent("lstm", 3, 4, 2, bidirectional=True, batch_first=True, has_residual=True))
    for part in ("lstm, 3 -> 8", "num_layers=2", "bidirectional", "batch_first", "auto (cpu)"):
        assert part in text
    zoneout = Dropout(zoneout=0.1)
    assert "auto (eager)" in repr(Recurrent("gru", 3, 4, dropout=zoneout))
    assert "between=0.5" in repr(Recurrent("gru", 3, 4, dropout=0.5))


def test_gpu_by_construction():
    if not torch.cuda.is_available():
        layer = Recurrent("gru", 3, 4).to("meta")
        assert layer.initial_state(2)["h"].device.type == "meta"
        return
    layer = Recurrent("gru", 3, 4).to("cuda")
    assert layer(torch.randn(2, 3, 3, device="cuda"), lengths=[2, 1, 0])[0].is_cuda


LAYER = Recurrent("lstm", 3, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LAYER(torch.randn(2, 1, 5)), r"does not fit[\s\S]*\(2, 1, 5\)[\s\S]*, 3\)"),
        (lambda: LAYER(torch.randn(2, 3)), r"does not fit[\s\S]*unsqueeze\(1\)"),
        (lambda: LAYER.step(torch.randn(2, 5)), r"does not fit[\s\S]*\(2, 5\)[\s\S]*\(batch, 3\)"),
        (
            lambda: Recurrent("rnn", 3, 4, batch_first=True)(torch.randn(2, 3)),
            r"does not fit[\s\S]*\(batch, steps, 3\)[\s\S]*unsqueeze\(0\)",
        ),
        (lambda: LAYER(torch.ones(2, 1, 3).double()), r"another type[\s\S]*float64[\s\S]*float32"),
        (
            lambda: LAYER(torch.ones(2, 1, 3), LAYER.initial_state(2)),
            r"state does not fit[\s\S]*h \(1, 2, 4\)[\s\S]*h \(1, 1, 4\), c \(1, 1, 4\)",
        ),
        (
            lambda: LAYER(torch.ones(2, 1, 3), State(tensors={"h": torch.zeros(1, 1, 4)})),
            r"state does not fit[\s\S]*c \(1, 1, 4\)",
        ),
        (
            lambda: LAYER(
                torch.ones(2, 1, 3),
                State(tensors={name: torch.zeros(1, 1, 4).double() for name in "hc"}),
            ),
            r"state is of another type[\s\S]*float64",
        ),
        (
            lambda: check_state(
                (torch.zeros(1, 1, 4),) * 2, ("h",), (1, 1, 4), like=torch.zeros(1)
            ),
            r"not a State record[\s\S]*tuple[\s\S]*initial_state",
        ),
        (
            lambda: LAYER(torch.ones(2, 1, 3), lengths=[3]),
            r"lengths[\s\S]*from 3 to 3[\s\S]*0 to 2",
        ),
        (lambda: LAYER(torch.ones(2, 1, 3), lengths=[1, 1]), r"lengths[\s\S]*1 whole numbers"),
        (lambda: LAYER(torch.ones(2, 1, 3), lengths=torch.tensor([1.5])), r"lengths do not fit"),
    ],
)
def test_what_does_not_fit_is_refused(call, message: str):
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"cell": "lsmt"}, RecurryError, r"lsmt[\s\S]*lstm"),
        ({"backend": "egaer"}, UsageError, r"egaer[\s\S]*eager"),
        ({"dropout": 1.5}, UsageError, r"not a rate[\s\S]*1\.5[\s\S]*below 1"),
        ({"hidden_size": 0}, ShapeError, r"hidden_size[\s\S]*at least 1"),
        ({"num_layers": True}, ShapeError, r"num_layers"),
        ({"cell": cell("mut2")}, EquationError, r"input size 3[\s\S]*hidden"),
    ],
)
def test_impossible_layers_are_refused(arguments: dict, kind: type, message: str):
    with pytest.raises(kind, match=message):
        Recurrent(**({"cell": "lstm", "input_size": 3, "hidden_size": 4} | arguments))


def test_lengths_beside_a_packed_sequence_are_refused():
    packed = pack_sequence([torch.ones(2, 3)])
    with pytest.raises(UsageError, match="has its own lengths"):
        LAYER(packed, lengths=[2])


def test_a_bidirectional_layer_has_no_steps():
    layer = Recurrent("lstm", 3, 4, bidirectional=True)
    with pytest.raises(UsageError, match=r"step by step[\s\S]*bidirectional=False"):
        layer.step(torch.ones(1, 3))
    with pytest.raises(UsageError, match=r"step by step"):
        layer.forward_past(torch.ones(2, 1, 3), at=1)
