"""Opposite lock orders: reports, answers and deadlines that meet on the same payments, accounts and cases."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from antifraud.foundation.json import canonical
from tests.factories import reports
from tests.factories.wire import Wire, at_once, number_of


def deadlocks(wire: Wire) -> int:
    wire.rows("SELECT pg_stat_force_next_flush()")
    found: int = wire.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").deadlocks
    return found


def payments(wire: Wire, *serials: int) -> list[dict[str, Any]]:
    return [
        reports.transfer(
            wire.clock.now(),
            to={"institution": "SIM-MUTE", "number": number_of("SIM-MUTE", serial), "holder": "李四"},
            reference=f"SHARED{serial}",
        )
        for serial in serials
    ]


def test_fifty_reports_with_the_same_two_payments_in_opposite_order_are_one_case(wire: Wire) -> None:
    def one(place: int) -> Any:  # noqa: ANN401 - an answer of the door
        told = payments(wire, 1, 2) if place % 2 else payments(wire, 2, 1)
        document = reports.report(wire.clock.now(), source_ref=f"r-{place}", transfers=told)
        return reports.submit(wire.installation, wire.centre, document)

    for batch in range(5):
        at_once(lambda place, first=batch * 10: one(first + place), 10)  # type: ignore[misc] # bound at once
    assert wire.one("SELECT count(*) AS n FROM cases").n == 1
    assert wire.one("SELECT count(*) AS n FROM reports").n == 50
    assert wire.one("SELECT count(*) AS n FROM requests").n == 2
    assert wire.one("SELECT count(*) AS n FROM outbox").n == 2
    assert deadlocks(wire) == 0


def test_reports_answers_and_deadlines_that_meet_on_the_same_accounts_all_end(wire: Wire) -> None:
    first = wire.report("SIM-MUTE", 1)
    second = wire.report("SIM-MUTE", 2, ref="110-2")
    wire.round()
    wire.clock.advance(timedelta(minutes=16))
    hops = [
        {"institution": "SIM-MUTE", "number": number_of("SIM-MUTE", serial), "scheme": "card"}
        | {"amount_minor": 10, "asset": "CNY"}
        for serial in range(1, 6)
    ]
    joining = [reports.transfer(wire.clock.now(), reference=f"RSIM-MUTE{serial}") for serial in (1, 2)]

    def answering(request_id: Any, order: int, place: int) -> Callable[[], int]:  # noqa: ANN401 - an id
        document = wire.answer(request_id, "moved_on", message_id=f"{place}", held_minor=0, next=hops[::order])
        assert canonical(document)
        return lambda: wire.call_back("SIM-MUTE", request_id, document).status

    def reporting(place: int) -> Callable[[], int]:
        told = [*payments(wire, 3, 4, 5)[:: 1 if place % 2 else -1], *joining[place % 2 : place % 2 + 1]]
        document = reports.report(wire.clock.now(), source_ref=f"j-{place}", transfers=told)

        def submit() -> int:
            reports.submit(wire.installation, wire.centre, document)
            return 200

        return submit

    def firing() -> int:
        wire.fire()
        return 200

    jobs = [answering(one, order, place) for place, (one, order) in enumerate([(first, 1), (second, -1)])]
    jobs += [reporting(place) for place in range(4)] + [firing, firing]
    assert at_once(lambda place: jobs[place](), len(jobs)) == [200] * len(jobs)
    assert wire.rows("SELECT 1 FROM replies WHERE state = 'stored'") == []
    assert {wire.request(one).outcome for one in (first, second)} == {"moved_on"}
    assert deadlocks(wire) == 0
    assert wire.rows("SELECT 1 FROM requests r LEFT JOIN outbox o ON o.id = r.id WHERE o.id IS NULL") == []
