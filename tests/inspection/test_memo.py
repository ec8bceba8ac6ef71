"""Values that are made once each."""

import time
from threading import Barrier, Thread

import pytest

from recurry.inspection.memo import Memo


def test_who_asks_at_the_same_time_gets_what_was_made_once():
    memo, made, found, together = Memo(), [], [], Barrier(8)

    def ask():
        together.wait()
        found.append(memo.get("key", lambda: made.append(1) or time.sleep(0.05) or object()))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(set(map(id, found))) == 1


def test_a_slow_key_keeps_no_other_waiting():
    memo, together = Memo(), Barrier(2)

    def slow():
        together.wait(10)  # goes on only when the other key is being made as well
        return 1

    thread = Thread(target=memo.get, args=("slow", slow))
    thread.start()
    assert memo.get("other", lambda: together.wait(10) + 2) >= 2
    thread.join()
    assert memo.get("slow", pytest.fail) == 1


def test_what_fails_is_made_again_and_leaves_nothing():
    memo = Memo()
    with pytest.raises(ZeroDivisionError):
        memo.get("key", lambda: 1 / 0)
    assert memo._busy == {}
    assert memo.get("key", lambda: 3) == 3


def test_only_the_last_ones_are_kept_and_live_values_never():
    memo = Memo(most=2)
    for key in "abc":
        memo.get(key, lambda: 1)
    assert memo.get("c", pytest.fail) == 1
    assert memo.get("a", lambda: 2) == 2
    memo.get("live", lambda: 3, is_kept=False)
    assert memo.get("live", lambda: 4) == 4
    memo.clear()
    assert memo.get("live", lambda: 5) == 5
