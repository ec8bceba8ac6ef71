"""The first signal is a request, the second one is obeyed at once."""

import errno
import os
import signal
import threading

import pytest

from recurry.runs.signals import STOPPING, StopRequest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_only_sets_the_flag(number):
    told: list[str] = []
    before = signal.getsignal(number)
    with StopRequest(told.append) as stop:
        assert not stop.is_set
        os.kill(os.getpid(), number)
        assert stop.is_set
    assert told == [STOPPING]
    assert signal.getsignal(number) == before


def test_the_second_signal_stops_at_once():
    with StopRequest(lambda _: None):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_in_the_middle_of_a_print_is_no_error():
    def print_again(_: str) -> None:
        raise RuntimeError("reentrant call")

    with StopRequest(print_again) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_set


def test_outside_the_main_thread_signals_work_as_usual():
    found = []

    def look() -> None:
        before = signal.getsignal(signal.SIGINT)
        with StopRequest(found.append):
            found.append(signal.getsignal(signal.SIGINT) == before)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [True]


def test_a_signal_from_a_terminal_that_is_gone_is_no_error():
    def nowhere(_: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with StopRequest(nowhere) as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        assert stop.is_set
