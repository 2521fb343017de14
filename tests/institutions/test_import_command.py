"""The list from the command line: compared and told, published only by two people."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.institutions.models import Institution
from tests.cast import Cast
from tests.institutions.lists import csv_list, generated

pytestmark = pytest.mark.django_db


def run(path: Path, *words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("import_institutions", str(path), "--json", *words, stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def path(tmp_path: Path, cast: Cast) -> Path:
    file = tmp_path / "list.csv"
    file.write_bytes(csv_list(generated(12)))
    return file


def test_without_names_it_only_compares_and_the_counts_add_up(path: Path):
    told = run(path)
    assert (told["state"], told["new"], told["rows_in"]) == ("staged", 12, 12)
    parts = ("accepted", "held", "rejected", "duplicate", "skipped")
    assert sum(told[part] for part in parts) == told["rows_in"]
    assert not Institution.objects.exists()


def test_two_people_publish(path: Path):
    told = run(path, "--national", "--draft", "directory", "--publish", "lead")
    assert told["state"] == "published"
    assert Institution.objects.filter(listed="national").count() == 12


def test_one_person_does_not_publish_alone(path: Path):
    with pytest.raises(CommandError, match="另一位同事"):
        run(path, "--draft", "lead", "--publish", "lead")
    assert not Institution.objects.exists()


def test_a_file_that_is_not_there_is_told(path: Path):
    with pytest.raises(CommandError, match="没有这个文件"):
        run(path.with_name("other.csv"))
