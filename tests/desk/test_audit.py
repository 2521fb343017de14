import json
import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.filings.models import Material
from apps.offices.models import Office, Staff
from ydjy.desk import bulk_insert
from ydjy.desk.audit import change_log
from ydjy.desk.models import Change, Reading, Upload

pytestmark = pytest.mark.django_db


def office(code: str = "city", **more) -> Office:
    return Office.objects.create(
        code=code, name=more.pop("name", "市医保中心"), level="city", **more
    )


def changes(table: str) -> list[tuple[str, dict, dict]]:
    rows = Change.objects.filter(table=table).order_by("pk")
    return [(change.operation, *change_log.contents(change)) for change in rows]


def test_a_new_row_an_altered_one_and_a_deleted_one_each_leave_a_record():
    paper = Material.objects.create(code="card", name="社保卡")
    paper.name = "社会保障卡"
    paper.save()
    paper.delete()
    added, altered, deleted = changes("filings_material")
    assert added[0] == "insert"
    assert added[1] == {}
    assert added[2]["name"] == "社保卡"
    assert altered == ("update", {"name": "社保卡"}, {"name": "社会保障卡"})
    assert deleted[0] == "delete"
    assert deleted[1]["name"] == "社会保障卡"
    assert deleted[2] == {}


def test_a_save_that_changes_nothing_leaves_no_record():
    paper = Material.objects.create(code="card", name="社保卡")
    paper.save()
    assert len(changes("filings_material")) == 1


def test_many_rows_at_once_update_and_plain_sql_are_recorded_too():
    Material.objects.bulk_create([Material(code=f"m{n}", name="甲") for n in range(3)])
    Material.objects.update(name="乙")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE filings_material SET note = 'x' WHERE code = 'm0'")
    Material.objects.all().delete()
    kinds = [operation for operation, *_ in changes("filings_material")]
    assert kinds == ["insert"] * 3 + ["update"] * 4 + ["delete"] * 3


def test_without_its_triggers_a_table_records_nothing():
    change_log.uninstall()
    try:
        Material.objects.create(code="card", name="社保卡")
    finally:
        change_log.install()
    assert changes("filings_material") == []


def test_the_record_names_who_did_it():
    with change_log.as_actor("command:intake"):
        Material.objects.create(code="a", name="甲")
        Material.objects.bulk_create([Material(code="b", name="乙")])
    Material.objects.create(code="c", name="丙")
    actors = Change.objects.filter(table="filings_material").order_by("pk")
    assert [change.actor for change in actors] == ["command:intake", "command:intake", ""]


def test_rows_written_at_once_are_recorded_one_by_one_and_name_who_did_it():
    with change_log.as_actor("command:intake"):
        bulk_insert.insert([Material(code=f"m{n}", name="甲") for n in range(3)])
    recorded = Change.objects.filter(table="filings_material")
    assert set(recorded.values_list("actor", "operation")) == {("command:intake", "insert")}
    assert [row["code"] for _, _, row in changes("filings_material")] == ["m0", "m1", "m2"]


def test_every_actor_is_told_in_words():
    """Whatever the code signs with is known here, so no page shows «system:tick»."""
    signed = set()
    for folder in ("apps", "ydjy"):
        for path in Path(folder).rglob("*.py"):
            signed |= set(re.findall(r"""["'](system:[a-z]+)["']""", path.read_text("utf-8")))
    assert {"system:tick", "system:exports", "system:lists"} <= signed
    for actor in signed:
        assert change_log.who_words(actor).startswith("系统")
        assert change_log.who_words(actor) != "系统"
    assert change_log.who_words("staff:7", "王芳") == "王芳"
    assert change_log.who_words("staff:7") == "7号人员（已删除）"
    assert change_log.who_words("command:intake") == "运维命令 intake"
    assert change_log.who_words("db:postgres") == "直接改数据库的 postgres"
    assert change_log.who_words("") == "系统"
    assert change_log.who_words("visitor") == "没有登录的人"


