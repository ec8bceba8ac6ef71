import json
import math

import pytest
import torch

from recurry.errors import DataError, TrainingError, UsageError
from recurry.network.dropout import Dropout
from recurry.training.configuration import (
    OptimiserConfig,
    ScheduleConfig,
    TrainingConfig,
    WindowConfig,
)
from recurry.training.data import TrainingData
from recurry.training.fit import fit
from recurry.training.groups import Group
from recurry.training.state import TrainingState

RECIPES = {
    "sgd": {"optimiser": {"name": "sgd", "learning_rate": 0.5, "momentum": 0.9}},
    "plain sgd": {
        "optimiser": {"name": "sgd", "learning_rate": 1.0, "clip_norm": 1.0},
        "schedule": {"name": "step", "start": 1},
        "training": {"loss": "sum"},
    },
    "adagrad": {"optimiser": {"name": "adagrad", "learning_rate": 0.1, "clip_value": 0.1}},
    "rmsprop": {"optimiser": {"name": "rmsprop", "momentum": 0.5}, "window": {"k1": 5, "k2": 12}},
    "adam": {"optimiser": {"name": "adam"}, "schedule": {"name": "cosine", "warmup": 0.2}},
    "adamw": {
        "optimiser": {"weight_decay": 0.1},
        "schedule": {"name": "one_cycle"},
        "training": {"averaging": 0.9, "evaluate_every": 7},
        "window": {"k1": 9, "jitter": 2.0},
    },
    "asgd": {"optimiser": {"name": "asgd", "learning_rate": 0.5}},
}
DROPOUT = Dropout(input=0.1, between=0.3, output=0.2, recurrent_weights=0.2, is_locked=True)


def weights_of(model) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in model.network.parameters()]


def all_equal(first, second) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_resuming_gives_the_same_bits(make_model, data, begin, rng, recipe):
    """Stopped at random updates, restored into a fresh model, and gone on with to the end."""
    whole = make_model(dropout=DROPOUT, num_layers=2)
    expected = list(fit(whole, data, begin(whole, **recipe)))

    found = []
    stops = sorted(rng.choice(len(expected), size=3, replace=False).tolist())
    tensors, record = None, None
    for stop in [*stops, len(expected)]:
        model = make_model(dropout=DROPOUT, num_layers=2, seed=len(found) + 1)
        torch.manual_seed(len(found))  # a new process stands elsewhere
        state = begin(model, **recipe)
        if tensors is None:
            model = make_model(dropout=DROPOUT, num_layers=2)
            state = begin(model, **recipe)
        else:
            state.restore(tensors, json.loads(json.dumps(record)))
        for progress in fit(model, data, state):
            found.append(progress)
            if progress.update == stop:
                break
        tensors, record = state.snapshot()
    assert found == expected
    assert all_equal(weights_of(model), weights_of(whole))


def test_looking_at_a_training_does_not_change_it(make_model, data, begin):
    """Same bits with and without validation, snapshots, and random numbers drawn by others."""
    quiet, watched = (make_model(dropout=DROPOUT, num_layers=2) for _ in range(2))
    data_only = TrainingData(train=data.train)
    list(fit(quiet, data_only, begin(quiet, training={"averaging": 0.5})))
    state = begin(watched, training={"averaging": 0.5, "evaluate_every": 3})
    for _ in fit(watched, data, state):
        state.snapshot()
        torch.rand(3)
        with state.averaged_weights():
            pass
    assert all_equal(weights_of(quiet), weights_of(watched))


def test_training_leaves_torch_s_generator_alone(make_model, data, begin):
    model = make_model(dropout=DROPOUT)
    before = torch.get_rng_state()
    next(iter(fit(model, data, begin(model))))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_seed_decides_about_dropout(make_model, data, begin):
    models = [make_model(dropout=DROPOUT) for _ in range(3)]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        list(fit(model, data, begin(model, training={"seed": seed, "epochs": 1})))
    assert all_equal(weights_of(models[0]), weights_of(models[1]))
    assert not all_equal(weights_of(models[0]), weights_of(models[2]))


