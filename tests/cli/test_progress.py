"""What is shown while training: never wider than the screen, never more than is known."""

import errno
import io
import json
import math
import re
import sys

import pytest

from recurry.cli.progress import (
    BarDisplay,
    JsonDisplay,
    LineDisplay,
    Meter,
    bar_line,
    choose_display,
    duration,
    validation_line,
)
from recurry.tasks.scoring import Scores
from recurry.training.fit import Progress

SCORES = Scores(loss_nats=1.6, bits=2.3, perplexity=4.95, num_symbols=9)


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _progress(
    update: int, *, total: int = 1000, loss: float = 2.0, validation: Scores | None = None
) -> Progress:
    return Progress(
        update=update,
        num_updates=total,
        epoch=update // 100,
        num_symbols=update * 50,
        loss_nats=loss,
        gradient_norm=1.0,
        learning_rate=0.1,
        validation=validation,
        is_best=validation is not None,
    )


def _run(meter: Meter, clock: Clock, *, first: int, last: int, seconds: float) -> None:
    for update in range(first, last + 1):
        clock.now += seconds
        meter.record(_progress(update))


def test_rate_and_time_left_of_steady_work():
    clock = Clock()
    meter = Meter(clock=clock)
    _run(meter, clock, first=1, last=100, seconds=0.1)
    assert meter.symbols_per_second == pytest.approx(500, rel=0.02)
    assert meter.seconds_left == pytest.approx(90, rel=0.02)


def test_work_done_before_a_resume_does_not_count():
    clock = Clock()
    meter = Meter(clock=clock)
    _run(meter, clock, first=901, last=950, seconds=0.1)
    assert meter.symbols_per_second == pytest.approx(500, rel=0.03)
    assert meter.seconds_left == pytest.approx(5, rel=0.03)


def test_nothing_is_claimed_before_there_is_something_to_go_by():
    clock = Clock()
    meter = Meter(clock=clock)
    assert meter.seconds_left is None
    _run(meter, clock, first=1, last=5, seconds=0.1)
    assert meter.seconds_left is None
    assert "... left" in bar_line(meter, width=80, unit="characters")


def test_the_rate_follows_when_the_machine_slows_down():
    clock = Clock()
    meter = Meter(clock=clock)
    _run(meter, clock, first=1, last=500, seconds=0.1)
    _run(meter, clock, first=501, last=600, seconds=1.0)
    assert meter.seconds_left == pytest.approx(400, rel=0.05)


def test_a_pause_shows_while_it_lasts():
    clock = Clock()
    meter = Meter(clock=clock)
    _run(meter, clock, first=1, last=100, seconds=0.1)
    before = meter.seconds_left
    clock.now += 10
    assert meter.seconds_left == pytest.approx(2 * before, rel=0.02)


