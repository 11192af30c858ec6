"""Attempts that end together are recorded together, and none of them waits for the case of another."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from antifraud.channel.recording import Call, Recorder
from antifraud.foundation.http import Received
from antifraud.outbox import service as outbox
from tests.factories.wire import Wire, wait_until


def claimed(wire: Wire, number: int) -> list[outbox.Claim]:
    """Report to as many accounts of one bank, and claim what must be sent."""
    for serial in range(number):
        wire.report("SIM-MUTE", serial, ref=f"r-{serial}")
    free, lease = {wire.institution("SIM-MUTE"): number}, timedelta(minutes=1)
    return outbox.claim(wire.installation.database, wire.centre.id, wire.clock.now(), free, lease)


def recorder(wire: Wire) -> Recorder:
    """Return a recorder as a dispatcher has it."""
    return Recorder(database=wire.installation.database, work=wire.work, centre_id=wire.centre.id, mail=wire.mail)


def all_at_once(wire: Wire, found: Recorder, claims: list[outbox.Claim]) -> list[threading.Thread]:
    """Begin to record a delivery of each claim; none is written before all of them wait."""
    now = wire.clock.now()
    attempt = outbox.Attempt(started_at=now, ended_at=now, result="delivered", http_status=200)
    call = Call(attempt, Received(200, {}, b""))
    with found._turn:
        threads = [
            threading.Thread(
                target=partial(found.record, outbox.Tried(claim=claim, attempt=attempt), call), daemon=True
            )
            for claim in claims
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(found._waiting) == len(claims))
    return threads


def delivered(wire: Wire, claims: list[outbox.Claim]) -> Callable[[], set[UUID]]:
    """Return what tells which of the claims are recorded as delivered."""
    wanted = {claim.id for claim in claims}
    return lambda: {row.id for row in wire.rows("SELECT id FROM outbox WHERE state = 2")} & wanted


def test_attempts_that_end_together_are_recorded_by_one_transaction(wire: Wire) -> None:
    claims = claimed(wire, 4)
    for thread in all_at_once(wire, recorder(wire), claims):
        thread.join(20)
    assert len(delivered(wire, claims)()) == 4
    assert wire.one("SELECT count(*) AS n, count(DISTINCT xmin::text) AS writers FROM attempts") == (4, 1)
    assert {row.stage for row in wire.rows("SELECT stage FROM requests")} == {"delivered"}


def test_a_case_that_is_busy_delays_the_record_of_no_other(wire: Wire) -> None:
    claims = claimed(wire, 3)
    with wire.installation.database.begin(wire.centre.id) as connection:
        connection.exec_driver_sql("SELECT 1 FROM cases WHERE id = %s FOR UPDATE", (claims[0].case_id,))
        threads = all_at_once(wire, recorder(wire), claims)
        wait_until(lambda: delivered(wire, claims)() == {claims[1].id, claims[2].id})
    for thread in threads:
        thread.join(20)
    assert len(delivered(wire, claims)()) == 3
    assert wire.one("SELECT count(*) AS n FROM attempts").n == 3


def test_a_case_that_cannot_take_its_record_spoils_no_other(wire: Wire) -> None:
    claims = claimed(wire, 3)
    broken = {"case": claims[0].case_id}
    wire.rows("UPDATE procedures SET state = state || '{\"schema\": 99}' WHERE case_id = :case", **broken)
    with structlog.testing.capture_logs() as logged:
        found = recorder(wire)
        failed: list[type[BaseException]] = []
        threading.excepthook = lambda told: failed.append(told.exc_type)
        try:
            for thread in all_at_once(wire, found, claims):
                thread.join(20)
        finally:
            threading.excepthook = threading.__excepthook__
    assert delivered(wire, claims)() == {claims[1].id, claims[2].id}
    assert len(failed) == 1, "whose record failed hears of it, and keeps its claim until the lease ends"
    assert "records_not_written_together" in {one["event"] for one in logged}
