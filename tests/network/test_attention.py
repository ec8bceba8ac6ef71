"""Attention, against sums over steps."""

import pytest
import torch

from recurry.errors import ShapeError, UsageError
from recurry.network.attention import KINDS, Attention
from recurry.testing import assert_near

LENGTHS = [5, 2, 0]


def made(kind: str) -> tuple[Attention, torch.Tensor, torch.Tensor]:
    """Attention, queries, and a memory whose padding is no number."""
    sizes = (4, 4) if kind == "dot" else (4, 3)
    memory = torch.randn(5, 3, sizes[1], dtype=torch.float64)
    for stream, length in enumerate(LENGTHS):
        memory[length:, stream] = torch.nan
    attention = Attention(*sizes, kind=kind, dtype=torch.float64)
    return attention, torch.randn(2, 3, 4, dtype=torch.float64), memory


def match(attention: Attention, query: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """How one query matches one step, as the formula says."""
    if attention.kind == "dot":
        return query @ step
    if attention.kind == "general":
        return query @ attention.query.weight.t() @ step
    return attention.match @ (attention.query(query) + attention.key(step)).tanh()


@pytest.mark.parametrize("kind", ["dot", "general", "additive"])
def test_each_context_is_the_mean_that_the_formula_says(kind: str):
    attention, queries, memory = made(kind)
    contexts, weights = attention(queries, attention.prepare(memory, LENGTHS))
    for t in range(2):
        for stream, length in enumerate(LENGTHS):
            assert not weights[t, stream, length:].any()
            if not length:
                assert not contexts[t, stream].any()
                continue
            own = memory[:length, stream]
            scores = torch.stack([match(attention, queries[t, stream], step) for step in own])
            expected = scores.softmax(0)
            assert_near(weights[t, stream, :length], expected, "padding_float64", what="weights")
            assert_near(contexts[t, stream], expected @ own, "padding_float64", what="context")


@pytest.mark.parametrize("kind", ["dot", "general", "additive"])
def test_gradients_equal_finite_differences(kind: str):
    attention, queries, memory = made(kind)
    memory = memory.nan_to_num(7.0).requires_grad_()
    queries.requires_grad_()

    def contexts(queries: torch.Tensor, memory: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return attention(queries, attention.prepare(memory, LENGTHS))[0]

    assert torch.autograd.gradcheck(contexts, (queries, memory, *attention.parameters()))
    (gradient,) = torch.autograd.grad(contexts(queries, memory).sum(), memory)
    assert not gradient[2:, 1].any()


def test_dot_attention_is_that_of_torch():
    queries, memory = torch.randn(3, 2, 4), torch.randn(5, 2, 4)
    attention = Attention(4, 4, kind="dot")
    contexts, _ = attention(queries, attention.prepare(memory))
    batch_first = memory.transpose(0, 1)
    expected = torch.nn.functional.scaled_dot_product_attention(
        queries.transpose(0, 1), batch_first, batch_first, scale=1.0
    )
    torch.testing.assert_close(contexts, expected.transpose(0, 1))


def test_the_memory_of_some_sequences():
    attention, queries, memory = made("additive")
    whole = attention.prepare(memory, LENGTHS)
    rows = torch.tensor([1, 0, 1])
    contexts, _ = attention(queries[:, rows], whole.index(rows))
    expected = attention(queries, whole)[0][:, rows]
    assert_near(contexts, expected, "padding_float64", what="contexts")


def test_what_does_not_fit_is_named():
    with pytest.raises(UsageError, match="no kind of attention named 'mlp'"):
        Attention(4, 4, kind="mlp")
    with pytest.raises(ShapeError, match="vectors of one size"):
        Attention(4, 3, kind="dot")


@pytest.mark.parametrize("kind", KINDS)
def test_rounded_products_stay_near(kind: str):
    attention = Attention(4, 4, kind=kind)
    queries, memory = torch.randn(3, 2, 4), attention.prepare(torch.randn(5, 2, 4), [5, 3])
    (one, weights), (other, others) = (
        attention(queries, memory, is_rounded=is_rounded) for is_rounded in (False, True)
    )
    assert other.dtype == others.dtype == torch.float32
    assert not torch.equal(one, other)
    torch.testing.assert_close(other, one, rtol=0.1, atol=0.05)
    torch.testing.assert_close(others, weights, rtol=0.1, atol=0.05)