def test_a_snapshot_shares_no_memory(make_model, data, begin):
    model = make_model()
    state = begin(model, training={"averaging": 0.9})
    progress = fit(model, data, state)
    next(progress)
    tensors, _ = state.snapshot()
    before = {name: value.clone() for name, value in tensors.items()}
    next(progress)
    assert all(torch.equal(tensors[name], before[name]) for name in tensors)


def test_the_names_in_a_snapshot(make_model, data, begin):
    model = make_model()
    state = begin(model)
    next(fit(model, data, state))
    tensors, record = state.snapshot()
    assert {name.split(".")[0] for name in tensors} == {"weights", "optimiser", "carried", "random"}
    assert "carried.c" in tensors
    assert any(name.endswith("U_f.exp_avg_sq") for name in tensors)
    assert record == {
        "format": 1,
        "update": 1,
        "num_symbols": 32,
        "best_loss_nats": None,
        "evaluations_without_gain": 0,
    }


def test_a_snapshot_of_another_network_is_refused(make_model, begin):
    tensors, record = begin(make_model()).snapshot()
    with pytest.raises(TrainingError, match=r"another network[\s\S]*weights? that|vocabulary"):
        begin(make_model(hidden_size=5)).restore(tensors, record)


def test_a_snapshot_of_a_newer_format_is_refused(make_model, begin):
    state = begin(make_model())
    tensors, record = state.snapshot()
    with pytest.raises(TrainingError, match="version"):
        state.restore(tensors, {**record, "format": 2})


def test_initial_values_of_the_recipe_are_used(make_model, begin):
    model = make_model()
    begin(model, training={"initial": "uniform(-0.01, 0.01)"})
    matrices = [weight for weight in model.network.parameters() if weight.dim() > 1]
    assert max(float(weight.detach().abs().max()) for weight in matrices) <= 0.01


def test_contradictions_between_tables_are_reported_at_once(make_model, data):
    with pytest.raises(UsageError) as caught:
        TrainingState.begin(
            make_model(),
            TrainingData(train=data.train),
            training=TrainingConfig(averaging=0.9, patience=2),
            window=WindowConfig(),
            optimiser=OptimiserConfig(name="asgd"),
            schedule=ScheduleConfig(),
        )
    assert "both average the weights" in str(caught.value)
    assert "patience = 2 needs a validation text" in str(caught.value)


def test_a_text_shorter_than_a_window_says_how_short(make_model, begin):
    with pytest.raises(DataError, match="600 symbols"):
        begin(make_model(), window={"k1": 400})


def test_the_best_loss_is_remembered(make_model, data, begin):
    model = make_model()
    state = begin(model)
    assert math.isinf(state.best)
    losses = [p.validation.loss_nats for p in fit(model, data, state) if p.validation]
    assert state.best == min(losses)


def test_weights_wait_for_their_epoch(make_model, data):
    model = make_model(embedding_size=4)
    names = [name for name, _ in model.network.named_parameters()]
    late = tuple(name for name in names if name.startswith("embedding"))
    others = tuple(name for name in names if name not in late)
    groups = (Group(names=others), Group(names=late, first_epoch=0.5))
    state = TrainingState.begin(
        model,
        data,
        training=TrainingConfig(lanes=4, epochs=1),
        window=WindowConfig(k1=8),
        optimiser=OptimiserConfig(learning_rate=0.01, weight_decay=0.1),
        schedule=ScheduleConfig(),
        groups=groups,
    )
    old = state.weights[late[0]].detach().clone()
    moved = []
    for _ in fit(model, data, state):
        moved.append(not torch.equal(state.weights[late[0]], old))
    half = len(moved) / 2
    assert moved == [number >= half for number in range(len(moved))]


def test_one_group_is_no_group(make_model, data, begin):
    one, other = make_model(), make_model()
    list(fit(one, data, begin(one)))
    names = tuple(name for name, _ in other.network.named_parameters())
    state = TrainingState(other, begin(other).course, recipe=begin(other).recipe)
    grouped = TrainingState(other, state.course, recipe=state.recipe, groups=(Group(names=names),))
    list(fit(other, data, grouped))
    assert all_equal(weights_of(one), weights_of(other))
