"""TensorBoard events: written when asked for, and a clear word when their package is missing."""

import sys

import pytest

from recurry.errors import MissingExtra
from recurry.runs.configuration import load_config
from recurry.runs.events import EVENTS, EventWriter
from recurry.training.fit import Progress

PROGRESS = Progress(
    update=10,
    num_updates=20,
    epoch=0,
    num_symbols=100,
    loss_nats=2.0,
    gradient_norm=1.0,
    learning_rate=0.1,
)
ASKED = load_config(overrides={"report.tensorboard": True})


def test_nothing_is_written_unless_asked_for(tmp_path):
    with EventWriter(tmp_path, config=load_config(), update=0) as events:
        events.take(PROGRESS)
    assert list(tmp_path.iterdir()) == []


def test_events_hold_the_losses(tmp_path):
    pytest.importorskip("tensorboardX")
    with EventWriter(tmp_path, config=ASKED, update=0) as events:
        events.take(PROGRESS)
    content = b"".join(path.read_bytes() for path in (tmp_path / EVENTS).iterdir())
    assert b"loss_nats/training" in content
    assert b"learning_rate" in content


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingExtra, match=r"recurry\[log\]"):
        EventWriter(tmp_path, config=ASKED, update=0)
