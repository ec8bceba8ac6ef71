"""The log: means between lines, and the same bytes after a cut as without one."""

import json
import resource
from dataclasses import replace

import pytest

from recurry.errors import RunError
from recurry.runs.log import RunLog, read_log
from recurry.tasks.scoring import Scores
from recurry.training.fit import Progress


def _progress(update: int, *, validation: Scores | None = None) -> Progress:
    return Progress(
        update=update,
        num_updates=12,
        epoch=update // 6,
        num_symbols=100 * update,
        loss_nats=1 / update,
        gradient_norm=0.5,
        learning_rate=0.1,
        validation=validation,
        is_best=validation is not None,
    )


LINE = b'{"update": 1, "num_symbols": 50, "loss_nats": 2.0}\n'
SCORES = Scores(loss_nats=2.0, bits=2.9, perplexity=7.4, num_symbols=9)


def test_a_line_holds_the_mean_since_the_last(tmp_path):
    log = RunLog(tmp_path, every=4)
    for update in range(1, 13):
        log.take(_progress(update, validation=SCORES if update == 6 else None))
    log.close()
    lines = read_log(tmp_path)
    assert [line["update"] for line in lines] == [4, 6, 8, 12]
    assert lines[0]["loss_nats"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert lines[1]["loss_nats"] == pytest.approx((1 / 5 + 1 / 6) / 2)
    assert lines[1]["validation_loss_nats"] == 2.0
    assert lines[1]["is_best"] is True
    assert "validation_loss_nats" not in lines[2]
    assert lines[0]["epoch"] == 1


def test_a_line_tells_how_far_the_update_went_where_that_was_measured(tmp_path):
    log = RunLog(tmp_path, every=4)
    log.take(replace(_progress(4), update_ratio=0.001))
    log.take(replace(_progress(8), update_ratio=float("inf")))
    log.take(_progress(12))
    log.close()
    lines = read_log(tmp_path)
    assert [line.get("update_ratio", "-") for line in lines] == [0.001, None, "-"]


def test_the_last_update_is_always_logged(tmp_path):
    log = RunLog(tmp_path, every=100)
    log.take(_progress(12))
    log.close()
    assert [line["update"] for line in read_log(tmp_path)] == [12]


@pytest.mark.parametrize("stop", [1, 4, 5, 11])
def test_a_resumed_log_is_the_same_to_the_byte(tmp_path, stop):
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    log = RunLog(tmp_path / "whole", every=4)
    for update in range(1, 13):
        log.take(_progress(update))
    log.close()

    log = RunLog(tmp_path / "cut", every=4)
    for update in range(1, stop + 1):
        log.take(_progress(update))
    record = json.loads(json.dumps(log.record()))
    for update in range(stop + 1, 13):  # lost work: it is after the checkpoint
        log.take(_progress(update))
    log.close()
    log = RunLog(tmp_path / "cut", every=4, record=record)
    for update in range(stop + 1, 13):
        log.take(_progress(update))
    log.close()
    whole, cut = (tmp_path / name / "log.jsonl" for name in ("whole", "cut"))
    assert cut.read_bytes() == whole.read_bytes()


def test_the_clock_is_in_another_file(tmp_path):
    log = RunLog(tmp_path, every=1)
    log.take(_progress(3))
    log.close()
    time = json.loads((tmp_path / "times.jsonl").read_text())
    assert time["update"] == 3
    assert time["at"].endswith("+00:00")
    assert "at" not in read_log(tmp_path)[0]


@pytest.mark.parametrize(("left", "kept"), [(None, []), (b"", []), (LINE + LINE[:9], [1])])
def test_a_log_that_lost_its_end_goes_on_after_its_last_whole_line(tmp_path, left, kept):
    if left is not None:
        (tmp_path / "log.jsonl").write_bytes(left)
    log = RunLog(tmp_path, every=1, record={"offset": 999, "loss_sum": 0.0, "num_losses": 0})
    assert not log.is_whole
    log.take(_progress(3))
    log.close()
    assert [line["update"] for line in read_log(tmp_path)] == [*kept, 3]


def test_a_log_that_is_all_there_says_so(tmp_path):
    (tmp_path / "log.jsonl").write_bytes(LINE)
    record = {"offset": len(LINE), "loss_sum": 0.0, "num_losses": 0}
    log = RunLog(tmp_path, every=1, record=record)
    log.close()
    assert log.is_whole


@pytest.mark.parametrize("damage", [b'{"upd', b"{}", b"[1]", b"\xff", LINE.replace(b"2", b'"x"')])
def test_a_damaged_line_is_left_out(tmp_path, damage):
    (tmp_path / "log.jsonl").write_bytes(LINE + damage + b"\n" + LINE)
    assert [line["update"] for line in read_log(tmp_path)] == [1, 1]
    assert read_log(tmp_path / "no-such") == []


def test_a_disk_that_fills_up_is_named_once_and_closing_says_nothing_more(tmp_path):
    log = RunLog(tmp_path, every=1)
    log.take(_progress(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(RunError, match="larger than allowed"):
            log.record()
        log.close()
        log.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
