import os
import stat
import time
from pathlib import Path

import pytest
from django.conf import settings

from ydjy.desk.crypto import vault
from ydjy.desk.crypto.fields import SealBroken

CANARY = "来件的内容".encode()


def path(name: str) -> Path:
    return Path(settings.DATA) / "files" / name


def test_a_file_comes_back_byte_for_byte_and_lies_there_as_ciphertext():
    name = vault.put("weekly", CANARY)
    assert vault.get(name) == CANARY
    assert CANARY not in path(name).read_bytes()
    assert stat.S_IMODE(path(name).stat().st_mode) == 0o600


def test_a_file_that_takes_the_place_of_another_does_not_open():
    one, two = vault.put("weekly", b"one"), vault.put("weekly", b"two")
    path(one).write_bytes(path(two).read_bytes())
    with pytest.raises(SealBroken):
        vault.get(one)


def test_a_dropped_file_is_gone_and_may_be_dropped_again():
    name = vault.put("weekly", CANARY)
    vault.drop(name)
    vault.drop(name)
    with pytest.raises(FileNotFoundError):
        vault.get(name)


def test_what_a_crash_left_half_written_is_swept_and_nothing_else():
    name = vault.put("weekly", CANARY)
    old, new = path("weekly/old.part"), path("weekly/new.part")
    for draft in (old, new):
        draft.write_bytes(b"x")
    hours_ago = time.time() - 7200
    os.utime(old, (hours_ago, hours_ago))
    assert vault.sweep() == 1
    assert not old.exists()
    assert new.exists()
    assert vault.get(name) == CANARY
    new.unlink()
