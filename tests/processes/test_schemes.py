"""Six schemes beside each other by configuration alone: real processes, real banks, days in seconds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from antifraud.cases import acts
from tests.processes.harness import System
from tests.processes.procs import wait_for

pytestmark = pytest.mark.processes

ROUTES = (
    ("in_1930", "INR", None, "110"),
    ("eu_sct_recall", "EUR", "FRAD", "counter"),
    ("th_hold", "THB", None, "110"),
    ("br_med2", "BRL", "SCAM", "counter"),
)
"""Definition, asset, reason of the payment, and the source that reports it."""
HOLDS = "SELECT h.id, h.state, h.ends_at, h.case_id FROM holds h WHERE h.asset = :asset"


@pytest.fixture
def routed(whole: System) -> System:
    """Return a system where four currencies have schemes of their own, and the counter asks as the victim's bank."""
    whole.clock.run_at(0)
    for position, (ident, asset, _, _) in enumerate(ROUTES, 1):
        code, said = whole.run(
            "workflow", "route", "set", str(position), ident, "1", "--asset", asset, "--centre", "drill"
        )
        assert code == 0, said
    for source, asker in (("110", "police_centre"), ("counter", "victim_bank")):
        code, said = whole.run("workflow", "source", source, "--asks-as", asker, "--centre", "drill")
        assert code == 0, said
    whole.start("simulator", "web", "worker")
    return whole


def report_each(system: System, bank: str) -> None:
    """Report one payment in each of the currencies to a fresh account at the bank."""
    for _, asset, reason, source in ROUTES:
        document = system.document(bank)
        for transfer in document["transfers"]:
            transfer["currency"] = asset
            if reason is not None:
                transfer["reason"] = reason
        answer = system.post(document, source)
        assert answer.status == 201, answer.body
        system.acked[document["source_ref"]] = answer.body


def do(system: System, who: str, verb: Callable[..., object], case_id: UUID, *given: object, **named: object) -> None:
    with system.installation.database.begin(system.drill.id) as connection:
        work = system.installation.work(connection, system.drill.id, f"user:{who}")
        verb(work, system.installation.mail(system.drill), case_id, *given, **named)


def hold_in(system: System, asset: str) -> Any:  # noqa: ANN401 - a row
    (found,) = system.rows(HOLDS, asset=asset)
    return found


def kinds_sent(system: System, asset: str) -> list[str]:
    query = (
        "SELECT r.kind FROM requests r JOIN holds h ON h.id = r.hold_id WHERE h.asset = :asset ORDER BY r.created_at"
    )
    return [row.kind for row in system.rows(query, asset=asset)]


def test_four_currencies_go_their_own_ways_and_come_to_their_own_ends(routed: System) -> None:
    report_each(routed, "SIM-PROMPT")
    routed.settle()
    assert {asset: hold_in(routed, asset).state for _, asset, _, _ in ROUTES} == {
        "INR": "stopped",
        "EUR": "returned",
        "THB": "stopped",
        "BRL": "stopped",
    }
    assert kinds_sent(routed, "EUR") == ["recall"]

    # Brazil: the refund is asked for within 72 hours, and answered.
    brazil = hold_in(routed, "BRL")
    do(routed, "anna", acts.ask_measure, brazil.case_id, brazil.id, acts.Measure(kind="refund"))
    routed.settle()
    assert hold_in(routed, "BRL").state == "returned"

    # Thailand: nobody complains, so the money is free again after 72 hours.
    routed.clock.advance(timedelta(hours=73))
    routed.settle()
    assert hold_in(routed, "THB").state == "lapsed"

    # India: no court orders anything in 90 days, so the bank is told to lift the hold, and does.
    for _ in range(10):
        routed.clock.advance(timedelta(days=9))
        routed.settle()
    wait_for("the hold is lifted", lambda: hold_in(routed, "INR").state == "released", 20)
    assert kinds_sent(routed, "INR") == ["hold", "release"]
    routed.assert_verified()


def test_silence_has_its_own_consequence_in_each_scheme(routed: System) -> None:
    report_each(routed, "SIM-MUTE")
    routed.settle()
    for _ in range(4):
        routed.clock.advance(timedelta(days=7))
        routed.settle()
    assert hold_in(routed, "BRL").state == "lapsed", "deemed agreed after 7 days, and no refund asked for in 72 hours"
    deemed = routed.rows("SELECT outcome FROM requests WHERE kind = 'infraction'")
    assert [row.outcome for row in deemed] == ["deemed_agreed"]
    assert kinds_sent(routed, "EUR") == ["recall", "status_request"]
    open_tasks = {row.kind for row in routed.rows("SELECT DISTINCT kind FROM tasks WHERE state = 'open'")}
    assert {"call_contact_a", "call_head_office"} & open_tasks
    routed.assert_verified()


def test_the_freeze_alone_is_approved_filed_frozen_and_queued_until_the_earlier_one_ends(whole: System) -> None:
    whole.clock.run_at(0)
    code, said = whole.run("workflow", "route", "set", "1", "cn_freeze", "1", "--asset", "CNY", "--centre", "drill")
    assert code == 0, said
    whole.start("simulator", "web", "worker")
    whole.submit(whole.document("SIM-PROMPT"))
    hold = hold_in(whole, "CNY")
    assert hold.state == "unconfirmed"
    do(whole, "anna", acts.file_case, hold.case_id, "云公立字〔2026〕1024号")
    approval = whole.one("SELECT id FROM approvals WHERE state = 'waiting'")
    do(whole, "boris", acts.approve, hold.case_id, approval)
    whole.settle()
    frozen = hold_in(whole, "CNY")
    assert frozen.state == "frozen"
    assert frozen.ends_at - whole.clock.now() > timedelta(days=150)
    whole.assert_verified()
