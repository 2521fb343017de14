"""What must hold before the desk may run."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command

from ydjy import checks
from ydjy.lib import keyfiles


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

    assert [str(message) for message in found] == []


@pytest.mark.django_db
def test_nothing_is_wrong_with_the_models():
    call_command("check", fail_level="ERROR")
