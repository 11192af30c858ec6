"""Lanes and gates: which way a claim goes, and that none is dropped."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.driver import START, Driver
from tests.workflows.written import changed, scheme, table, task
from workflows import InvalidDefinition, parse
from workflows import events as ev

LARGE = table(
    "lanes.large",
    'amount_from = { CNY = 5_000_000 }\ncross_border = true\npaid_within = "PT72H"\nreferences = ["recall"]\n'
    'reasons = ["fraud"]\nmode = "confirm"\nscope = "amount"',
)
SMALL = table("lanes.small", 'amount_to = { CNY = 99 }\nmode = "elsewhere"\ntask = "refer_small"')
REST = table("lanes.rest", "")
LANES = LARGE + SMALL + REST + task("refer_small")
FITTING: dict[str, Any] = {
    "amount_minor": 5_000_000,
    "cross_border": True,
    "reason": "fraud",
    "references": ("uetr", "recall"),
    "paid_at": START - timedelta(hours=72),
}


def faults(text: str) -> dict[str, str]:
    with pytest.raises(InvalidDefinition) as refused:
        parse(text)
    return dict(refused.value.faults)


def test_the_first_lane_whose_gates_all_hold_takes_the_claim() -> None:
    d = Driver(scheme(added=LANES))
    hold = d.claim(**FITTING)
    assert d.hold(hold).lane == "large"
    assert d.hold(hold).scope == "amount"
    assert [task.reason for task in d.state.tasks.values()] == ["lane"]
    d.send(ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=hold, by="officer"))
    assert d.hold(hold).state == "asked"
    assert [request.scope for request in d.state.requests.values()] == ["amount"]


@pytest.mark.parametrize(
    "missed",
    [
        {"amount_minor": 4_999_999},
        {"amount_minor": None},
        {"asset": "USD"},
        {"cross_border": False},
        {"cross_border": None},
        {"reason": "typing_error"},
        {"reason": None},
        {"references": ("uetr",)},
        {"paid_at": START - timedelta(hours=72, microseconds=1)},
    ],
)
def test_a_gate_that_does_not_hold_leads_elsewhere_and_never_drops(missed: dict[str, Any]) -> None:
    d = Driver(scheme(added=LANES))
    hold = d.claim(**{**FITTING, **missed})
    assert d.hold(hold).lane == "rest"
    assert d.hold(hold).state == "asked"


def test_money_of_unknown_age_counts_as_fresh() -> None:
    d = Driver(scheme(added=LANES))
    assert d.hold(d.claim(**{**FITTING, "paid_at": None})).lane == "large"


def test_in_a_lane_that_leads_elsewhere_nothing_is_sent_and_a_person_ends_it() -> None:
    d = Driver(scheme(added=LANES))
    hold = d.claim(amount_minor=99)
    assert d.hold(hold).lane == "small"
    assert (d.hold(hold).state, d.state.requests) == ("unconfirmed", {})
    assert d.task_kinds(hold) == {"refer_small"}
    assert "nothing is sent" in d.refuses(ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=hold, by="officer"))
    (waiting,) = d.state.tasks
    d.send(ev.TaskCompleted(id=d.uuid(), at=d.at, task_id=waiting, by="officer"))
    assert d.hold(hold).state == "none"
    assert d.state.phase == "closed"
    asked = ev.MeasureAsked(id=d.uuid(), at=d.at, hold_id=hold, kind="stop", by="officer")
    assert "nothing is sent" in d.refuses(asked)


def test_a_lane_may_want_an_approval_before_its_first_request() -> None:
    d = Driver(scheme(added=table("lanes.all", 'approval = "before"')))
    hold = d.claim()
    assert (d.hold(hold).state, d.state.requests) == ("unconfirmed", {})
    (approval,) = d.state.approvals
    assert d.send(ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=hold, by="officer")) == ()
    request = d.approve(approval)
    assert d.state.requests[request].approval == "before"
    assert d.hold(hold).state == "asked"


def test_a_lane_may_begin_with_another_kind_of_request() -> None:
    d = Driver(
        scheme(
            (
                'from = ["asked", "stopped", "queued_behind"',
                'from = ["unconfirmed", "asked", "stopped", "queued_behind"',
            ),
            (
                'approval = "before"\nfiling = true\nfrom = ["unconfirmed"',
                'approval = "none"\nfiling = true\nfrom = ["unconfirmed"',
            ),
            added=table("lanes.all", 'first = "freeze"'),
        )
    )
    hold = d.claim()
    assert [(request.kind, request.role) for request in d.state.requests.values()] == [("freeze", "freeze")]
    assert d.hold(hold).state == "asked"


def test_money_that_is_followed_stays_in_the_lane_of_the_report() -> None:
    d = Driver(scheme(added=table("lanes.large", "amount_from = { CNY = 100_000 }") + REST))
    d.claim(amount_minor=100_000)
    (request,) = d.state.requests
    d.deliver(request)
    hop = d.make_claim(tier=2, amount_minor=70_000)
    d.answer(request, "moved_on", next_hops=(hop,))
    assert d.hold(hop.hold_id).lane == "large"


def test_money_that_went_abroad_leaves_a_lane_that_is_for_this_country() -> None:
    d = Driver(scheme(added=table("lanes.here", "cross_border = false") + REST))
    d.claim(cross_border=False)
    (request,) = d.state.requests
    d.deliver(request)
    hop = d.make_claim(tier=2, cross_border=True)
    d.answer(request, "moved_on", next_hops=(hop,))
    assert d.hold(hop.hold_id).lane == "rest"


def test_a_lead_takes_its_lane_again_once_its_account_is_known() -> None:
    d = Driver(scheme(added=LANES))
    lead = d.claim(**{**FITTING, "cross_border": None, "account_id": None, "institution_id": None})
    assert d.hold(lead).lane == "rest"
    d.send(
        ev.LeadResolved(
            id=d.uuid(),
            at=d.at,
            hold_id=lead,
            account_id=d.uuid(),
            institution_id=d.uuid(),
            by="officer",
            cross_border=True,
        )
    )
    assert d.hold(lead).lane == "large"
    assert d.hold(lead).reason is None


claims = st.fixed_dictionaries(
    {
        "amount_minor": st.none() | st.sampled_from([0, 98, 99, 100, 5_000_000]),
        "asset": st.sampled_from(["CNY", "USD"]),
        "cross_border": st.sampled_from([None, True, False]),
        "reason": st.sampled_from([None, "fraud", "error"]),
        "references": st.sampled_from([(), ("recall",), ("uetr", "recall")]),
        "paid_at": st.none() | st.sampled_from([START - timedelta(hours=hours) for hours in (0, 72, 73)]),
    }
)


@given(claims)
def test_every_claim_has_a_lane_and_none_is_lost(facts: dict[str, Any]) -> None:
    d = Driver(scheme(added=LANES))
    hold = d.claim(**facts)
    assert d.hold(hold).lane in {"large", "small", "rest"}
    assert d.state.requests or d.state.tasks


@pytest.mark.parametrize(
    ("lanes", "path"),
    [
        (LARGE + SMALL, "lanes"),
        (REST + LARGE + table("lanes.end", ""), "lanes.rest"),
        (table("lanes.a", "amount_from = { CNY = 5 }\namount_to = { CNY = 4 }") + REST, "lanes.a.amount_from.CNY"),
        (table("lanes.a", "amount_from = { CNY = -1 }") + REST, "lanes.a.amount_from.CNY"),
        (table("lanes.a", 'reasons = ["fraud", "fraud"]') + REST, "lanes.a.reasons[1]"),
        (table("lanes.a", "reasons = []") + REST, "lanes.a.reasons"),
        (table("lanes.a", 'account_kinds = ["shoe"]') + REST, "lanes.a.account_kinds[0]"),
        (table("lanes.a", 'paid_within = "P1M"') + REST, "lanes.a.paid_within"),
        (table("lanes.a", 'paid_within = "PT0S"') + REST, "lanes.a.paid_within"),
        (table("lanes.a", 'mode = "drop"') + REST, "lanes.a.mode"),
        (table("lanes.a", 'mode = "elsewhere"\ncross_border = true') + REST, "lanes.a.task"),
        (table("lanes.a", 'mode = "elsewhere"\ntask = "read_answer"\nfirst = "stop"') + REST, "lanes.a.first"),
        (table("lanes.a", 'mode = "elsewhere"\ntask = "nothing"\ncross_border = true') + REST, "lanes.a.task"),
        (table("lanes.a", 'first = "wish"\ncross_border = true') + REST, "lanes.a.first"),
        (table("lanes.a", 'first = "release"\ncross_border = true') + REST, "lanes.a.first"),
        (table("lanes.a", 'first = "freeze"\ncross_border = true') + REST, "lanes.a.first"),
        (table("lanes.a", "cross_border = true") + table("lanes.b", "cross_border = true") + REST, "lanes.b"),
        (table("lanes.a", "cross_border = true\ncolour = 3") + REST, "lanes.a.colour"),
    ],
)
def test_a_fault_in_a_lane_is_told_with_its_path(lanes: str, path: str) -> None:
    assert path in faults(changed(added=lanes))


def test_a_gate_on_an_asset_that_the_scheme_is_not_for_can_never_hold() -> None:
    lanes = table("lanes.a", "amount_from = { USD = 1 }") + REST
    assert "lanes.a.amount_from.USD" in faults(changed(('zone = "', 'assets = ["CNY"]\nzone = "'), added=lanes))
