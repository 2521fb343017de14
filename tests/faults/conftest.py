"""The city that every run of a kill begins with: one for all of them, also on PostgreSQL."""

import os
from urllib.parse import urlsplit

import pytest

from tests.faults.place import Place, database


@pytest.fixture(scope="session")
def city(tmp_path_factory):
    """An empty city, made once and copied for every run."""
    folder = tmp_path_factory.mktemp("city")
    server = os.environ.get("YDJY_DATABASE_URL", "")
    url = ""
    if server.startswith("postgres"):
        database(server, "CREATE DATABASE faults_city")
        url = urlsplit(server)._replace(path="/faults_city").geturl()
    made = Place(folder, url)
    done = made.run("make")
    assert done.returncode == 0, done.stderr
    yield made, server
    if url:
        database(server, "DROP DATABASE faults_city WITH (FORCE)")
