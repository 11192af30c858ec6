"""The worker's loops: one case that cannot be fired stops no other."""

from datetime import timedelta

from sqlalchemy import create_engine, text

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from antifraud.worker import Worker
from tests.factories import reports


def overdue(installation: Installation, centre: Centre, clock: FrozenClock) -> dict[str, int]:
    query = text(
        "SELECT c.no, count(*) AS number FROM deadlines d JOIN cases c ON c.id = d.case_id"
        " WHERE d.state = 'running' AND d.due_at <= :now GROUP BY c.no"
    )
    with installation.database.begin(centre.id) as connection:
        return {row.no: row.number for row in connection.execute(query, {"now": clock.now()})}


def test_a_case_that_cannot_be_fired_keeps_no_other_waiting(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    for number in range(3):
        transfers = [reports.transfer(clock.now(), reference=f"R-{number}")]
        document = reports.report(clock.now(), source_ref=f"r-{number}", transfers=transfers)
        reports.submit(installation, drill, document)
    engine = create_engine(installation.settings.database_url or "")
    with engine.begin() as owner:
        owner.exec_driver_sql(f"SELECT set_config('antifraud.centre', '{drill.id}', true)")
        spoilt = "UPDATE procedures SET state = '{}' WHERE case_id = (SELECT id FROM cases ORDER BY no LIMIT 1)"
        assert owner.exec_driver_sql(spoilt).rowcount == 1
    engine.dispose()
    clock.advance(timedelta(minutes=3))
    before = overdue(installation, drill, clock)
    assert len(before) == 3
    worker = Worker(installation)
    while worker.deadlines.body():
        pass
    after = overdue(installation, drill, clock)
    assert len(after) == 1, "only the spoilt case is still overdue"
    assert set(after) < set(before)
