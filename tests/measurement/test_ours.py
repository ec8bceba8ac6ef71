"""A layer of ours runs what its backend takes, and says what it does not."""

from torch import Tensor

from recurry.cells import find_cell
from recurry.measurement.case import Case, Shape
from recurry.measurement.ours import KeepsAll, Ours, kept_bytes
from recurry.measurement.peer import Numbers

SHAPE = Shape.parse("4,2,3,5")


def test_the_backend_is_asked():
    case = Case(cell=find_cell("mut1"), shape=SHAPE)
    assert "no kernel" in str(Ours("fused").refusal(case))
    assert Ours("cpu").refusal(case) is None
    assert Ours("auto").refusal(case) is None


def test_a_step_goes_on_with_the_state():
    numbers = Numbers(case=Case(cell=find_cell("lstm"), shape=SHAPE, kind="step"), backend="cpu")
    run = Ours("cpu").prepare(numbers)
    first, second = run(), run()
    assert isinstance(first, Tensor)
    assert first.shape == (2, 5)
    assert not first.equal(second)  # type: ignore[arg-type]
    expected, state = numbers.layer.step(numbers.x)
    assert first.allclose(expected)
    assert second.allclose(numbers.layer.step(numbers.x, state)[0])  # type: ignore[attr-defined]


def test_training_gives_gradients_by_input_and_weights():
    numbers = Numbers(case=Case(cell=find_cell("rnn"), shape=SHAPE), backend="cpu")
    found = Ours("cpu").prepare(numbers)()
    assert [tuple(g.shape) for g in found] == [(4, 2, 3), (5, 3), (5, 5), (5,)]  # type: ignore[attr-defined]


def test_the_layer_that_keeps_everything_runs_beside_one_that_does_not():
    low = Case(cell=find_cell("rnn"), shape=SHAPE, memory="low")
    itself = KeepsAll("cpu")
    assert itself.refusal(low) is None
    assert itself.refusal(Case(cell=low.cell, shape=SHAPE)) == "it is the layer itself"
    found = itself.prepare(Numbers(case=low, backend="cpu"))()
    assert len(found) == 4  # type: ignore[arg-type]


def test_kept_bytes_grow_with_the_steps():
    def kept(shape: str) -> int:
        case = Case(cell=find_cell("lstm"), shape=Shape.parse(shape))
        return kept_bytes(Numbers(case=case, backend="cpu"))

    short, long = kept("10,2,32,32"), kept("20,2,32,32")
    at_least = 6 * 10 * 2 * 32 * 4  # the output, c, and the four gates of an LSTM
    assert at_least <= short < 2 * at_least
    assert 1.8 < long / short < 2.1


def test_less_is_kept_where_little_memory_is_wanted():
    shape = Shape.parse("100,2,8,8")
    cases = [Case(cell=find_cell("lstm"), shape=shape, memory=m) for m in ("low", "default")]
    low, default = (kept_bytes(Numbers(case=case, backend="cpu")) for case in cases)
    assert low < default / 3