def test_a_rolled_back_savepoint_does_not_take_the_actor_along():
    with change_log.as_actor("staff:7"):
        with suppress(RuntimeError), transaction.atomic():
            Material.objects.create(code="a", name="甲")
            raise RuntimeError
        Material.objects.create(code="b", name="乙")
    assert [change.actor for change in Change.objects.filter(table="filings_material")] == [
        "staff:7"
    ]


def test_an_actor_is_a_word_and_nothing_that_could_be_sql():
    with pytest.raises(ValueError), change_log.as_actor("x*/; drop table y"):
        pass


def test_a_value_cannot_pretend_to_be_the_actor():
    with change_log.as_actor("staff:7"):
        Material.objects.create(code="a", name="/*ydjy:staff:1*/")
    assert Change.objects.get(table="filings_material").actor == "staff:7"


def test_of_a_password_only_the_fact_that_it_changed_is_recorded():
    person = Staff.objects.create_user("wang", password="Correct-Horse-9")
    person.set_password("Another-Horse-9")
    person.save()
    recorded = str(changes("offices_staff"))
    assert person.password not in recorded
    assert changes("offices_staff")[-1][1:] == ({"password": "●●●●"}, {"password": "●●●●"})


def test_roles_given_through_groups_are_recorded():
    from django.contrib.auth.models import Group

    person = Staff.objects.create_user("wang")
    person.groups.add(Group.objects.create(name="x"))
    assert changes("offices_staff_groups")[0][0] == "insert"


def test_every_table_of_the_apps_is_recorded_except_events():
    tables = {model._meta.label for model in change_log.audited()}
    assert {"errors.Ticket", "filings.Filing", "offices.Staff", "desk.Upload"} <= tables
    assert "filings.FilingEvent" not in tables
    assert "errors.TicketEvent" not in tables
    assert change_log.missing() == []


def test_the_system_check_counts_the_tables_without_triggers():
    assert change_log.triggers_stand(None, databases=["default"]) == []
    with connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else " ON filings_material"
        name = "filings_material" + ("_insert" if connection.vendor == "sqlite" else "")
        cursor.execute(f"DROP TRIGGER ydjy_change_{name}{on}")
    (warning,) = change_log.triggers_stand(None, databases=["default"])
    assert isinstance(warning, checks.Warning)
    assert "filings_material" in warning.msg
    change_log.install()
    change_log.install()
    assert change_log.missing() == []


# The seal --------------------------------------------------------------------------------------


def test_sealing_leaves_ciphertext_only_and_the_contents_can_still_be_read():
    Material.objects.create(code="card", name="社保卡")
    assert change_log.seal_changes() == 1
    change = Change.objects.get(table="filings_material")
    assert change.before is None
    assert change.after is None
    assert change.chain
    assert "社保卡".encode() not in change.sealed.ciphertext()
    assert change_log.contents(change)[1]["name"] == "社保卡"


def test_sealing_twice_seals_once_and_goes_on_where_it_stopped():
    for n in range(5):
        Material.objects.create(code=f"m{n}", name="甲")
    assert [
        change_log.seal_changes(limit=3),
        change_log.seal_changes(limit=3),
        change_log.seal_changes(),
    ] == [
        3,
        2,
        0,
    ]
    assert change_log.verify() == []
    assert change_log.head().startswith("000000000005")


def sealed_materials(count: int = 3) -> list[Change]:
    for n in range(count):
        Material.objects.create(code=f"m{n}", name="甲")
    change_log.seal_changes()
    return list(Change.objects.order_by("pk"))


def unguarded(sql: str, *params: object) -> None:
    """What somebody with the database file in hands could do."""
    change_log.uninstall()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
    finally:
        change_log.install()


def test_an_altered_actor_breaks_the_chain():
    _, second, _ = sealed_materials()
    unguarded("UPDATE desk_change SET actor = 'staff:1' WHERE id = %s", second.pk)
    assert change_log.verify() == [f"第 2 条封存的记录（编号 {second.pk}）被改过。"]


