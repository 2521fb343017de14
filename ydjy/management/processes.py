"""The processes of one desk, started and stopped together: web, worker, beat.

No server of its own and no shell: a list of commands, watched from one loop. When one of them ends
by itself it is started again, a little later each time until it has run for a minute; a signal
stops all of them, and none outlives this process.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

GRACE = 25  # seconds that a child may take to finish what it is doing
LONGEST_WAIT = 60
GOOD = 60  # seconds after which a process that ends had been running well
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass
class Child:
    """One watched process and when it may be started again."""

    name: str
    command: Sequence[str]
    orphaned: signal.Signals = signal.SIGKILL  # what the kernel sends it when we are killed
    process: "subprocess.Popen[bytes] | None" = None
    failures: int = 0
    started: float = 0.0
    not_before: float = 0.0
    noticed: bool = False

    def start(self) -> None:
        # A group of its own: Ctrl-C on the terminal reaches us alone, and we stop it in order.
        self.process = subprocess.Popen(
            self.command,
            start_new_session=True,
            preexec_fn=_not_longer_than(os.getpid(), self.orphaned),
        )
        self.started, self.noticed = time.monotonic(), False
        self.not_before = self.started + min(2**self.failures, LONGEST_WAIT)

    def note_end(self) -> None:
        """Counts an end once; after a good minute the count, and with it the wait, begins anew."""
        if not self.noticed:
            good = time.monotonic() - self.started >= GOOD
            self.failures, self.noticed = 1 if good else self.failures + 1, True


def _not_longer_than(parent: int, orphaned: signal.Signals) -> Callable[[], None]:
    """Runs in a child before its program: on Linux the kernel stops it when we are killed, which
    no handler of ours hears of. Else the web server would hold the port, and a worker that ends in
    order the database, for as long as a list takes; whoever comes next goes on with that list."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def prepare() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, orphaned)
            if os.getppid() != parent:  # killed before this was said
                os._exit(1)

    return prepare


def commands(port: int) -> list[Child]:
    """The web server on loopback, the worker, and the clock that wakes it."""
    python = sys.executable
    web = [python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    web += ["--port", str(port), "--workers", "1", "--blocking-threads", "4"]
    web += ["--log-level", "warning", "ydjy.wsgi:application"]
    celery = [python, "-m", "celery", "--quiet", "-A", "ydjy"]
    worker = [*celery, "worker", "--pool", "threads", "--concurrency", "2"]
    level = ["--loglevel", "WARNING"]
    return [
        Child("网站", web, signal.SIGTERM),
        Child("后台任务", [*worker, *level]),
        Child("定时任务", [*celery, "beat", *level]),
    ]


def run(children: Sequence[Child], tell: Callable[[str], object]) -> None:
    """Keep the children running until a signal; returns when all have ended."""
    stopping = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    before = {number: signal.signal(number, stop) for number in _heard()}
    try:
        for child in children:
            child.start()
        while not stopping:
            time.sleep(0.3)
            for child in children:
                _restart_if_ended(child, tell)
    finally:
        _stop_all(children)
        for number, handler in before.items():
            signal.signal(number, handler)


def _heard() -> list[signal.Signals]:
    """The signals that stop us; the closing of the terminal unless nohup was asked to ignore it."""
    closed = [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else []
    return [signal.SIGINT, signal.SIGTERM, *closed]


def _restart_if_ended(child: Child, tell: Callable[[str], object]) -> None:
    if child.process is None or child.process.poll() is None:
        return
    child.note_end()
    if time.monotonic() >= child.not_before:
        tell(f"{child.name}自己停了，重新启动（第 {child.failures} 次）。")
        child.start()


def _stop_all(children: Sequence[Child]) -> None:
    running = [c.process for c in children if c.process and c.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + GRACE
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
