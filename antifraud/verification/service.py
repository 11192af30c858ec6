"""Verify one centre: every check over one snapshot of the database, in a transaction that can write nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from antifraud.auth.service import Centre
from antifraud.foundation.clock import ControlledClock
from antifraud.foundation.db import Database, bind
from antifraud.installation import Installation
from antifraud.verification import figures, invariants, money, projection, seals, streams
from antifraud.verification.findings import Difference, Outcome, Scope

DEFINITIONS = "definitions"


def verify(installation: Installation, centre: Centre) -> Iterator[Outcome]:
    """Yield the outcome of each check, in one order; reading them is what makes them run."""
    with snapshot(installation.database, centre) as connection:
        clock = installation.clock
        scope = Scope(
            work=installation.work(connection, centre.id, "cli:verify"),
            centre=centre,
            now=clock.now(),
            clock_stands=isinstance(clock, ControlledClock) and clock.rate() == 0,
        )
        yield from checks(scope)


def checks(scope: Scope) -> Iterator[Outcome]:
    """Yield the outcome of each check of a scope."""
    yield Outcome(
        check=DEFINITIONS,
        sentence="every stored definition is the text that its content hash names",
        looked_at=1,
        differences=tuple(projection.definitions_as_stored(scope)),
    )
    yield from _log(scope)
    yield seals.check(scope)
    yield from invariants.check(scope)
    yield from money.check(scope)
    yield figures.check(scope)


@contextmanager
def snapshot(database: Database, centre: Centre) -> Iterator[Connection]:
    """One read-only transaction in which every statement sees the same instant of one centre."""
    with database.engine.connect() as opened:
        connection = opened.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            bind(connection, centre.id)
            yield connection


def _log(scope: Scope) -> Iterator[Outcome]:
    """Walk the log once, for its chains and for the replay."""
    chains: list[Difference] = []
    replays: list[Difference] = []
    entries = cases = 0
    for batch in streams.walk(scope.connection):
        owners = streams.owners_of(scope, batch)
        for stream in batch:
            entries += len(stream.entries)
            cases += stream.name.startswith(streams.CASE)
            chains += streams.check(stream, owners.get(stream.name))
        replays += projection.check(scope, batch)
    chains += streams.vanished(scope)
    yield Outcome(check=streams.CHECK, sentence=streams.SENTENCE, looked_at=entries, differences=tuple(chains))
    yield Outcome(check=projection.CHECK, sentence=projection.SENTENCE, looked_at=cases, differences=tuple(replays))