def test_the_loss_is_smoothed_without_a_bias_at_the_start():
    meter = Meter(clock=Clock())
    meter.record(_progress(1, loss=4.0))
    assert meter.loss_nats == pytest.approx(4.0)
    meter.record(_progress(2, loss=2.0))
    assert 2.9 < meter.loss_nats < 3.1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (8070, "2 h 14 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("width", [10, 20, 30, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("total", [10, 1000, 123_456_789])
def test_the_line_fits_any_width(width, total):
    clock = Clock()
    meter = Meter(clock=clock)
    assert len(bar_line(meter, width=width, unit="words")) <= width
    clock.now += 5
    meter.record(_progress(9, total=total))
    assert len(bar_line(meter, width=width, unit="words")) <= width


def test_a_usual_line_has_everything_at_120_columns():
    clock = Clock()
    meter = Meter(clock=clock)
    _run(meter, clock, first=1, last=999, seconds=0.1)
    line = bar_line(meter, width=120, unit="characters")
    for part in ("99.9 %", "999/1,000", "epoch 10", "loss 2.000", "chars/s", "0 s left"):
        assert part in line


def test_the_bar_is_full_only_at_the_end():
    clock = Clock()
    meter = Meter(clock=clock)
    clock.now += 5
    meter.record(_progress(999_999, total=1_000_000))
    assert "─" in bar_line(meter, width=80, unit="bytes")
    meter.record(_progress(1_000_000, total=1_000_000))
    line = bar_line(meter, width=80, unit="bytes")
    assert "─" not in line
    assert line.startswith("100 %")


def test_an_evaluation_fits_80_columns_even_late():
    line = validation_line(_progress(1_234_567, validation=SCORES), loss_unit="character")
    assert len(line) <= 85
    line = validation_line(_progress(12_345, validation=SCORES), loss_unit="character")
    assert line == ("update 12,345 (epoch 124): validation 1.6000 nats/char, perplexity 4.95, best")
    assert validation_line(_progress(1), loss_unit="byte") == ""
    line = validation_line(_progress(1, validation=SCORES), loss_unit="record")
    assert "1.6000 nats/record" in line


def test_lines_come_every_few_seconds_and_at_the_end(capsys):
    clock = Clock()
    with LineDisplay(unit="bytes", loss_unit="byte", clock=clock) as display:
        for update in range(1, 1001):
            clock.now += 0.02
            display.show(_progress(update))
        display.note("done")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert re.fullmatch(
        r"update 502 of 1,000 \(50.2 %\), loss 2.000, 2,5\d\d bytes/s, 10 s left", lines[1]
    )
    assert lines[-2].startswith("update 1,000 of 1,000 (100.0 %)")


def test_an_evaluation_gets_its_own_line(capsys):
    with LineDisplay(unit="words", loss_unit="word", clock=Clock()) as display:
        display.show(_progress(5, validation=SCORES))
    assert "1.6000 nats/word, perplexity 4.95, best" in capsys.readouterr().err


def test_json_lines_go_to_standard_output_and_talk_does_not(capsys):
    clock = Clock()
    with JsonDisplay(loss_unit="byte", clock=clock) as display:
        display.note("talk")
        for update in range(1, 101):
            clock.now += 0.1
            display.show(_progress(update, total=100, validation=SCORES if update == 7 else None))
    shown = capsys.readouterr()
    assert shown.err == "talk\n"
    events = [json.loads(line) for line in shown.out.splitlines()]
    updates = [event["update"] for event in events]
    assert updates[0] == 1
    assert 7 in updates
    assert updates[-1] == 100
    assert 9 <= len(events) <= 14
    assert events[updates.index(7)]["validation_loss_nats"] == 1.6
    assert events[0]["seconds_left"] is None


def test_the_display_fits_the_place(monkeypatch):
    assert isinstance(choose_display(unit="bytes", loss_unit="byte", as_json=True), JsonDisplay)
    assert isinstance(choose_display(unit="bytes", loss_unit="byte", as_json=False), LineDisplay)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(choose_display(unit="bytes", loss_unit="byte", as_json=False), BarDisplay)
    monkeypatch.setenv("TERM", "dumb")  # cannot draw a line anew, so a bar would never be seen
    assert isinstance(choose_display(unit="bytes", loss_unit="byte", as_json=False), LineDisplay)


def test_the_bar_lets_notes_stay(capsys):
    with BarDisplay(unit="characters", loss_unit="character") as display:
        display.show(_progress(5, validation=SCORES))
        display.note("[not markup]")
    shown = capsys.readouterr().err
    assert "[not markup]" in shown
    assert "1.6000 nats/char" in shown


def test_a_loss_that_is_no_number_is_null_in_json(capsys):
    nothing = Scores(loss_nats=math.nan, bits=math.nan, perplexity=math.inf, num_symbols=9)
    JsonDisplay(loss_unit="byte").show(_progress(1, validation=nothing))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line, parse_constant=pytest.fail)["validation_loss_nats"] is None


@pytest.mark.parametrize("make", [LineDisplay, BarDisplay])
def test_talk_that_nobody_can_hear_is_no_error(make, monkeypatch):
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    display = make(unit="characters", loss_unit="character")
    display.note("hello")
    display.show(_progress(1, validation=SCORES))


def test_a_path_is_shown_as_it_is(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    path = "runs/:fire:/[bold]" + "a" * 200
    BarDisplay(unit="characters", loss_unit="character").note(path)
    assert shown.getvalue() == path + "\n"
