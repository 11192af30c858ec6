"""Connections that die while they lie in the pool, and the one row that a credential opens."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.db import Database, Ready, ask, sqlstate
from antifraud.installation import Installation


def _end(installation: Installation, backend: int) -> None:
    """End a server process, as a restart of the server would, and wait until it is gone."""
    with installation.database.begin(None) as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})


def _backend(database: Database) -> int:
    with database.begin(None) as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_a_connection_that_died_in_the_pool_is_replaced_before_anything_is_done(
    installation: Installation, drill: Centre
) -> None:
    database = Database(installation.database.url, pool_size=1)
    for look in (
        lambda: _backend(database),
        lambda: database.by_credential("SELECT 1 FROM sources WHERE token_hash = shown.presented::bytea", "nobody"),
    ):
        died = _backend(database)
        _end(installation, died)
        look()
        assert _backend(database) != died
    with database.begin(drill.id) as connection:
        assert connection.scalar(text("SELECT current_setting('antifraud.centre')")) == str(drill.id)
    database.close()


def test_a_connection_that_dies_under_work_is_not_repeated_behind_its_back(installation: Installation) -> None:
    database, runs = Database(installation.database.url, pool_size=1), 0
    with pytest.raises(DBAPIError), database.begin(None) as connection:  # noqa: PT012 - the failure is in the block
        runs += 1
        _end(installation, int(connection.scalar(text("SELECT pg_backend_pid()")) or 0))
        connection.execute(text("SELECT 1"))
    assert runs == 1
    database.close()


def test_a_failure_of_the_driver_alone_is_the_failure_that_sqlalchemy_would_raise(installation: Installation) -> None:
    database = Database(installation.database.url, pool_size=1)
    with pytest.raises(IntegrityError) as refused, database.begin(None) as connection:
        ask(
            connection, "INSERT INTO sign_in_failures (subject_hash, window_at, failures) VALUES ($1, now(), 1)", [None]
        )
    assert sqlstate(refused.value) == "23502"
    assert not refused.value.connection_invalidated
    with pytest.raises(DBAPIError) as lost, database.begin(None) as connection:  # noqa: PT012 - the failure is in the block
        _end(installation, ask(connection, "SELECT pg_backend_pid()")[0][0])
        ask(connection, "SELECT $1::text", ["anything"])
    assert lost.value.connection_invalidated
    assert _backend(database)
    database.close()


def test_a_transaction_that_failed_leaves_its_connection_fit_for_the_next(
    installation: Installation, drill: Centre
) -> None:
    database = Database(installation.database.url, pool_size=1)
    backend = _backend(database)
    with pytest.raises(DBAPIError), database.begin(drill.id) as connection:
        ask(connection, "SELECT 1 / $1::integer", [0])
    with database.begin(None) as connection:
        assert ask(connection, "SELECT pg_backend_pid(), current_setting('antifraud.centre')") == [(backend, "")]
    database.close()


def test_a_credential_opens_its_own_row_and_leaves_no_setting_behind(installation: Installation) -> None:
    database = Database(installation.database.url, pool_size=1)
    query = "SELECT code FROM sources WHERE token_hash = decode(shown.presented, 'hex')"
    assert database.by_credential(query, "00" * 32) is None
    assert database.by_credential("SELECT code FROM sources WHERE shown.presented IS NOT NULL", "00" * 32) is None
    with database.begin(None) as connection:
        assert connection.scalar(text("SELECT current_setting('antifraud.presented')")) == ""
    database.close()


OWN_SOURCES = Ready(
    "own_sources", ("timestamptz",), "SELECT DISTINCT centre_id, $1, current_setting('synchronous_commit') FROM sources"
)
SPOILT = Ready("spoilt", ("integer",), "SELECT 1 / $1")


def test_a_transaction_in_one_message_sees_its_centre_alone_and_leaves_no_setting_behind(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    database = Database(installation.database.url, pool_size=1)
    now: datetime = clock.now()
    other = next(centre for centre in installation.centres() if centre.id != drill.id)
    # Now the one, now the other, on one connection, also once the server has planned for good.
    for _ in range(8):
        assert database.at_once(drill.id, OWN_SOURCES, [now.isoformat()], is_lasting=False) == [(drill.id, now, "off")]
        assert drill.id not in {row[0] for row in database.at_once(other.id, OWN_SOURCES, [now.isoformat()])}
    assert database.at_once(None, OWN_SOURCES, [now.isoformat()]) == []
    database.at_once(drill.id, OWN_SOURCES, [now.isoformat()], is_lasting=False)
    with database.engine.connect() as connection:
        look = "SELECT current_setting('antifraud.centre'), current_setting('synchronous_commit')"
        assert ask(connection, look) == [("", "on")]
        assert ask(connection, "SELECT count(*) FROM sources") == [(0,)]
    database.close()


def test_a_transaction_in_one_message_that_failed_leaves_its_connection_fit_for_the_next(
    installation: Installation, drill: Centre
) -> None:
    database = Database(installation.database.url, pool_size=1)
    backend = _backend(database)
    with pytest.raises(DBAPIError) as failed:
        database.at_once(drill.id, SPOILT, ["0"])
    assert sqlstate(failed.value) == "22012"
    assert database.at_once(drill.id, SPOILT, ["1"]) == [(1,)]
    assert _backend(database) == backend
    _end(installation, backend)
    assert database.at_once(drill.id, SPOILT, ["1"]) == [(1,)], "prepared again on a fresh connection"
    database.close()


def test_a_ready_statement_is_made_ready_again_where_a_rollback_took_it_away(
    installation: Installation, drill: Centre
) -> None:
    database = Database(installation.database.url, pool_size=1)
    ready = Ready("told_again", ("text",), "SELECT $1, current_setting('antifraud.centre')")
    wanted = [("told", str(drill.id))]
    assert database.at_once(drill.id, ready, ["told"]) == wanted
    with pytest.raises(ZeroDivisionError), database.begin(drill.id) as connection:  # noqa: PT012 - the failure is in the block
        for _ in range(8):  # often enough for the driver to prepare it, so that it deallocates all
            ask(connection, "SELECT $1::text", ["anything"])
        raise ZeroDivisionError
    assert ("told_again",) not in _prepared(database)
    assert [database.at_once(drill.id, ready, ["told"]) for _ in range(3)] == [wanted] * 3
    database.close()


def _prepared(database: Database) -> list[tuple[str]]:
    with database.begin(None) as connection:
        return [(name,) for name in connection.scalars(text("SELECT name FROM pg_prepared_statements"))]
