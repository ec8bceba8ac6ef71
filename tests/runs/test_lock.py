"""One process trains a run; a killed one is no hindrance."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from recurry.errors import RunError
from recurry.runs.lock import RunLock


def test_a_second_holder_is_told_who_has_it(tmp_path):
    lock = RunLock(tmp_path)
    with pytest.raises(RunError, match="being trained right now") as caught:
        RunLock(tmp_path)
    assert f"process {os.getpid()}" in str(caught.value)
    lock.release()
    lock.release()
    RunLock(tmp_path).release()


def test_a_killed_process_holds_no_lock(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from recurry.runs.lock import RunLock\n"
        "lock = RunLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"process {child.pid}"):
            RunLock(tmp_path)
        child.send_signal(signal.SIGKILL)
        child.wait()
    RunLock(tmp_path).release()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(RunError, match="no-such"):
        RunLock(tmp_path / "no-such")


def test_a_full_disk_is_named_and_holds_no_lock(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(RunError, match="larger than allowed"):
            RunLock(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    RunLock(tmp_path).release()


def test_a_lock_file_of_bytes_that_are_no_text(tmp_path):
    lock = RunLock(tmp_path)
    (tmp_path / ".lock").write_bytes(b"\xff")
    with pytest.raises(RunError, match="being trained right now"):
        RunLock(tmp_path)
    lock.release()