def test_a_record_taken_away_breaks_the_chain():
    _, second, _ = sealed_materials()
    unguarded("DELETE FROM desk_change WHERE id = %s", second.pk)
    assert "第 2 到 2 条封存的记录不见了。" in change_log.verify()


def test_exchanged_contents_break_the_chain():
    first, second, _ = sealed_materials()
    unguarded(
        "UPDATE desk_change SET sealed = (SELECT sealed FROM desk_change WHERE id = %s)"
        " WHERE id = %s",
        first.pk,
        second.pk,
    )
    assert change_log.verify()


def test_a_seal_that_has_stopped_is_told():
    Material.objects.create(code="card", name="社保卡")
    assert change_log.verify() == []
    assert "还没有封存" in change_log.verify(now=timezone.now() + timedelta(hours=2))[0]


def refused(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError:
        return True
    return False


def test_nobody_edits_or_deletes_a_record():
    sealed_materials(1)
    Material.objects.create(code="open", name="乙")
    assert refused("DELETE FROM desk_change")
    assert refused("UPDATE desk_change SET actor = 'x'")
    assert refused("UPDATE desk_change SET after = NULL")
    assert refused("UPDATE desk_change SET chain = 'x', before = NULL, after = NULL, actor = 'x'")


def test_nobody_edits_or_deletes_a_reading_or_an_event():
    Reading.objects.create(at=timezone.now(), table="t", row="1", what="x")
    assert refused("DELETE FROM desk_reading")
    assert refused("UPDATE desk_reading SET what = 'y'")
    kept = {model._meta.db_table for model in apps.get_models() if change_log._keeps(model)}
    assert kept == {
        *("desk_reading", "filings_filingevent", "errors_ticketevent", "errors_dueevent"),
        "errors_archiveevent",
    }


def test_a_record_that_was_committed_late_is_linked_where_it_was_sealed():
    Change.objects.create(pk=1_000_000, at=timezone.now(), table="t", row="1", operation="insert")
    change_log.seal_changes()
    Change.objects.create(pk=999_999, at=timezone.now(), table="t", row="2", operation="insert")
    assert change_log.seal_changes() == 1
    assert change_log.verify() == []
    assert change_log.head() == Change.objects.get(pk=999_999).chain


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_seals_at_once_make_one_chain():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time")
    Material.objects.bulk_create([Material(code=f"m{n}", name="甲") for n in range(300)])
    waiting = Change.objects.filter(chain="").count()  # those of earlier tests' rows too
    start, sealed = Barrier(3), []

    def seal() -> None:
        start.wait()
        try:
            while count := change_log.seal_changes(limit=20):
                sealed.append(count)
        finally:
            connection.close()

    threads = [Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed) == waiting >= 300
    assert change_log.verify() == []


def test_the_commands_seal_and_verify_and_say_so(capsys: pytest.CaptureFixture[str]):
    Material.objects.create(code="card", name="社保卡")
    call_command("seal_changes")
    assert "封存了 1 条" in capsys.readouterr().out
    call_command("verify_changes", "--json")
    said = json.loads(capsys.readouterr().out)
    assert said == {"whole": True, "head": change_log.head(), "wrong": []}
    unguarded("UPDATE desk_change SET actor = 'staff:1'")
    with pytest.raises(SystemExit):
        call_command("verify_changes")
    assert "被改过" in capsys.readouterr().out


# What one sees ---------------------------------------------------------------------------------


def test_a_record_is_shown_in_the_words_of_the_pages():
    place = office()
    place.accepts, place.published = "city", False
    place.save()
    change = Change.objects.filter(operation="update", after__contains="accepts").get()
    assert set(change_log.in_words(change)) == {
        ("受理范围", "本辖区", "全市通办"),
        ("对外公开", "是", "否"),
    }


def test_a_sealed_column_stays_sealed_in_the_record():
    upload = Upload.objects.create(
        kind="weekly", filename="a.xlsx", format="xlsx", sha256="0", size=1, stored="x",
        received_at=timezone.now(),
    )  # fmt: skip
    assert json.loads(Change.objects.get(table="desk_upload").after)["filename"] == upload.filename
