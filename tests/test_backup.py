"""The desk is lost, and comes back from one file and the keys, on the engine of this run."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Machine


def files(machine: Machine) -> dict[str, str]:
    """Every kept file, and what is in it."""
    found = (machine.folder / "files").rglob("*")
    return {
        str(path.relative_to(machine.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if path.is_file()
    }


@pytest.fixture(scope="module")
def old(started: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A desk with people, filings, tickets and a received file, its changes sealed."""
    machine = started.copy(tmp_path_factory.mktemp("old") / "data", "backup_old")
    assert machine.manage("seal_changes").returncode == 0
    yield machine
    machine.gone()


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Machine]:
    """An empty machine to which somebody has brought nothing yet."""
    folder = tmp_path / "new"
    folder.mkdir()
    machine = Machine(folder, "backup_new")
    yield machine
    machine.gone()


def bring_keys(old: Machine, new: Machine) -> None:
    shutil.copytree(old.folder / "keys", new.folder / "keys", dirs_exist_ok=True)


def test_a_lost_desk_comes_back_row_for_row_and_file_for_file(
    old: Machine, new: Machine, tmp_path: Path
):
    made = old.run("backup", "--to", str(tmp_path / "away"))
    assert made["rows"] > 1000
    assert made["files"] == len(files(old)) > 0
    assert len(made["head"]) == 64
    assert Path(made["file"]).stat().st_mode & 0o077 == 0
    if not old.server:
        assert made["bytes"] < (old.folder / "ydjy.sqlite3").stat().st_size / 2, "it is packed"
    bring_keys(old, new)
    back = new.run("restore", made["file"])
    assert list(made) == ["file", "bytes", "rows", "files", "head", "seconds"]
    assert list(back) == ["file", "rows", "files", "head", "seconds"]
    assert (back["rows"], back["files"], back["head"]) == (
        made["rows"], made["files"], made["head"],
    )  # fmt: skip
    assert new.rows() == old.rows()
    assert files(new) == files(old)
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
    (new.folder / "keys" / "field.key").write_text("00" * 32)
    refused = new.refused("restore", file)
    assert "field.key不是做备份时的那一把" in refused
    assert "什么也没有写进去" in refused
    shutil.copy(old.folder / "keys" / "field.key", new.folder / "keys")
    assert new.run("restore", file)["rows"] > 1000, "the same file, whole and with its key"


def test_only_so_many_are_kept_and_what_is_not_ours_stays(old: Machine, tmp_path: Path):
    (tmp_path / "ydjy-20200101-000000.bak").write_bytes(b"an old one")
    (tmp_path / "letters.bak").write_bytes(b"somebody's")
    made = old.run("backup", "--to", str(tmp_path), "--keep", "1")
    assert {path.name for path in tmp_path.iterdir()} == {Path(made["file"]).name, "letters.bak"}


def test_what_a_crash_left_is_gone_after_the_next_backup(old: Machine, tmp_path: Path):
    """A desk runs for months: what the kill of a night left does not wait for its next start."""
    folders = [old.folder / f"backup-{name}.part" for name in ("0" * 16, "1" * 16)]
    for folder in folders:
        folder.mkdir()
        (folder / "database").write_bytes(b"half")
    drafts = [tmp_path / f"ydjy-2020010{n}-000000.part" for n in (1, 2)]
    others = tmp_path / "letters.part"
    for file in (*drafts, others):
        file.write_bytes(b"half")
    yesterday = time.time() - 13 * 3600
    for path in (folders[0], drafts[0], others):
        os.utime(path, (yesterday, yesterday))
    old.run("backup", "--to", str(tmp_path))
    assert [path.exists() for path in folders] == [False, True], "one may be at work just now"
    assert [path.exists() for path in drafts] == [False, True]
    assert others.exists(), "what is not ours stays"
    shutil.rmtree(folders[1])
