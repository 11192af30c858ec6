"""Payments go to the definition that the centre's routes name, and several procedures run on one case."""

from typing import Any

import pytest

from antifraud.cases import definitions, routing
from tests.factories.doorway import Doorway
from tests.workflows.written import changed, table
from workflows import parse

ABROAD = (
    changed(
        ('id = "cn_emergency_stop"', 'id = "xx_abroad"'),
        ("[requests.stop]\n", '[requests.recall]\nrole = "stop"\n'),
        (
            'tells = ["account", "holder", "amount", "paid_at", "reference", "authority", "documents"]',
            'tells = ["account", "reference"]',
        ),
        ('who = ["police_centre"]', 'who = ["police_centre"]\nforce = "trust"'),
        added=table("lanes.all", ""),
    )
    .replace("{ stop = ", "{ recall = ")
    .replace(", stop = ", ", recall = ")
)
WITHIN = changed(('id = "cn_emergency_stop"', 'id = "xx_beside"'))


def put(doorway: Doorway, text: str, **gates: Any) -> str:  # noqa: ANN401 - gates of a route
    """Load a definition and route to it; return its content hash."""
    with doorway.installation.database.begin(doorway.centre.id) as connection:
        work = doorway.installation.work(connection, doorway.centre.id, "cli:test")
        stored = definitions.store(work, text)
        wanted = routing.Wanted(**{"position": 1, **gates})
        assert routing.set_route(work, stored.content_hash, wanted, approver=None, is_live=False)
        assert not routing.set_route(work, stored.content_hash, wanted, approver=None, is_live=False)
    return stored.content_hash


def abroad(doorway: Doorway) -> None:
    doorway.rows("UPDATE institutions SET country = 'XX' WHERE code = 'SIM-MUTE'")
    doorway.rows("UPDATE institutions SET country = 'CN' WHERE code <> 'SIM-MUTE'")


def kinds(doorway: Doorway) -> list[tuple[str, str, str]]:
    rows = doorway.rows(
        "SELECT d.id, r.kind, r.role FROM requests r JOIN procedures p ON p.id = r.procedure_id"
        " JOIN definitions d ON d.content_hash = p.content_hash ORDER BY d.id, r.kind"
    )
    return [tuple(row) for row in rows]


def paid_to(doorway: Doorway, institution: str, number: str, reference: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a transfer
    return doorway.transfer(to={"institution": institution, "number": number}, reference=reference, **more)


def test_what_no_route_takes_goes_to_the_definition_in_force(doorway: Doorway) -> None:
    abroad(doorway)
    put(doorway, ABROAD, jurisdiction="XX")
    doorway.accepted(doorway.report())
    assert kinds(doorway) == [("cn_emergency_stop", "stop", "stop")]


def test_one_report_of_money_at_home_and_abroad_opens_a_procedure_for_each(doorway: Doorway) -> None:
    abroad(doorway)
    put(doorway, ABROAD, jurisdiction="XX")
    transfers = [
        paid_to(doorway, "SIM-PROMPT", "9991010000000018", "ref-1"),
        paid_to(doorway, "SIM-MUTE", "9991050000000014", "ref-2"),
    ]
    doorway.accepted(doorway.report(transfers=transfers))
    assert kinds(doorway) == [("cn_emergency_stop", "stop", "stop"), ("xx_abroad", "recall", "stop")]
    assert doorway.count("cases") == 1
    assert doorway.count("procedures") == 2
    assert doorway.count("holds", "lane = 'all'") == 1


def test_a_route_beside_runs_a_second_procedure_on_the_same_money(doorway: Doorway) -> None:
    put(doorway, WITHIN, beside=True)
    doorway.accepted(doorway.report())
    assert [one[0] for one in kinds(doorway)] == ["cn_emergency_stop", "xx_beside"]
    assert doorway.count("holds") == 2


def test_a_later_report_joins_the_procedures_that_are_there(doorway: Doorway) -> None:
    abroad(doorway)
    put(doorway, ABROAD, jurisdiction="XX")
    first = paid_to(doorway, "SIM-MUTE", "9991050000000014", "ref-2")
    doorway.accepted(doorway.report("a", transfers=[first]))
    second = paid_to(doorway, "SIM-MUTE", "9991050000000022", "ref-3")
    doorway.accepted(doorway.report("b", transfers=[first, second]))
    assert doorway.count("procedures") == 1
    assert [one[0] for one in kinds(doorway)] == ["xx_abroad", "xx_abroad"]


def test_a_route_that_ended_takes_nothing_more(doorway: Doorway) -> None:
    abroad(doorway)
    put(doorway, ABROAD)
    with doorway.installation.database.begin(doorway.centre.id) as connection:
        work = doorway.installation.work(connection, doorway.centre.id, "cli:test")
        assert routing.end_route(work, 1)
        assert not routing.end_route(work, 1)
        assert routing.listed(connection, doorway.centre.id) == []
    doorway.accepted(doorway.report())
    assert kinds(doorway) == [("cn_emergency_stop", "stop", "stop")]


def test_a_live_centre_routes_to_nothing_that_nobody_approved(live_doorway: Doorway) -> None:
    with live_doorway.installation.database.begin(live_doorway.centre.id) as connection:
        work = live_doorway.installation.work(connection, live_doorway.centre.id, "cli:test")
        stored = definitions.store(work, ABROAD)
        with pytest.raises(routing.RouteRefused):
            routing.set_route(work, stored.content_hash, routing.Wanted(position=1), approver=None, is_live=True)


def test_a_source_that_may_not_ask_under_the_scheme_leaves_the_order_to_a_person(doorway: Doorway) -> None:
    doorway.rows("UPDATE sources SET asks_as = 'victim' WHERE code = '110'")
    doorway.accepted(doorway.report())
    assert doorway.count("requests") == 0
    assert [row.reason for row in doorway.rows("SELECT reason FROM tasks")] == ["not_entitled"]


def test_the_changed_schemes_of_these_tests_are_sound() -> None:
    assert parse(ABROAD).force == "trust"
    assert parse(ABROAD).requests["recall"].tells == {"account", "reference"}
