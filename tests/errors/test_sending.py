"""Friday 15:55: the file arrives once and whole, or stays here and somebody knows what to do."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox, partners
from apps.errors.models import Dispatch, ExchangeSettings, ReturnFile
from apps.errors.returns import build as returns_build
from tests.errors import weeks
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db
Channel = ExchangeSettings.Channel
LAST_MINUTES = weeks.FRIDAY.replace(hour=15, minute=55)


@pytest.fixture
def signed(cast) -> ReturnFile:
    sync_causes()
    batch = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        [file] = returns_build.prepare(batch, by=cast.lead)
        return returns_build.sign(file, by=cast.reviewer)


@pytest.fixture
def folder(tmp_path) -> Path:
    ExchangeSettings.objects.create(channel=Channel.FOLDER, folder=str(tmp_path))
    return tmp_path / "out"


def there(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_file_goes_to_the_folder_once_however_often_it_is_sent(signed, folder, cast):
    with weeks.at(LAST_MINUTES):
        outbox.send_now(signed, by=cast.lead)
        outbox.send_now(signed, by=cast.lead)
        for _ in range(50):
            outbox.sweep()

    [row] = Dispatch.objects.all()
    assert there(folder) == [signed.filename]
    assert sha256((folder / signed.filename).read_bytes()).hexdigest() == signed.sha256
    assert (row.attempts, row.late, row.sent_by) == (1, False, cast.lead)
    signed.batch.refresh_from_db()
    assert signed.batch.returned_at == row.sent_at


def test_a_half_written_part_of_a_dead_worker_is_written_anew(signed, folder):
    folder.mkdir(parents=True)
    (folder / f"{signed.filename}.part").write_bytes(b"half")
    with weeks.at(LAST_MINUTES):
        outbox.plan(signed)
        assert outbox.sweep() == 1
    assert there(folder) == [signed.filename]


def test_a_final_name_with_other_bytes_is_replaced_by_the_right_ones(signed, folder):
    folder.mkdir(parents=True)
    (folder / signed.filename).write_bytes(b"something else")
    with weeks.at(LAST_MINUTES):
        outbox.plan(signed)
        outbox.sweep()
    assert sha256((folder / signed.filename).read_bytes()).hexdigest() == signed.sha256


def test_one_of_two_workers_gets_the_lease_and_a_dead_ones_runs_out(signed, folder):
    with weeks.at(LAST_MINUTES):
        row = outbox.plan(signed)
        now = LAST_MINUTES
        assert outbox.claim(row.pk, now=now) is not None
        assert outbox.claim(row.pk, now=now + timedelta(seconds=119)) is None
        assert outbox.claim(row.pk, now=now + timedelta(seconds=120)) is not None


def test_a_folder_that_cannot_be_written_says_so_with_the_minutes_left(signed, tmp_path, cast):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    ExchangeSettings.objects.create(channel=Channel.FOLDER, folder=str(blocked))
    with weeks.at(LAST_MINUTES):
        with pytest.raises(Refused) as told:
            outbox.send_now(signed, by=cast.lead)
        [row] = outbox.stuck(LAST_MINUTES)

    assert "还有 5 分钟" in str(told.value)
    assert "人工报送" in str(told.value)
    assert row.problem.startswith("写不进文件夹")
    assert row.lease == ""
    assert row.next_try_at == LAST_MINUTES + outbox.PAUSE


def test_what_was_handed_in_by_people_is_not_stuck_any_more(signed, tmp_path, cast):
    (tmp_path / "file").write_text("")
    ExchangeSettings.objects.create(channel=Channel.FOLDER, folder=str(tmp_path / "file"))
    with weeks.at(LAST_MINUTES):
        with pytest.raises(Refused):
            outbox.send_now(signed, by=cast.lead)
        outbox.hand_in(signed, by=cast.lead, words="光盘")
        assert outbox.stuck(LAST_MINUTES) == []


def test_by_hand_nothing_is_planned(signed, cast):
    assert outbox.plan(signed) is None
    with pytest.raises(Refused, match="请下载文件"):
        outbox.send_now(signed, by=cast.lead)


# A real server ---------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path, monkeypatch):
    sftpserver = pytest.importorskip("tests.errors.sftpserver")
    monkeypatch.setattr("apps.errors.exchange.partners.TIMEOUT", 1.0)
    with sftpserver.running(tmp_path) as server:
        ExchangeSettings.objects.create(
            channel=Channel.SFTP,
            host="127.0.0.1",
            port=server.port,
            username="ydjy",
            key_file=str(server.key),
            known_hosts=str(server.known_hosts),
        )
        yield server


def test_a_file_reaches_the_server_under_its_final_name_only(signed, server, cast):
    assert outbox.send_now(signed, by=cast.lead) == "已送达省里。"
    assert there(server.folder) == [signed.filename]
    arrived = (server.folder / signed.filename).read_bytes()
    assert sha256(arrived).hexdigest() == signed.sha256


@pytest.mark.parametrize("fault", ["refuse", "hang", "cut:0", "cut:1000", "double", "lie"])
def test_a_faulty_server_never_gets_a_final_name_and_the_next_minute_mends_it(
    signed, server, cast, fault
):
    server.fault = fault
    with pytest.raises(Refused, match="没有送到"):
        outbox.send_now(signed, by=cast.lead)
    assert signed.filename not in there(server.folder)
    assert Dispatch.objects.get().sent_at is None

    server.fault = ""
    Dispatch.objects.update(next_try_at=None)
    assert outbox.sweep() == 1
    assert there(server.folder) == [signed.filename]
    assert Dispatch.objects.get().attempts == 2


def test_a_server_with_another_host_key_is_never_spoken_to(signed, server, cast):
    import paramiko

    other = paramiko.RSAKey.generate(2048).get_base64()
    server.known_hosts.write_text(f"[127.0.0.1]:{server.port} ssh-rsa {other}\n")
    with pytest.raises(Refused, match="主机密钥和登记的不一样"):
        outbox.send_now(signed, by=cast.lead)
    server.known_hosts.write_text("")
    with pytest.raises(Refused, match="连不上"):
        outbox.send_now(signed, by=cast.lead)
    assert there(server.folder) == []


def test_a_wrong_key_is_told_apart(signed, server, cast):
    import paramiko

    paramiko.RSAKey.generate(2048).write_private_key_file(str(server.key))
    with pytest.raises(Refused, match="不认我们的用户名或密钥"):
        outbox.send_now(signed, by=cast.lead)


def test_without_the_file_of_the_key_nothing_is_tried(signed, server, cast):
    server.key.unlink()
    with pytest.raises(Refused, match="找不到私钥文件"):
        outbox.send_now(signed, by=cast.lead)
    assert server.connections == 0


def test_sftp_settings_must_be_complete():
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match="要写明服务器"):
        ExchangeSettings(channel=Channel.SFTP, host="x").full_clean()


def test_a_partner_is_only_opened_where_there_is_one():
    with pytest.raises(Refused), partners.open_partner(ExchangeSettings()):
        pass
