"""The product in processes of its own: commands and a server on a data folder, as an operator
starts them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
SERVER = os.environ.get("YDJY_DATABASE_URL", "")
BROKER = os.environ.get("YDJY_BROKER_URL", "")


def environ(data: Path, **more: str) -> dict[str, str]:
    """The surroundings of a process on ``data``: of our own settings nothing but ``more``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("YDJY_", "DJANGO_"))}
    return kept | {"YDJY_DATA": str(data)} | more


def python(*words: str, env: dict[str, str], **more: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *words],
        **{"cwd": ROOT, "env": env, "capture_output": True, "text": True, "check": False} | more,
    )


class Machine:
    """A data folder, and with ``YDJY_DATABASE_URL`` a database of its own on that server."""

    def __init__(self, folder: Path, name: str, *, like: str = "", server: str = SERVER):
        self.folder, self.server = folder, server
        self.database = f"{name}_{os.getpid()}"
        self.accounts: list[dict[str, str]] = []
        if server:
            self._ask(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
            template = f' TEMPLATE "{like}"' if like else ""
            self._ask(f'CREATE DATABASE "{self.database}"{template}')

    def start(self) -> None:
        """The first start, which makes everything that a desk begins with."""
        self.accounts = self.run("quickstart", "--no-serve")["accounts"]

    def copy(self, folder: Path, name: str) -> "Machine":
        shutil.copytree(self.folder, folder)
        return Machine(folder, name, like=self.database)

    def _ask(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as server:
            server.execute(statement)

    def gone(self) -> None:
        if self.server:
            self._ask(f'DROP DATABASE "{self.database}" WITH (FORCE)')
        shutil.rmtree(self.folder)

    def environ(self) -> dict[str, str]:
        more = {"YDJY_BROKER_URL": BROKER} if BROKER else {}
        if self.server:
            address = urlsplit(self.server)._replace(path=self.database).geturl()
            more["YDJY_DATABASE_URL"] = address
        return environ(self.folder, **more)

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return python("manage.py", *words, env=self.environ())

    def lines(self, *words: str) -> list[dict[str, Any]]:
        """What a command says with ``--json``, an object a line."""
        done = self.manage(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def run(self, *words: str) -> dict[str, Any]:
        [said] = self.lines(*words)
        return said

    def refused(self, *words: str) -> str:
        done = self.manage(*words)
        assert done.returncode == 1, done.stdout
        return done.stderr

    def rows(self) -> list[Any]:
        """Every row but those that end on their own while one looks."""
        done = self.manage("dumpdata", "--exclude", "sessions")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))


# A server ------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer_of(url: str, server: "subprocess.Popen[Any]") -> str:
    """The page, as soon as the server has started; fails if it ends instead."""
    deadline = time.monotonic() + 60
    while True:
        assert server.poll() is None, "the site ended by itself"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < deadline, "the site did not answer"
            time.sleep(0.2)


@contextmanager
def serving(data: Path, moment: str, *, path: str = "/") -> Iterator[str]:
    """The address of the site on ``data`` while its clock shows ``moment`` (and goes on)."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.browser.serve", str(port), moment],
        env=environ(data, DJANGO_SETTINGS_MODULE="ydjy.settings"),
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        answer_of(address + path, server)
        yield address
    finally:
        server.terminate()
        server.wait(10)
