"""The desk is lost, and comes back from one file and the keys, on the engine of this run."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVER = os.environ.get("YDJY_DATABASE_URL", "")


class Machine:
    """A data folder, and on PostgreSQL a database of its own."""

    def __init__(self, folder: Path, name: str):
        self.folder, self.database = folder, f"backup_{name}_{os.getpid()}"
        if SERVER:
            self._ask(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
            self._ask(f'CREATE DATABASE "{self.database}"')

    def _ask(self, statement: str) -> None:
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(statement)

    def gone(self) -> None:
        if SERVER:
            self._ask(f'DROP DATABASE "{self.database}" WITH (FORCE)')
        shutil.rmtree(self.folder)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("YDJY_", "DJANGO_"))}
        env["YDJY_DATA"] = str(self.folder)
        if SERVER:
            env["YDJY_DATABASE_URL"] = urlsplit(SERVER)._replace(path=self.database).geturl()
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def run(self, *words: str) -> dict:
        done = self.manage(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, *words: str) -> str:
        done = self.manage(*words)
        assert done.returncode == 1, done.stdout
        return done.stderr

    def rows(self) -> list:
        done = self.manage("dumpdata", "--exclude", "sessions")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def files(self) -> dict[str, str]:
        found = (self.folder / "files").rglob("*")
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in found
            if path.is_file()
        }


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A desk with people, filings, tickets and a received file, its changes sealed."""
    machine = Machine(tmp_path_factory.mktemp("old") / "data", "old")
    assert machine.manage("quickstart", "--no-serve").returncode == 0
    assert machine.manage("seal_changes").returncode == 0
    yield machine
    machine.gone()


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Machine]:
    """An empty machine to which somebody has brought nothing yet."""
    folder = tmp_path / "new"
    folder.mkdir()
    machine = Machine(folder, "new")
    yield machine
    machine.gone()


def bring_keys(old: Machine, new: Machine) -> None:
    shutil.copytree(old.folder / "keys", new.folder / "keys", dirs_exist_ok=True)


def test_a_lost_desk_comes_back_row_for_row_and_file_for_file(
    old: Machine, new: Machine, tmp_path: Path
):
    made = old.run("backup", "--to", str(tmp_path / "away"))
    assert made["rows"] > 1000
    assert made["files"] == len(old.files()) > 0
    assert len(made["head"]) == 64
    assert Path(made["file"]).stat().st_mode & 0o077 == 0
    bring_keys(old, new)
    back = new.run("restore", made["file"])
    assert (back["rows"], back["files"], back["head"]) == (
        made["rows"], made["files"], made["head"],
    )  # fmt: skip
    assert new.rows() == old.rows()
    assert new.files() == old.files()
    assert new.manage("verify_changes").returncode == 0
    assert not list(new.folder.glob("backup-*")), "nothing is left in a scratch folder"
    assert not list(old.folder.glob("backup-*"))


def test_a_backup_shows_no_name_and_no_key(old: Machine, tmp_path: Path):
    file = Path(old.run("backup", "--to", str(tmp_path))["file"])
    data = file.read_bytes()
    assert b"filings_filing" not in data
    keys = [path.read_text().strip().encode() for path in (old.folder / "keys").glob("*.key")]
    assert len(keys) >= 4
    assert not any(key in data or bytes.fromhex(key.decode()) in data for key in keys)


def test_what_does_not_fit_is_refused_and_nothing_is_put_in_place(
    old: Machine, new: Machine, tmp_path: Path
):
    file = old.run("backup", "--to", str(tmp_path))["file"]
    assert "已经有数据" in old.refused("restore", file)
    assert "没有field.key、index.key、backup.key" in new.refused("restore", file)
    bring_keys(old, new)
    assert "没有" in new.refused("restore", file + ".not")
    half = tmp_path / "half.bak"
    half.write_bytes(Path(file).read_bytes()[:-5_000])
    assert "不是完整的备份文件" in new.refused("restore", str(half))
    (new.folder / "keys" / "backup.key").write_text("00" * 32)
    assert "不是做备份时的那一把" in new.refused("restore", file)
    shutil.copy(old.folder / "keys" / "backup.key", new.folder / "keys")
    assert new.run("restore", file)["rows"] > 1000, "the same file, whole and with its key"


def test_only_so_many_are_kept_and_what_is_not_ours_stays(old: Machine, tmp_path: Path):
    (tmp_path / "ydjy-20200101-000000.bak").write_bytes(b"an old one")
    (tmp_path / "letters.bak").write_bytes(b"somebody's")
    made = old.run("backup", "--to", str(tmp_path), "--keep", "1")
    assert {path.name for path in tmp_path.iterdir()} == {Path(made["file"]).name, "letters.bak"}
