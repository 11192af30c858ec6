"""Cases on their way: delivered, answered, filed, frozen, run out; by the product's own doors."""

# ruff: noqa: ANN401, S608 - a report's fields and a row's values are of any kind; the names come from the catalogue and from these tests

import json
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from antifraud.audit.rules import origin_of
from antifraud.audit.service import seal
from antifraud.auth.service import Centre
from antifraud.cases.service import apply
from antifraud.channel.replies import Incoming, apply_reply, keep
from antifraud.deadlines.service import due_of
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.outbox import service as outbox
from tests.factories import reports
from workflows import AnyEvent
from workflows.events import (
    ApprovalGiven,
    CaseFiled,
    ClockReached,
    MeasureAsked,
    RequestDelivered,
)

HELD = 4_200_000

LONGEST_WAIT_SECONDS = 20.0


class Story:
    """One reported case of a centre, told step by step; each step is one committed transaction."""

    def __init__(
        self,
        installation: Installation,
        centre: Centre,
        clock: FrozenClock,
        *,
        source_ref: str = "110-1",
        **changes: Any,
    ) -> None:
        self.installation, self.centre, self.clock = installation, centre, clock
        reference = changes.pop("reference", f"REF{source_ref}")
        document = reports.report(
            clock.now(),
            source_ref=source_ref,
            transfers=[reports.transfer(clock.now(), reference=reference, **changes)],
        )
        self.told = json.loads(reports.submit(installation, centre, document).body)
        self.report_no: str = self.told["report"]["no"]
        self.case_id = UUID(self.told["case"]["id"])
        self.procedure_id = UUID(str(self.value("SELECT id FROM procedures WHERE case_id = :case")))

    def value(self, sql: str) -> Any:
        """Return one value; `:case` is the case."""
        with self.installation.database.begin(self.centre.id) as connection:
            return connection.scalar(text(sql), {"case": self.case_id} if ":case" in sql else {})

    def id_of(self, sql: str) -> UUID:
        """Return one id."""
        return UUID(str(self.value(sql)))

    def send(self, *events: AnyEvent) -> None:
        """Apply events to the case."""
        with self.installation.database.begin(self.centre.id) as connection:
            work = self.installation.work(connection, self.centre.id, "user:officer")
            apply(work, self.installation.mail(self.centre), self.case_id, self.procedure_id, events)

    def request(self, kind: str = "stop") -> UUID:
        """Return the latest request of a kind."""
        return self.id_of(
            f"SELECT id FROM requests WHERE case_id = :case AND kind = '{kind}' ORDER BY created_at DESC LIMIT 1"
        )

    def hold(self) -> UUID:
        """Return the case's first hold."""
        return self.id_of("SELECT id FROM holds WHERE case_id = :case ORDER BY since LIMIT 1")

    def deliver(self, request_id: UUID, *, after: float = 2) -> None:
        """Let the channel deliver a request, as the sender records it."""
        now = self.clock.advance(timedelta(seconds=after))
        with self.installation.database.begin(self.centre.id) as connection:
            work = self.installation.work(connection, self.centre.id, "loop:outbox")
            row = connection.execute(
                text("SELECT institution_id, channel FROM outbox WHERE id = :id"), {"id": request_id}
            ).one()
            free, lease = {row.institution_id: 1}, timedelta(seconds=60)
            (claim,) = outbox.claim(self.installation.database, self.centre.id, now, free, lease)
            assert claim.id == request_id, "deliver the messages to one institution in their order"
            attempt = outbox.Attempt(started_at=now, ended_at=now, result="delivered", http_status=200)
            outbox.record(work, [outbox.Tried(claim=claim, attempt=attempt)])
            event = RequestDelivered(
                id=work.new_id(), at=now, request_id=request_id, channel=row.channel, sent_at=now, delivered_at=now
            )
            apply(work, self.installation.mail(self.centre), self.case_id, self.procedure_id, [event])

    def answer(self, request_id: UUID, outcome: str, *, after: float = 5, **given: Any) -> UUID:
        """Let the institution answer a request; return the reply."""
        now = self.clock.advance(timedelta(seconds=after))
        body = {
            "message_id": f"m-{request_id}-{outcome}-{after}"[:64],
            "request_id": str(request_id),
            "outcome": outcome,
            "asset": "CNY",
            "executed_at": now.isoformat(),
            **given,
        }
        with self.installation.database.begin(self.centre.id) as connection:
            work = self.installation.work(connection, self.centre.id, "bank:SIM-PROMPT")
            institution_id = connection.scalar(
                text("SELECT institution_id FROM requests WHERE id = :id"), {"id": request_id}
            )
            kept = keep(
                work,
                Incoming(
                    institution_id=UUID(str(institution_id)),
                    request_id=request_id,
                    via="callback",
                    verified=None,
                    body=json.dumps(body).encode(),
                ),
            )
            told = json.loads(apply_reply(work, self.installation.mail(self.centre), kept.reply_id).body)
            assert told["status"] == "applied", told
        return kept.reply_id

    def pass_time(self, by: timedelta) -> None:
        """Let time pass, firing each wait at its instant."""
        end = self.clock.now() + by
        while True:
            due = self.value("SELECT min(due_at) FROM deadlines WHERE case_id = :case AND state = 'running'")
            if due is None or due > end:
                break
            self.clock.set(max(self.clock.now(), due))
            self._fire(self.clock.now())
        self.clock.set(end)

    def _fire(self, now: datetime) -> None:
        with self.installation.database.begin(self.centre.id) as connection:
            work = self.installation.work(connection, self.centre.id, "loop:deadlines")
            found = due_of(work, [self.case_id], now)
            mail = self.installation.mail(self.centre)
            events = [ClockReached(id=work.new_id(), at=now, clock_id=due.id) for due in found]
            apply(work, mail, self.case_id, self.procedure_id, events)

    def stopped(self) -> "Story":
        """Deliver and confirm the stop."""
        request_id = self.request()
        self.deliver(request_id)
        self.answer(request_id, "full", held_minor=HELD)
        return self

    def asked(self, kind: str, **given: Any) -> UUID:
        """Have a measure asked by one person and approved by another; return its request."""
        work_id, now = self.new_id(), self.clock.now()
        self.send(MeasureAsked(id=work_id, at=now, hold_id=self.hold(), kind=kind, by="officer", **given))
        approval = self.id_of("SELECT id FROM approvals WHERE case_id = :case AND state = 'waiting'")
        self.send(ApprovalGiven(id=self.new_id(), at=now, approval_id=approval, by="leader"))
        return self.request(kind)

    def file(self) -> None:
        """File the case."""
        self.send(CaseFiled(id=self.new_id(), at=self.clock.now(), by="officer", document="filing-1"))

    def new_id(self) -> UUID:
        """Return a fresh id."""
        return self.installation.work(None, self.centre.id, "test").new_id()  # type: ignore[arg-type]  # ids need no connection

    def released(self) -> "Story":
        """Release the hold, so that the case can close."""
        request_id = self.asked("release")
        self.deliver(request_id)
        self.answer(request_id, "released")
        return self


def sealed(installation: Installation, centre: Centre) -> int:
    """Seal the log of a centre once; return how many leaves were added."""
    with installation.database.begin(centre.id) as connection:
        return seal(installation.work(connection, centre.id, "loop:runs"), origin_of(centre.id))


def seal_all(installation: Installation, centre: Centre) -> int:
    """Seal until every entry has its leaf; return how many leaves were added.

    What is settled depends on every transaction of the server, those of other
    tests too, so one look may find only a part.
    """
    ends, added = time.monotonic() + LONGEST_WAIT_SECONDS, 0
    while True:
        added += sealed(installation, centre)
        with installation.database.begin(centre.id) as connection:
            left = connection.scalar(text("SELECT (SELECT count(*) FROM entries) - (SELECT count(*) FROM leaves)"))
        if not left:
            return added
        assert time.monotonic() < ends, f"{left} entries were never settled"
        time.sleep(0.05)
