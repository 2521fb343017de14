"""What every test may ask for: the cast, a client logged in as one of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware

from apps.offices.models import Staff
from apps.offices.sync import sync_roles
from tests import cast as casting
from tests import migrated
from tests.processes import Machine
from ydjy.desk.audit import change_log
from ydjy.desk.readiness import standing
from ydjy.lib import workbook


@pytest.fixture(scope="session", autouse=True)
def _emptying_is_allowed() -> Iterator[None]:
    """Tests with real transactions empty the tables after themselves, which the append-only
    triggers refuse; they are put back by post_migrate, which Django sends after emptying."""
    empty = BaseDatabaseOperations.execute_sql_flush

    def without_guards(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        change_log.uninstall(using=self.connection.alias)
        empty(self, sql_list)

    BaseDatabaseOperations.execute_sql_flush = without_guards  # type: ignore[method-assign]
    yield
    BaseDatabaseOperations.execute_sql_flush = empty  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_listed_once() -> Iterator[None]:
    """A process lists them when it starts. Every ``Client`` is a start of its own to Django: half
    of what most requests of the tests took was the listing."""
    look, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = once
    yield
    WhiteNoiseMiddleware.add_files_from_finders = look


@pytest.fixture(scope="session", autouse=True)
def _the_database_is_in_order() -> None:
    """A process asks every few seconds; the tests made it themselves, and count their queries."""
    standing.believe(seconds=1e9)


@pytest.fixture(scope="session", autouse=True)
def guarded() -> Iterator[Callable[..., Any]]:
    """Received files are read in this process: a child takes 108 ms of CPU for the 2 ms of the
    reading. What the child's limits do is in ``tests/lib/test_workbook_guard.py``; a test that an
    upload is read by it puts this, the real one, back."""
    real = workbook.read_guarded

    def here(data: bytes, limits: workbook.Limits, *, sift: Any = None, **more: str) -> Any:
        """A list of which the child leaves out what is known goes through the child."""
        if sift:
            return real(data, limits, sift=sift, **more)
        return workbook.read(data, limits, **more)

    workbook.read_guarded = here
    yield real
    workbook.read_guarded = real


@pytest.fixture(scope="session")
def _migrated_once() -> Iterator[None]:
    with migrated.once():
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    _migrated_once: None, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """The roles and their permissions are there for every test, as they are after every start."""
    with django_db_blocker.unblock():
        sync_roles()


@pytest.fixture(scope="module")
def jinzhou_policy(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """锦州's policy, loaded once for all tests of a module: the transaction of each lies inside.

    Not for modules with real transactions (``transaction=True``)."""
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around.__enter__()
        call_command("sync_reference", verbosity=0)
        call_command("load_policy", "jinzhou", verbosity=0)
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A desk after its first start. Whoever changes more than a day's work does takes a copy."""
    machine = Machine(tmp_path_factory.mktemp("started"), "started")
    machine.start()
    yield machine
    machine.gone()


@pytest.fixture
def cast(db: None) -> casting.Cast:
    return casting.hire()


@pytest.fixture
def client_of() -> Callable[[Staff], Client]:
    """A browser in which this person is logged in."""

    def login(person: Staff) -> Client:
        browser = Client(raise_request_exception=True)
        browser.force_login(person)
        return browser

    return login
