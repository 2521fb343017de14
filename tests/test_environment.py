"""The operator's settings: what is not understood stops the program with one sentence."""

import json
from pathlib import Path

import pytest

from tests import migrated
from tests.processes import environ, python
from ydjy import environment

BASE = Path("/srv/ydjy")


def read(**environ: str) -> environment.Environment:
    return environment.read(environ, base=BASE)


def test_nothing_set_is_a_desk_on_loopback_with_sqlite_beside_the_code():
    env = read()

    assert env.data == BASE / "var"
    assert env.database["NAME"] == BASE / "var" / "ydjy.sqlite3"
    assert env.database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "synchronous=FULL" in env.database["OPTIONS"]["init_command"]
    assert (env.site, env.debug, env.loopback_only) == ("both", False, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YDJY_SITE", "admin"),
        ("YDJY_DEBUG", "maybe"),
        ("YDJY_HOSTS", "*"),
        ("YDJY_HOSTS", "http://a.cn"),
        ("YDJY_PROXIES", "proxy.example.cn"),
        ("YDJY_PROXIES", "10.0.0.1/8"),
        ("YDJY_DATABASE_URL", "mysql://root@localhost/x"),
        ("YDJY_DATABASE_URL", "postgresql://localhost"),
        ("YDJY_BROKER_URL", "memory://"),
        ("YDJY_DATABSE_URL", "sqlite:///x"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_in_a_sentence_naming_it(name, value):
    with pytest.raises(environment.SettingRefused) as refused:
        read(**{name: value})

    assert name in str(refused.value)
    assert str(refused.value).endswith("。")


def test_a_password_in_the_database_address_may_hold_any_character():
    env = read(YDJY_DATABASE_URL="postgresql://u%40x:p%23%E5%AF%86@db.local:6432/%E5%BA%93")

    assert env.database["USER"] == "u@x"
    assert env.database["PASSWORD"] == "p#密"
    assert (env.database["HOST"], env.database["PORT"]) == ("db.local", "6432")
    assert env.database["NAME"] == "库"
    assert env.database["OPTIONS"]["pool"]


def test_debug_is_refused_off_loopback():
    assert read(YDJY_DEBUG="1").debug
    with pytest.raises(environment.SettingRefused, match="只能在本机"):
        read(YDJY_DEBUG="1", YDJY_HOSTS="yibao.example.cn")


def test_a_host_name_takes_the_site_off_loopback():
    env = read(YDJY_HOSTS="yibao.example.cn, 10.1.2.3")

    assert not env.loopback_only
    assert env.hosts[-2:] == ("yibao.example.cn", "10.1.2.3")


def test_proxies_are_named_by_address_or_net():
    assert read(YDJY_PROXIES=" 127.0.0.1, 10.1.2.0/24 ").proxies == ("127.0.0.1", "10.1.2.0/24")
    assert read().proxies == ()


BEHIND_A_PROXY = """
import django, json
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
browser = Client(SERVER_NAME="yibao.example.cn")
said = [browser.get("/admin/login/", headers=h) for h in ({}, {"X-Forwarded-Proto": "https"})]
print(json.dumps([answer.status_code for answer in said]))
"""


def test_behind_a_proxy_with_tls_a_page_is_answered_and_not_sent_to_itself(tmp_path: Path):
    migrated.lend(tmp_path)
    env = environ(tmp_path, YDJY_HOSTS="yibao.example.cn", DJANGO_SETTINGS_MODULE="ydjy.settings")
    done = python("-c", BEHIND_A_PROXY, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [301, 200]
