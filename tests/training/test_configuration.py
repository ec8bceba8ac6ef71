import subprocess
import sys

import pytest
from pydantic import ValidationError

from recurry.training.configuration import (
    OptimiserConfig,
    Recipe,
    ScheduleConfig,
    TrainingConfig,
    TransferConfig,
    WindowConfig,
)


def message(kind, **settings) -> str:
    with pytest.raises(ValidationError) as caught:
        kind(**settings)
    return str(caught.value)


def test_the_defaults_are_valid_and_frozen():
    for kind in (TrainingConfig, WindowConfig, OptimiserConfig, ScheduleConfig):
        assert len(kind.model_fields) <= 8
        table = kind()
        with pytest.raises(ValidationError, match="frozen"):
            setattr(table, next(iter(kind.model_fields)), 1)


def test_an_unknown_key_is_an_error():
    assert "learning_rat" in message(OptimiserConfig, learning_rat=1.0)


def test_gradients_cannot_flow_through_less_than_a_window():
    text = message(WindowConfig, k1=8, k2=4)
    assert "k2 = 4 is less than k1 = 8" in text
    assert "k2 >= 8" in text


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (TrainingConfig, "lanes"),
        (TrainingConfig, "epochs"),
        (TrainingConfig, "patience"),
        (TrainingConfig, "evaluate_every"),
        (WindowConfig, "k1"),
        (WindowConfig, "k2"),
    ],
)
def test_giant_numbers_are_refused(table, key):
    assert "less than or equal to 1000" in message(table, **{key: 10**400})


def test_history_is_what_lies_before_the_counted_steps():
    assert WindowConfig(k1=8).history == 0
    assert WindowConfig(k1=8, k2=8).history == 0
    assert WindowConfig(k1=8, k2=20).history == 12


def test_window_lengths_may_not_vary_wildly():
    assert "at most 4" in message(WindowConfig, k1=8, jitter=5.0)


def test_all_contradictions_of_a_table_are_reported_at_once():
    text = message(
        OptimiserConfig,
        name="asgd",
        clip_norm=1.0,
        clip_value=1.0,
        momentum=0.9,
        betas=(0.9, 0.99),
        epsilon=1e-8,
    )
    for part in ("clip_norm and clip_value", "momentum is", "betas is", "epsilon is"):
        assert part in text


@pytest.mark.parametrize("name", ["adam", "adamw", "adagrad", "asgd"])
def test_momentum_belongs_to_sgd_and_rmsprop(name):
    assert "only by 'sgd' and 'rmsprop'" in message(OptimiserConfig, name=name, momentum=0.5)


def test_windows_report_both_contradictions():
    text = message(WindowConfig, k1=8, k2=4, jitter=6.0)
    assert "k2 = 4" in text
    assert "jitter = 6" in text


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("constant", "factor", 0.9),
        ("cosine", "start", 2.0),
        ("one_cycle", "every", 2.0),
        ("step", "final", 0.1),
    ],
)
def test_options_of_another_schedule_are_errors(name, option, value):
    text = message(ScheduleConfig, name=name, **{option: value})
    assert f"{option} is not used by the schedule {name!r}" in text


def test_options_at_their_default_may_be_spelled_out():
    settings = ScheduleConfig(name="cosine").model_dump()
    assert ScheduleConfig(**settings) == ScheduleConfig(name="cosine")


def test_one_cycle_warms_up_by_default():
    assert ScheduleConfig(name="one_cycle").warmup_fraction == 0.3
    assert ScheduleConfig(name="one_cycle", warmup=0.1).warmup_fraction == 0.1
    assert ScheduleConfig().warmup_fraction == 0.0


def test_two_kinds_of_averages_contradict_each_other():
    tables = {"window": WindowConfig(), "schedule": ScheduleConfig()}
    asgd = OptimiserConfig(name="asgd")
    both = Recipe(training=TrainingConfig(averaging=0.99), optimiser=asgd, **tables)
    assert "both average" in both.contradictions()[0]
    assert not Recipe(training=TrainingConfig(), optimiser=asgd, **tables).contradictions()


def test_reading_settings_does_not_load_torch():
    code = "import sys, recurry.training.configuration; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_taken_over_has_one_source():
    assert TransferConfig().source == ""
    assert TransferConfig(embeddings="a.vec").source == "a.vec"
    assert TransferConfig(start_from="b", unfreeze_epochs=1.5, layer_rate=0.5).source == "b"
    with pytest.raises(ValidationError, match="keep one of them"):
        TransferConfig(embeddings="a.vec", start_from="b")
    with pytest.raises(ValidationError, match="set start_from"):
        TransferConfig(embeddings="a.vec", unfreeze_epochs=1)
