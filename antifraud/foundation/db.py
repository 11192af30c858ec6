"""The database: one transaction per piece of work, bound to one centre (and, for a bank, to one institution).

Row security reads three settings of the transaction: `antifraud.centre`,
`antifraud.institution` and `antifraud.presented` (a credential that is being
looked up before its centre is known). They come from credentials and from the
process's own loops, never from input.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import Connection, MetaData, Numeric, RootTransaction, create_engine
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, UserDefinedType
from typing_extensions import override

metadata = MetaData()
"""Every table of every capability registers here; a test compares it with the migrated schema."""

log = structlog.get_logger()

_RETRYABLE = {"40P01", "40001"}
_NOT_PREPARED = "26000"
_RECONNECT_SECONDS = 1.0
_ASKING = "asking"
"""Under which a pooled connection keeps the cursor of `ask`."""
_READY = "ready"
"""Under which a pooled connection keeps the names of the statements that are prepared on it."""
_T = TypeVar("_T")


class Minor(TypeDecorator[int]):
    """NUMERIC(38, 0) minor units of an asset, as int on our side: exact, never float."""

    impl = Numeric(38, 0)
    cache_ok = True

    @override
    def process_bind_param(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)

    @override
    def process_result_value(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class Xid8(UserDefinedType[str]):
    """A full transaction id: it never wraps, so it orders transactions for good."""

    cache_ok = True

    @override
    def get_col_spec(self, **kw: Any) -> str:
        """Return the SQL name of the type."""
        return "xid8"


# So that a comparison of models and schema knows the type that the driver calls so.
ischema_names["xid8"] = Xid8


class Database:
    """One process's pool. `begin` is the only way to a connection.

    Args:
        url: A SQLAlchemy URL (`postgresql+psycopg://...`) of the second role,
            which has neither ownership nor BYPASSRLS.
        pool_size: Connections kept open; as many again may be opened for a burst.
        application_name: Shown in `pg_stat_activity`.
    """

    def __init__(self, url: str, *, pool_size: int = 8, application_name: str = "antifraud") -> None:
        self.url = url
        self.engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            # The connection used last: its statements are prepared, and its server process is warm.
            pool_use_lifo=True,
            # The driver begins nothing by itself: see `_begin`.
            isolation_level="AUTOCOMMIT",
            connect_args={"application_name": application_name, "connect_timeout": 5},
        )

    @contextmanager
    def begin(
        self, centre_id: UUID | None, *, institution_id: UUID | None = None, presented: str | None = None
    ) -> Iterator[Connection]:
        """One transaction that sees one centre's rows; commits at the end, rolls back on any exception."""

        def bound(connection: Connection) -> RootTransaction:
            transaction = connection.begin()
            ask(connection, _begin(centre_id, institution_id))
            if presented is not None:
                bind(connection, centre_id, institution_id=institution_id, presented=presented)
            return transaction

        connection, transaction = self._first(bound)
        with connection, transaction:
            yield connection

    def by_credential(self, query: str, presented: str) -> tuple[Any, ...] | None:
        """Return the one row that a presented credential opens: one statement, a transaction of its own.

        Args:
            query: A SELECT over the credential's own table that names it by ``shown.presented``.
            presented: What row security compares with the row.
        """
        # The subquery needs the setting's own value, so that it can only run once the setting stands.
        statement = (
            "SELECT found.* FROM (SELECT set_config('antifraud.presented', $1, true) AS presented) AS shown,"  # noqa: S608 - our own words
            f" LATERAL ({query} OFFSET 0) AS found"
        )

        def look(connection: Connection) -> tuple[Any, ...] | None:
            return next(iter(ask(connection, statement, (presented,))), None)

        connection, row = self._first(look)
        connection.close()
        return row

    def at_once(
        self, centre_id: UUID | None, statement: "Ready", values: Sequence[str], *, is_lasting: bool = True
    ) -> list[tuple[Any, ...]]:
        """Return the rows of one statement in a transaction of its own that sees one centre's rows: one message.

        Row security sees what it sees in `begin`: the settings stand before
        the statement begins, and end with it.

        Args:
            centre_id: Whose transaction it is.
            statement: What is asked; it is prepared once for each connection.
            values: Its values as PostgreSQL reads them in a text; never what somebody else wrote.
            is_lasting: Whether to wait until it is on disk. Without, a crash of the server itself (not of ours)
                may undo what was done in the last fraction of a second, but never what a later
                transaction that did wait has built on.
        """
        told = ", ".join(f"'{value}'" for value in values)
        message = (
            f"{_begin(centre_id, None)};{'' if is_lasting else ' SET LOCAL synchronous_commit = off;'}"
            f" EXECUTE {statement.name} ({told}); COMMIT"
        )

        def act(connection: Connection) -> list[tuple[Any, ...]]:
            known: set[str] = connection.info.setdefault(_READY, set())
            if statement.name in known:
                try:
                    return ask(connection, message)
                except DBAPIError as error:
                    if sqlstate(error) != _NOT_PREPARED:
                        raise
                    # The driver deallocates all that is prepared after a rollback, its own and ours.
                    connection.connection.rollback()
                    known.clear()
            ask(connection, f"PREPARE {statement.name} ({', '.join(statement.types)}) AS {statement.query}")
            known.add(statement.name)
            return ask(connection, message)

        connection, rows = self._first(act)
        connection.close()
        return rows

    def _first(self, act: Callable[[Connection], _T]) -> tuple[Connection, _T]:
        """Return a connection and what the first act on it gave.

        A connection that died in the pool shows at the first act, when nothing
        has been done that could be lost: it is done once more on a fresh one.
        """
        for is_last in (False, True):
            connection = self.engine.connect()
            try:
                return connection, act(connection)
            except BaseException as error:
                connection.close()
                if is_last or not isinstance(error, DBAPIError) or not error.connection_invalidated:
                    raise
        raise AssertionError  # the loop returns or raises

    def listen(self, channel: str, wake: threading.Event, stop: threading.Event) -> threading.Thread:
        """Set ``wake`` at each NOTIFY on ``channel`` and after every (re)connect, until ``stop`` is set.

        A notification only shortens the wait of a loop that also polls: one
        lost while the connection was down costs at most the floor.
        """
        thread = threading.Thread(
            target=self._listen, args=(channel, wake, stop), name=f"listen-{channel}", daemon=True
        )
        thread.start()
        return thread

    def _listen(self, channel: str, wake: threading.Event, stop: threading.Event) -> None:
        conninfo = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while not stop.is_set():
            try:
                with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {channel}".encode())
                    wake.set()
                    while not stop.is_set():
                        for _ in connection.notifies(timeout=0.5, stop_after=1):
                            wake.set()
            except psycopg.Error as error:
                log.warning("listen_lost", channel=channel, error=type(error).__name__)
                stop.wait(_RECONNECT_SECONDS)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement for `Database.at_once`: its name on the connection, the types of its values, its text."""

    name: str
    types: tuple[str, ...]
    query: str


def _begin(centre_id: UUID | None, institution_id: UUID | None) -> str:
    """Return BEGIN with whose transaction it is, in one message.

    What stands in the text are UUIDs of ours; a presented credential never does.
    """
    return (
        f"BEGIN; SET LOCAL antifraud.centre = '{centre_id or ''}';"
        f" SET LOCAL antifraud.institution = '{institution_id or ''}'; SET LOCAL antifraud.presented = ''"
    )


def ask(connection: Connection, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, plain tuples, by the driver alone: for what is asked with every report.

    Of several statements in one text, the rows of the first that gives any.

    SQLAlchemy's own work costs as much again for each (0.08 ms of 0.15), and a
    report needs several. A failure is raised as SQLAlchemy would raise it.

    Args:
        connection: The transaction.
        query: With PostgreSQL's own places for values (``$1``), so that the driver need not read it.
        parameters: Their values.
    """
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # is one
    try:
        cursor: psycopg.RawCursor[Any] | None = connection.info.get(_ASKING)
        if cursor is None:
            cursor = connection.info[_ASKING] = psycopg.RawCursor(driver)
        cursor.execute(query, parameters)
        while not (cursor.pgresult and cursor.pgresult.nfields):
            if not cursor.nextset():
                return []
        return cursor.fetchall()
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            query,
            tuple(parameters),
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=driver.closed,
            dialect=connection.dialect,
        ) from error


