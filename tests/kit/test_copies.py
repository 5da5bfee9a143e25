"""A PostgreSQL database that a test used looks to the next as if nobody had."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.conftest import Copies


@pytest.fixture
def copies(request: pytest.FixtureRequest) -> Copies:
    found = request.getfixturevalue("postgres_copies")
    if found is None:
        pytest.skip("no PostgreSQL listens")
    return found


def _in(name: str, *statements: str) -> list[tuple]:
    from tests.conftest import POSTGRES

    url = urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            found = connection.execute(statement)
        return found.fetchall() if found.description else []


_ALL = "SELECT row_to_json(d)::text FROM debtor d ORDER BY id"
_NEXT = "SELECT last_value, is_called FROM debtor_id_seq"


def test_rows_and_numbers_are_put_back(copies: Copies) -> None:
    name = copies.take()
    before = _in(name, _ALL), _in(name, _NEXT)
    _in(
        name,
        "SET session_replication_role = replica",
        "DELETE FROM account",
        "UPDATE debtor SET language = 'xx'",
        "DELETE FROM debtor WHERE id % 2 = 0",
        "SELECT nextval('debtor_id_seq')",
    )
    assert (_in(name, _ALL), _in(name, _NEXT)) != before
    again = copies._renew(name)
    try:
        assert again == name
        assert (_in(again, _ALL), _in(again, _NEXT)) == before
        assert _in(again, "SELECT count(*) FROM account")[0][0] > 0
    finally:
        copies.give_back(again)


def test_other_tables_make_it_another_database(copies: Copies) -> None:
    name = copies.take()
    _in(name, "CREATE TABLE one_more (id int)")
    again = copies._renew(name)
    try:
        assert again != name
        assert _in(again, "SELECT to_regclass('one_more') IS NULL") == [(True,)]
    finally:
        copies.give_back(again)
