"""A report becomes a case, holds, requests, messages, deadlines and log entries, in one transaction."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.foundation.problems import KeyReused, SourceRefReused
from antifraud.installation import Installation
from tests.factories import reports


def count(installation: Installation, centre: Centre, table: str, where: str = "true") -> int:
    with installation.database.begin(centre.id) as connection:
        # The words of the test itself, never input.
        return connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}")) or 0  # noqa: S608 - ours


def test_a_report_asks_the_bank_and_starts_its_clocks(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    answer = reports.submit(installation, drill, reports.report(clock.now()))
    told = json.loads(answer.body)
    assert answer.status == 201
    assert [request["institution"] for request in told["requests"]] == ["SIM-PROMPT"]
    assert count(installation, drill, "outbox", "state = 0") == 1
    assert count(installation, drill, "deadlines", "state = 'running'") > 0
    assert count(installation, drill, "entries") >= 3


def test_twenty_posts_of_one_payment_at_one_instant_are_one_case_and_one_order(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    def post(number: int) -> int:
        document = reports.report(clock.now(), source_ref=f"ref-{number}")
        return reports.submit(installation, drill, document, key=f"key-{number}").status

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(post, range(20))) == {201}
    assert count(installation, drill, "cases") == 1
    assert count(installation, drill, "reports", "state = 'understood'") == 20
    assert count(installation, drill, "requests") == 1
    assert count(installation, drill, "outbox") == 1


def test_the_same_key_gets_the_same_answer_again(installation: Installation, drill: Centre, clock: FrozenClock) -> None:
    document = reports.report(clock.now())
    first = reports.submit(installation, drill, document)
    again = reports.submit(installation, drill, document)
    assert (again.body, again.status, again.replayed) == (first.body, first.status, True)
    assert count(installation, drill, "reports") == 1


def test_the_same_key_with_another_body_is_refused(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    reports.submit(installation, drill, reports.report(clock.now()), key="k")
    with pytest.raises(KeyReused):
        reports.submit(installation, drill, reports.report(clock.now(), source_ref="other"), key="k")


def test_the_same_reference_with_another_body_asks_for_a_correction(
    installation: Installation, drill: Centre, clock: FrozenClock
) -> None:
    reports.submit(installation, drill, reports.report(clock.now()), key="k1")
    with pytest.raises(SourceRefReused):
        reports.submit(installation, drill, reports.report(clock.now(), narrative="more"), key="k2")
