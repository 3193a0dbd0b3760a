"""Locks are released when the process that holds them ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from brushprint.core import locks

HOLD = "import sys, time; from brushprint.core import locks; lock = {}; print('held', flush=True); time.sleep(600)"


def holder(call: str) -> subprocess.Popen:
    """Start another process that holds a lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD.format(call)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_is_released_when_the_process_that_holds_it_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "below/lock"
    process = holder(f"locks.hold({str(file)!r})")
    assert locks.hold(file) is None
    os.kill(process.pid, signal.SIGKILL)
    with locks.hold(file, wait=True) as stream:
        assert stream
    process.wait()


def test_processes_share_a_lock_and_learn_whether_they_are_alone(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    first = holder(f"locks.join({str(file)!r})")
    stream, alone = locks.join(file)
    assert alone is False
    first.kill()
    first.wait()
    assert not locks.join(file)[1], "this process is still at work"
    stream.close()
    assert locks.join(file)[1]
