import math

import pytest
import torch

from recurry.errors import TrainingError
from recurry.network.dropout import Dropout
from recurry.tasks.scoring import score
from recurry.training.data import TrainingData
from recurry.training.fit import fit


def test_training_learns_the_pattern(make_model, data, begin):
    model = make_model()
    state = begin(model, training={"epochs": 6}, optimiser={"learning_rate": 0.05})
    progress = list(fit(model, data, state))
    assert progress[0].loss_nats == pytest.approx(math.log(7), abs=0.3)
    assert progress[-1].validation.loss_nats < 1.2  # the entropy of the pattern is 0.95
    assert progress[-1].loss_nats < progress[0].loss_nats - 0.4


def test_low_memory_learns_the_same(make_model, data, begin):
    models = [make_model(precision="float64") for _ in range(2)]
    losses = []
    for model, memory in zip(models, ("default", "low"), strict=True):
        state = begin(model, window={"memory": memory})
        losses.append([progress.loss_nats for progress in fit(model, data, state)])
        assert model.network.recurrent.memory == memory
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


def test_progress_counts_updates_epochs_and_symbols(make_model, data, begin):
    model = make_model()
    state = begin(model)
    progress = list(fit(model, data, state))
    per_epoch = round((600 // 4 - 1) / 8)
    assert [p.update for p in progress] == list(range(1, 2 * per_epoch + 1))
    assert {p.num_updates for p in progress} == {2 * per_epoch}
    assert [p.epoch for p in progress] == [0] * per_epoch + [1] * per_epoch
    assert progress[-1].num_symbols == 2 * 4 * (600 // 4 - 1)
    assert state.is_finished
    assert [p.update for p in progress if p.validation] == [per_epoch, 2 * per_epoch]


def test_evaluation_every_few_updates(make_model, data, begin):
    model = make_model()
    progress = list(fit(model, data, begin(model, training={"evaluate_every": 10})))
    assert [p.update for p in progress if p.validation] == [10, 20, 30, len(progress)]


def test_validation_is_that_of_the_model_as_it_stands(make_model, data, begin):
    model = make_model()
    for progress in fit(model, data, begin(model)):
        if progress.validation:
            assert progress.validation == score(model, data.validation)


@pytest.mark.parametrize(
    "averaged", [{"training": {"averaging": 0.9}}, {"optimiser": {"name": "asgd"}}]
)
def test_averaged_weights_are_validated_and_the_own_ones_trained(make_model, data, begin, averaged):
    model = make_model()
    state = begin(model, **averaged)
    for progress in fit(model, data, state):
        if not progress.validation:
            continue
        own = [weight.detach().clone() for weight in model.network.parameters()]
        with state.averaged_weights():
            assert progress.validation == score(model, data.validation)
            held = list(model.network.parameters())
            is_same = all(torch.equal(a, b) for a, b in zip(own, held, strict=True))
            assert is_same == ("optimiser" in averaged and progress.epoch == 0)
        held = list(model.network.parameters())
        assert all(torch.equal(a, b) for a, b in zip(own, held, strict=True))


def test_patience_stops_and_the_best_is_marked(make_model, data, begin):
    model = make_model()
    recipe = {"epochs": 50, "evaluate_every": 2, "patience": 3}
    state = begin(model, training=recipe, optimiser={"name": "sgd", "learning_rate": 20.0})
    progress = [p for p in fit(model, data, state) if p.validation]
    losses = [p.validation.loss_nats for p in progress]
    best = losses.index(min(losses))
    assert len(losses) == best + 1 + 3
    assert progress[best].is_best
    assert not any(p.is_best for p in progress[best + 1 :])
    assert state.is_finished
    assert state.is_ended_early
    assert list(fit(model, data, state)) == []


def test_a_loss_that_is_no_number_stops_before_the_weights_change(make_model, data, begin):
    model = make_model(cell="rnn_relu")
    state = begin(model, optimiser={"name": "sgd", "learning_rate": 1e9})
    kept = []

    def train() -> None:
        for _ in fit(model, data, state):
            kept[:] = [weight.detach().clone() for weight in model.network.parameters()]

    with pytest.raises(TrainingError) as caught:
        train()
    text = str(caught.value)
    assert f"update {state.update + 1} of {state.num_updates}" in text
    assert "optimiser.learning_rate than 1e+09" in text
    assert "optimiser.clip_norm" in text
    assert all(torch.equal(a, b) for a, b in zip(model.network.parameters(), kept, strict=True))


@pytest.mark.parametrize("every", [0, 1])
def test_weights_that_are_no_numbers_are_neither_validated_nor_the_result(
    make_model, data, begin, every
):
    """The loss and the gradient are finite, the step is not; without another update to notice."""
    for text in (data, TrainingData(train=data.train)):
        model = make_model()
        state = begin(
            model,
            training={"lanes": 100, "epochs": 1, "evaluate_every": every},
            window={"k1": 5},
            optimiser={"learning_rate": 1e39},
        )
        with pytest.raises(TrainingError, match=r"after update 1 of 1: a weight") as caught:
            list(fit(model, text, state))
        assert "a smaller optimiser.learning_rate than 1e+39, or" in str(caught.value)
        assert not state.has_finite_weights


def test_a_summed_loss_has_steps_times_the_gradient(make_model, data, begin):
    """Clipping is measured on the gradient of what is minimised: k1 times the mean's."""
    norms = {}
    for loss in ("mean", "sum"):
        model = make_model()
        norms[loss] = next(iter(fit(model, data, begin(model, training={"loss": loss}))))
    assert norms["sum"].loss_nats == norms["mean"].loss_nats
    assert norms["sum"].gradient_norm == pytest.approx(8 * norms["mean"].gradient_norm, rel=1e-5)


def test_random_lengths_scale_the_learning_rate(make_model, data, begin):
    model = make_model()
    state = begin(model, window={"k1": 20, "jitter": 4.0})
    windows = [state.course.at(n) for n in range(state.num_updates)]
    for window, progress in zip(windows, fit(model, data, state), strict=True):
        assert progress.learning_rate == pytest.approx(0.01 * window.length / 20)


def test_dropout_is_on_in_training_and_off_in_validation(make_model, data, begin):
    model = make_model(dropout=Dropout(output=0.5))
    progress = list(fit(model, data, begin(model)))
    assert progress[-1].validation.loss_nats == score(model, data.validation).loss_nats
    assert not model.network.training or score(model, data.validation)


def test_every_tenth_update_is_measured_against_the_weights(make_model, data, begin):
    model = make_model()

    def weights() -> torch.Tensor:
        return torch.cat([weight.detach().flatten() for weight in model.network.parameters()])

    before, ratios = weights(), {}
    for progress in fit(model, data, begin(model)):
        if progress.update_ratio is not None:
            ratio = float((weights() - before).norm() / before.norm())
            assert progress.update_ratio == pytest.approx(ratio, rel=1e-4)
            ratios[progress.update] = ratio
        before = weights().clone()
    assert list(ratios) == [10, 20, 30]
