"""What must hold before the desk may run."""

from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.utils import timezone

from ydjy.desk.backup import archive as backup_archive
from ydjy.lib.crypto import keyfiles
from ydjy.staff_site import checks


def test_a_key_file_that_others_can_read_is_an_error(settings, tmp_path):
    settings.KEYS = tmp_path
    keyfiles.load_or_make(tmp_path, "field")
    assert checks.keys_are_ours_alone(None) == []

    (tmp_path / "field.key").chmod(0o644)
    [found] = checks.keys_are_ours_alone(None)
    assert found.id == "ydjy.E002"
    assert "chmod 600" in found.hint


def test_the_settings_as_deployed_give_no_warning(settings):
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = True
    settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True

    found = run_checks(include_deployment_checks=True, tags=["security"])

    assert {message.id for message in found} <= {"ydjy.W002"}, "only that nobody made a backup yet"


def test_off_loopback_an_unnamed_proxy_is_told(settings):
    settings.LOOPBACK_ONLY = False
    [found] = checks.the_proxy_is_named(None)
    assert "YDJY_PROXIES=127.0.0.1" in found.hint
    settings.PROXIES = ("127.0.0.1",)
    assert checks.the_proxy_is_named(None) == []


def test_a_backup_of_last_night_is_in_order_and_an_older_one_is_not(settings, tmp_path):
    settings.DATA = tmp_path
    [never] = checks.the_backup_is_not_old(None)
    assert "还没有备份过" in never.msg
    now = timezone.now()
    for hours, wrong in ((25, 0), (27, 1)):
        made = backup_archive.Backup(tmp_path / "x.bak", 1, 0, "")
        backup_archive.remember(made, now - timedelta(hours=hours))
        assert len(checks.the_backup_is_not_old(None)) == wrong


@pytest.mark.django_db
def test_nothing_is_wrong_with_the_models():
    call_command("check", fail_level="ERROR")
