"""Encoder and decoder: padding, gradients, steps, and a task that needs attention."""

import pytest
import torch

from recurry.errors import ShapeError, UsageError
from recurry.network.dropout import Dropout
from recurry.network.translated import Source, Translated, TranslatedConfig
from recurry.testing import assert_near

SOURCE_LENGTHS, LENGTHS = [4, 1, 3], [2, 5, 0]
OPTIONS = [
    {},
    {"attention": "dot", "num_layers": 2, "is_tied": True},
    {"attention": "additive", "has_input_feeding": True, "cell": "gru"},
    {"has_copying": True},
    {"has_copying": True, "has_input_feeding": True, "is_tied": True},
]


def network(**options) -> Translated:
    """A small network in float64 whose parameters are away from zero."""
    table = {"embedding_size": 3, "hidden_size": 4, "precision": "float64", **options}
    made = Translated(TranslatedConfig(**table), num_source=6, num_target=7, begin=1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return made


def batch(is_copying: bool) -> tuple[Source, torch.Tensor]:
    """Symbols, some of which the target does not have where it copies."""
    ids, targets = torch.randint(6, (4, 3)), torch.randint(7, (5, 3))
    copies = None
    if is_copying:
        copies = ids + 3
        copies[0] = 8
        targets[1] = 8
    return Source(ids=ids, lengths=SOURCE_LENGTHS, copies=copies), targets


def one_of(source: Source, stream: int) -> Source:
    """One sequence without its padding."""
    here = (slice(SOURCE_LENGTHS[stream]), slice(stream, stream + 1))
    copies = None if source.copies is None else source.copies[here]
    return Source(ids=source.ids[here], copies=copies)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_padding_changes_nothing(options):
    made = network(**options)
    source, targets = batch(made.config.has_copying)
    nats, count = made.loss(source, targets, LENGTHS)
    assert count == sum(LENGTHS)
    weights = list(made.parameters())
    found = torch.autograd.grad(nats, weights, materialize_grads=True)
    total, sums = torch.zeros(()), [torch.zeros_like(weight) for weight in weights]
    for stream, length in enumerate(LENGTHS):
        if length:
            alone = targets[:length, stream : stream + 1]
            mine, _ = made.loss(one_of(source, stream), alone)
            total = total + mine
            parts = torch.autograd.grad(mine, weights, materialize_grads=True)
            sums = [a + b for a, b in zip(sums, parts, strict=True)]
    assert_near(nats, total, "padding_float64", what="loss")
    for one, other in zip(found, sums, strict=True):
        assert_near(one, other, "padding_float64", what="gradient")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_gradients_equal_finite_differences(options):
    made = network(**options)
    source, targets = batch(made.config.has_copying)
    made.loss(source, targets, LENGTHS)[0].backward()
    for name, leaf in made.named_parameters():
        direction, sides = torch.randn_like(leaf), []
        for sign in (1, -1):
            with torch.no_grad():
                leaf.add_(direction, alpha=sign * 1e-5)
                sides.append(made.loss(source, targets, LENGTHS)[0])
                leaf.sub_(direction, alpha=sign * 1e-5)
        numeric = (sides[0] - sides[1]) / 2e-5
        assert (leaf.grad * direction).sum().item() == pytest.approx(numeric.item(), abs=1e-7), name


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_steps_give_the_probabilities_of_the_loss(options):
    made = network(**options).eval()
    source, targets = batch(made.config.has_copying)
    writer = made.writer(source)
    state = writer.start()
    symbols, total = torch.full((3,), made.begin), torch.zeros(3, dtype=torch.float64)
    with torch.no_grad():
        for t in range(5):
            logs, state = writer.step(symbols, state)
            assert_near(logs.exp().sum(1), torch.ones(3), "interpreter_float64", what="sum")
            symbols = targets[t]
            is_real = torch.tensor([t < length for length in LENGTHS])
            total += logs.gather(1, symbols[:, None]).squeeze(1).masked_fill(~is_real, 0)
            assert not state.weights[1, 1:].any()
    nats, _ = made.loss(source, targets, LENGTHS)
    assert_near(total.sum(), -nats, "carried_float64", what="log-probability")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_rows_that_change_places_go_on_as_they_were(options):
    made = network(**options).eval()
    source, _ = batch(made.config.has_copying)
    writer, symbols = made.writer(source), torch.tensor([2, 3, 4])
    with torch.no_grad():
        _, state = writer.step(symbols, writer.start())
        expected, _ = writer.step(symbols, state)
        rows = torch.tensor([2, 0, 0, 1])
        found, _ = writer.step(symbols[rows], state.reorder(rows))
        same = state.reorder(torch.tensor([0, 1, 2]))
    assert_near(found, expected[rows], "carried_float64", what="log-probabilities")
    assert same.memory is state.memory


def test_sources_are_reversed_by_attending_from_the_end():
    torch.manual_seed(1)
    config = TranslatedConfig(cell="gru", embedding_size=16, hidden_size=32)
    made = Translated(config, num_source=8, num_target=8, begin=0)
    optimiser = torch.optim.Adam(made.parameters(), lr=0.01)
    for _ in range(150):
        ids = torch.randint(2, 8, (6, 32))
        targets = torch.cat([ids.flip(0), torch.ones(1, 32, dtype=torch.long)])
        optimiser.zero_grad()
        nats, count = made.loss(Source(ids=ids), targets)
        (nats / count).backward()
        optimiser.step()
    assert nats.item() / count < 0.1


def test_words_without_a_symbol_are_copied():
    torch.manual_seed(1)
    config = TranslatedConfig(embedding_size=8, hidden_size=16, has_copying=True)
    made = Translated(config, num_source=3, num_target=3, begin=1, unknown=0)
    optimiser = torch.optim.Adam(made.parameters(), lr=0.02)
    copies = torch.tensor([[2, 3, 4]]).t()  # two of three words are new
    source = Source(ids=torch.tensor([[2, 0, 0]]).t(), copies=copies)
    for _ in range(150):
        optimiser.zero_grad()
        nats, _ = made.loss(source, copies)
        nats.backward()
        optimiser.step()
    writer = made.eval().writer(source)
    assert writer.num_symbols == 5
    logs, _ = writer.step(torch.tensor([1]), writer.start())
    assert logs.shape == (1, 5)
    assert nats < 0.5


def test_smoothing_and_dropout_act_in_training_alone():
    config = TranslatedConfig(embedding_size=3, hidden_size=4, smoothing=0.2)
    made = Translated(
        config, num_source=6, num_target=7, begin=1, dropout=Dropout(output=0.5, between=0.5)
    )
    source, targets = batch(False)
    trained = [made.loss(source, targets)[0].item() for _ in range(2)]
    assert trained[0] != trained[1]
    made.eval()
    at_rest = [made.loss(source, targets)[0].item() for _ in range(2)]
    assert at_rest[0] == at_rest[1]


def test_rounded_products_stay_near():
    exact, rounded = (
        Translated(
            TranslatedConfig(embedding_size=16, hidden_size=32, precision=precision),
            num_source=6,
            num_target=7,
            begin=1,
        )
        for precision in ("float32", "bfloat16")
    )
    rounded.load_state_dict(exact.state_dict())
    source, targets = batch(False)
    a, b = (made.loss(source, targets, LENGTHS)[0].item() for made in (exact, rounded))
    assert a != b
    assert a == pytest.approx(b, rel=0.02)
    with torch.no_grad():
        logs, _ = (writer := rounded.writer(source)).step(torch.ones(3).long(), writer.start())
    torch.testing.assert_close(logs.exp().sum(1), torch.ones(3))


def test_what_does_not_fit_is_named():
    config = TranslatedConfig(embedding_size=3, hidden_size=4)
    with pytest.raises(ShapeError, match="symbol begin is not one of the target"):
        Translated(config, num_source=6, num_target=7, begin=7)
    made = Translated(config, num_source=6, num_target=7, begin=1)
    with pytest.raises(ShapeError, match="targets are out of range"):
        made.loss(Source(ids=torch.zeros(2, 1).long()), torch.full((2, 1), 7))
    with pytest.raises(UsageError, match="needs the source as symbols of the target"):
        network(has_copying=True).encode(Source(ids=torch.zeros(2, 1).long()))
    both = TranslatedConfig(has_copying=True, smoothing=0.1)
    with pytest.raises(UsageError, match="cannot be smoothed"):
        Translated(both, num_source=6, num_target=7, begin=1)
