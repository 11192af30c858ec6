"""Drives real cases in a real database by real events, the clock with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from antifraud.auth.service import Centre
from antifraud.cases.service import apply
from antifraud.deadlines.service import cases_with_due, due_of, next_due_at
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.ids import new_id
from antifraud.installation import Installation
from antifraud.timeliness import service
from antifraud.timeliness.weeks import Week
from antifraud.work import Work
from tests.factories import reports
from workflows import AnyEvent
from workflows import events as ev

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Order:
    """A stop request of a case of its own."""

    case_id: UUID
    procedure_id: UUID
    id: UUID


class Drive:
    """The drill centre under a test's hands."""

    def __init__(self, installation: Installation, centre: Centre, clock: FrozenClock) -> None:
        self.installation, self.centre, self.clock = installation, centre, clock
        self._reports = 0
        self._orders: set[Order] = set()

    def report(self) -> Order:
        """Hand in a report of one payment, and return the order that left for it."""
        self._reports += 1
        now = self.clock.now()
        document = reports.report(
            now,
            source_ref=f"ref-{self._reports}",
            transfers=[reports.transfer(now, reference=f"PAY-{self._reports}")],
        )
        assert reports.submit(self.installation, self.centre, document).status == 201
        with self.work() as work:
            rows = work.connection.execute(text("SELECT case_id, procedure_id, id FROM requests")).all()
        (order,) = {Order(*row) for row in rows} - self._orders
        self._orders.add(order)
        return order

    def send(self, order: Order, event: AnyEvent) -> None:
        with self.work() as work:
            apply(work, self.installation.mail(self.centre), order.case_id, order.procedure_id, [event])

    def deliver(self, order: Order) -> None:
        sent_at = self.clock.now()
        at = self.clock.advance(SECOND)
        self.send(
            order,
            ev.RequestDelivered(
                id=new_id(self.clock), at=at, request_id=order.id, channel="native", sent_at=sent_at, delivered_at=at
            ),
        )

    def answer(self, order: Order, outcome: str, *, held: int | None = None) -> None:
        at = self.clock.now()
        self.send(
            order,
            ev.AnswerReceived(
                id=new_id(self.clock),
                at=at,
                reply_id=new_id(self.clock),
                request_id=order.id,
                outcome=outcome,
                held_minor=held,
                executed_at=at if held else None,
            ),
        )

    def run_until(self, end: datetime) -> None:
        """Fire every clock that comes due up to ``end``, each at its instant, then be there."""
        while self._fire_next(end):
            pass
        self.clock.set(max(end, self.clock.now()))

    def _fire_next(self, end: datetime) -> bool:
        with self.work() as work:
            due_at = next_due_at(work)
            if due_at is None or due_at > end:
                return False
            now = self.clock.set(max(due_at, self.clock.now()))
            (first, *_) = due_of(work, cases_with_due(work, now, 10), now)
            event = ev.ClockReached(id=work.new_id(), at=now, clock_id=first.id)
            apply(work, self.installation.mail(self.centre), first.case_id, first.procedure_id, [event])
        return True

    @contextmanager
    def work(self) -> Iterator[Work]:
        """One transaction of the centre."""
        with self.installation.database.begin(self.centre.id) as connection:
            yield self.installation.work(connection, self.centre.id, "cli:test")

    def week(self, week: Week) -> service.WeekFigures:
        with self.work() as work:
            return service.live_figures(work, self.centre, week)

    def publish(self, week: Week, reason: str | None = None) -> service.Publication:
        with self.work() as work:
            return service.publish(work, self.centre, week, restated_for=reason)