def bind(
    connection: Connection,
    centre_id: UUID | None,
    *,
    institution_id: UUID | None = None,
    presented: str | None = None,
) -> None:
    """Tell row security whose transaction this is, until its end."""
    connection.exec_driver_sql(
        "SELECT set_config('antifraud.centre', %s, true), set_config('antifraud.institution', %s, true),"
        " set_config('antifraud.presented', %s, true)",
        (
            "" if centre_id is None else str(centre_id),
            "" if institution_id is None else str(institution_id),
            presented or "",
        ),
    )


def retrying(work: Callable[[], _T], *, attempts: int = 5) -> _T:
    """Run ``work`` (one whole transaction) again on deadlock or serialization failure, a bounded number of times.

    Raises:
        DBAPIError: The last failure, or any that a repetition cannot mend.
    """
    for attempt in range(1, attempts + 1):
        try:
            return work()
        except DBAPIError as error:
            if sqlstate(error) not in _RETRYABLE or attempt == attempts:
                raise
            log.info("transaction_repeated", sqlstate=sqlstate(error), attempt=attempt)
    raise AssertionError  # the loop returns or raises


def sqlstate(error: DBAPIError) -> str | None:
    """Return the five-character SQLSTATE behind ``error``, if the server gave one."""
    original: Any = error.orig
    return getattr(original, "sqlstate", None)
