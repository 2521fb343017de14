"""What every test may ask for: the cast, a client logged in as one of them."""

from collections.abc import Callable, Iterator

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client

from apps.offices.models import Staff
from tests import cast as casting
from ydjy.desk import audit


@pytest.fixture(scope="session", autouse=True)
def _emptying_is_allowed() -> Iterator[None]:
    """Tests with real transactions empty the tables after themselves, which the append-only
    triggers refuse; they are put back by post_migrate, which Django sends after emptying."""
    empty = BaseDatabaseOperations.execute_sql_flush

    def without_guards(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        audit.uninstall(using=self.connection.alias)
        empty(self, sql_list)

    BaseDatabaseOperations.execute_sql_flush = without_guards  # type: ignore[method-assign]
    yield
    BaseDatabaseOperations.execute_sql_flush = empty  # type: ignore[method-assign]


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
