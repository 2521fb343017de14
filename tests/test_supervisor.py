"""Web and worker end with the process that watches them, however that ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WATCHING = """
import sys
from ydjy.management.processes import Child, run
quiet = "import time; print('up', flush=True); time.sleep(60)"
run([Child("网站", [sys.executable, "-c", quiet])], print)
"""


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in found.split()]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(done: object, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def watching() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHING],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # tests may be under nohup
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    (child,) = children(process.pid)
    yield process, child
    for pid in (process.pid, child):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux tells a child")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_no_child_outlives_it(
    watching: tuple[subprocess.Popen[bytes], int], number: signal.Signals
):
    process, child = watching
    process.send_signal(number)
    assert until(lambda: process.poll() is not None)
    assert until(lambda: not alive(child)), "it would hold the port"


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_child_that_ends_by_itself_is_started_again(
    watching: tuple[subprocess.Popen[bytes], int],
):
    process, child = watching
    os.kill(child, signal.SIGKILL)
    assert until(lambda: [pid for pid in children(process.pid) if pid != child and alive(pid)])
