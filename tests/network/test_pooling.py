"""One vector a sequence, against plain loops."""

import pytest
import torch

from recurry.errors import ShapeError, UsageError
from recurry.network.pooling import Pooling
from recurry.network.recurrent import Recurrent
from recurry.testing import assert_near

LENGTHS = [5, 2, 0, 4]
WAYS = ("last", "mean", "max", "concatenated", "attention")


def padded() -> torch.Tensor:
    """Outputs whose padding is no number."""
    output = torch.randn(5, 4, 6, dtype=torch.float64)
    for stream, length in enumerate(LENGTHS):
        output[length:, stream] = torch.nan
    return output


@pytest.mark.parametrize("way", WAYS)
def test_each_sequence_is_as_if_it_were_alone(way):
    pool = Pooling(6, way, num_directions=2, dtype=torch.float64)
    output = padded().requires_grad_()
    found = pool(output, LENGTHS)
    assert found.shape == (4, pool.output_size)
    (gradient,) = torch.autograd.grad(found.square().sum(), output)
    for stream, length in enumerate(LENGTHS):
        alone = output.detach()[:length, stream : stream + 1].requires_grad_()
        expected = pool(alone)
        assert_near(found[stream], expected[0], "padding_float64", what=way)
        assert not gradient[length:, stream].any()
        if length:
            (mine,) = torch.autograd.grad(expected.square().sum(), alone)
            assert_near(gradient[:length, stream], mine[:, 0], "padding_float64", what="gradient")


def test_each_way_is_what_its_name_says():
    output = torch.randn(5, 2, 6, dtype=torch.float64)
    last = torch.cat([output[4, :, :3], output[0, :, 3:]], 1)
    mean, most = output.mean(0), output.amax(0)
    pools = {way: Pooling(6, way, num_directions=2, dtype=torch.float64) for way in WAYS}
    assert torch.equal(pools["last"](output), last)
    assert_near(pools["mean"](output), mean, "interpreter_float64", what="mean")
    assert torch.equal(pools["max"](output), most)
    assert_near(
        pools["concatenated"](output),
        torch.cat([last, mean, most], 1),
        "interpreter_float64",
        what="all",
    )
    pool = pools["attention"]
    weights = pool.weights(output)
    assert_near(weights.sum(0), torch.ones(2), "interpreter_float64", what="sum")
    expected = sum(weights[t, :, None] * output[t] for t in range(5))
    assert_near(pool(output), expected, "interpreter_float64", what="attention")


def test_weights_of_attention_leave_padding_out():
    weights = Pooling(6, "attention", dtype=torch.float64).weights(padded(), LENGTHS)
    assert_near(weights.sum(0), torch.tensor([1.0, 1, 0, 1]), "padding_float64", what="sum")
    assert not weights[2:, 1].any()


@pytest.mark.parametrize("way", WAYS)
def test_gradients_equal_finite_differences(way):
    pool = Pooling(4, way, dtype=torch.float64)
    output = torch.randn(3, 2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, *_: pool(x, [3, 2]), (output, *pool.parameters()))


def test_the_last_of_a_layer_is_its_state():
    layer = Recurrent("lstm", 3, 4, bidirectional=True)
    output, state = layer(torch.randn(5, 4, 3), lengths=LENGTHS)
    found = Pooling(8, "last", num_directions=2)(output, LENGTHS)
    assert torch.equal(found, torch.cat([state["h"][0], state["h"][1]], 1))


def test_no_steps_give_zeros():
    for way in WAYS:
        assert not Pooling(4, way)(torch.zeros(0, 2, 4)).any()


def test_what_does_not_fit_is_named():
    with pytest.raises(UsageError, match="no pooling named 'sum'"):
        Pooling(4, "sum")
    with pytest.raises(ShapeError, match="directions cannot share"):
        Pooling(5, num_directions=2)
