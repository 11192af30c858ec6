"""Who may ask and object, whose account is not stopped whole, and what is owed to those who hold no money."""

from uuid import UUID

import pytest

from tests.workflows.driver import Driver
from tests.workflows.written import changed, scheme, table, task
from workflows import Definition, InvalidDefinition, parse
from workflows import effects as fx
from workflows import events as ev

DUTIES = "".join(
    table(f"obligations.{code}", f'to = "{to}"\nwhen = "{when}"\ntask = "{code}"') + task(code)
    for code, to, when in (
        ("recall", "sending_bank", "claimed"),
        ("partner", "partner_centre", "cross_border"),
        ("onward", "regulator", "moved_on"),
        ("shop", "acquirer", "spent"),
        ("tell_held", "victim", "held"),
        ("tell_free", "victim", "released"),
    )
)
SPENT = ("[outcomes.gone]\n", '[outcomes.gone]\nmarks = ["spent", "excluded"]\n')
PARTIAL = (
    table("objection", 'who = ["holder"]\ntask = "decide_objection"\neffect = "partial"')
    + task("decide_objection", "P5D")
    + table(
        "outcomes.part_released", 'conclusive = true\namount = "required"\ntasks = []\nhold = { release = "reduced" }'
    )
)


def duties(d: Driver, hold: UUID) -> set[tuple[str, str | None]]:
    known = {duty.task for duty in d.definition.obligations}
    return {(one.kind, one.reason) for one in d.state.tasks.values() if one.subject_id == hold and one.kind in known}


def stopped(definition: Definition) -> tuple[Driver, UUID]:
    d = Driver(definition)
    hold = d.claim()
    (request,) = d.state.requests
    d.deliver(request)
    d.answer(request, "full", held_minor=100_000, executed_at=d.at)
    return d, hold


def test_a_claim_by_somebody_who_may_not_ask_waits_for_a_person() -> None:
    d = Driver()
    hold = d.claim(asked_by="victim")
    assert [one.reason for one in d.state.tasks.values()] == ["not_entitled"]
    assert d.state.requests == {}
    d.send(ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=hold, by="officer"))
    assert d.hold(hold).state == "asked"
    assert d.hold(d.claim(asked_by="police_centre")).state == "asked"


def test_an_account_of_many_people_is_stopped_whole_only_with_a_note() -> None:
    d = Driver()
    hold = d.claim(account_kind="pooled", doubts=("checksum",))
    assert [one.reason for one in d.state.tasks.values()] == ["pooled_account,checksum"]
    assert "supervisor" in d.refuses(ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=hold, by="officer"))
    d.send(ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=hold, by="leader", note="note-1"))
    assert d.hold(hold).state == "asked"


def test_of_an_amount_in_such_an_account_nobody_needs_a_note() -> None:
    d = Driver(scheme(('scope = "whole"\nmoney_in', 'scope = "amount"\nmoney_in')))
    assert d.hold(d.claim(account_kind="pooled")).state == "asked"


def test_a_lead_that_turns_out_to_be_such_an_account_needs_the_note_too() -> None:
    d = Driver()
    lead = d.claim(account_id=None, institution_id=None)
    d.send(
        ev.LeadResolved(
            id=d.uuid(),
            at=d.at,
            hold_id=lead,
            account_id=d.uuid(),
            institution_id=d.uuid(),
            by="officer",
            account_kind="settlement",
        )
    )
    assert "supervisor" in d.refuses(ev.ClaimConfirmed(id=d.uuid(), at=d.at, hold_id=lead, by="officer"))


def test_duties_open_when_their_occasion_comes_and_say_towards_whom() -> None:
    d = Driver(scheme(SPENT, added=DUTIES))
    first = d.claim(cross_border=True)
    assert duties(d, first) == {("recall", "sending_bank"), ("partner", "partner_centre")}
    (request,) = d.state.requests
    d.deliver(request)
    onward = d.make_claim(tier=2)
    d.answer(request, "moved_on", next_hops=(onward,))
    assert ("onward", "regulator") in duties(d, first)
    assert duties(d, onward.hold_id) == set()
    (second,) = (one.id for one in d.state.requests.values() if one.hold_id == onward.hold_id)
    d.deliver(second)
    d.answer(second, "gone")
    assert duties(d, onward.hold_id) == {("shop", "acquirer")}
    answer = next(e for e in d.new if isinstance(e, fx.RecordFact) and e.kind == "answer")
    assert answer.verdict == "excluded"


def test_a_duty_outlives_the_hold_and_says_nothing_about_it() -> None:
    d, hold = stopped(scheme(SPENT, added=DUTIES))
    assert ("tell_held", "victim") in duties(d, hold)
    release = d.approve(d.ask(hold, "release"))
    d.deliver(release)
    d.answer(release, "released")
    assert d.hold(hold).state == "released"
    assert {("tell_held", "victim"), ("tell_free", "victim")} <= duties(d, hold)


def test_a_conversion_without_its_papers_is_refused_and_the_missing_ones_are_named() -> None:
    d, hold = stopped(
        scheme(("needs_amount = true\nscope", 'needs_amount = true\ndocuments = ["warrant", "filing_notice"]\nscope'))
    )
    d.file()
    asked = ev.MeasureAsked(id=d.uuid(), at=d.at, hold_id=hold, kind="freeze", by="officer", papers=("filing_notice",))
    assert d.refuses(asked) == "freeze needs papers that are missing: warrant"
    approval = d.ask(hold, "freeze", papers=("filing_notice", "warrant"))
    assert d.hold(hold).papers == ("filing_notice", "warrant")
    freeze = d.approve(approval)
    assert d.state.requests[freeze].kind == "freeze"


def test_only_those_whom_the_definition_names_may_object_and_a_part_may_be_let_go() -> None:
    d, hold = stopped(scheme(added=PARTIAL))
    appeal = d.uuid()
    objected = ev.AppealReceived(id=d.uuid(), at=d.at, hold_id=hold, appeal_id=appeal, side="victim")
    assert "may not object" in d.refuses(objected)
    d.send(ev.AppealReceived(id=d.uuid(), at=d.at, hold_id=hold, appeal_id=appeal, side="holder"))
    assert "decide_objection" in d.task_kinds(hold)
    whole = ev.AppealDecided(id=d.uuid(), at=d.at, appeal_id=appeal, by="leader", upheld=True, keep_minor=100_000)
    assert "less than" in d.refuses(whole)
    d.send(ev.AppealDecided(id=d.uuid(), at=d.at, appeal_id=appeal, by="leader", upheld=True, keep_minor=60_000))
    (approval,) = d.state.approvals
    request = d.approve(approval, by="other")
    assert d.state.requests[request].asked_minor == 40_000
    d.deliver(request)
    d.answer(request, "part_released", held_minor=60_000)
    assert (d.hold(hold).state, d.hold(hold).held_minor) == ("stopped", 60_000)


def test_a_scheme_that_releases_whole_refuses_to_let_a_part_go() -> None:
    d, hold = stopped(scheme())
    appeal = d.uuid()
    d.send(ev.AppealReceived(id=d.uuid(), at=d.at, hold_id=hold, appeal_id=appeal))
    part = ev.AppealDecided(id=d.uuid(), at=d.at, appeal_id=appeal, by="leader", upheld=True, keep_minor=1)
    assert "whole, or not at all" in d.refuses(part)


def test_facts_that_a_scheme_does_not_count_are_written_down_as_excluded() -> None:
    d, _ = stopped(scheme(added=table("marks", 'counts = ["claim", "hold"]')))
    facts = [effect for effect in d.effects if isinstance(effect, fx.RecordFact)]
    assert {fact.verdict for fact in facts if fact.kind in {"dispatch", "delivery", "answer"}} == {"excluded"}
    assert {fact.verdict for fact in facts if fact.kind in {"claim", "hold"}} == {"counted"}


def test_a_notice_is_told_and_nobody_answers_it() -> None:
    notice = table(
        "requests.tell",
        'role = "notice"\napproval = "none"\nfiling = false\nfrom = ["stopped"]\ncounts_term = false\n'
        'needs_amount = false\nscope = "amount"\nrank = 9',
    )
    d, hold = stopped(scheme(added=notice))
    d.send(ev.MeasureAsked(id=d.uuid(), at=d.at, hold_id=hold, kind="tell", by="officer"))
    (told,) = (one for one in d.state.requests.values() if one.kind == "tell")
    d.deliver(told.id)
    assert d.state.requests[told.id].stage == "answered"
    assert not any(clock.subject_id == told.id for clock in d.state.clocks.values())
    assert d.hold(hold).state == "stopped"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (changed(('who = ["police_centre"]', 'who = ["neighbour"]')), "asking.who[0]"),
        (changed(('who = ["police_centre"]', "who = []")), "asking.who"),
        (changed(('refuse_whole = ["pooled"', 'refuse_whole = ["puddle"')), "accounts.refuse_whole[0]"),
        (changed(added=DUTIES), "obligations.shop.when"),
        (changed(SPENT, added=DUTIES.replace('to = "acquirer"', 'to = "barber"')), "obligations.shop.to"),
        (changed(added=table("obligations.a", 'to = "issuer"\nwhen = "held"\ntask = "no"')), "obligations.a.task"),
        (changed(added=PARTIAL.split("\n[outcomes")[0]), "objection.effect"),
        (changed(added=table("split", 'method = "first_come"')), "split.method"),
        (changed(added=table("marks", 'counts = ["smiles"]')), "marks.counts[0]"),
        (changed(("[outcomes.gone]\n", '[outcomes.gone]\nmarks = ["lost"]\n')), "outcomes.gone.marks[0]"),
        (changed(('tells = ["account", "holder"', 'tells = ["holder"')), "requests.stop.tells"),
        (changed(('tells = ["account", "holder"', 'tells = ["account", "reporter"')), "requests.stop.tells[1]"),
        (changed(("[requests.return]\n", '[requests.return]\nrole = "gift"\n')), "requests.return.role"),
        (changed(("[requests.release]", "[requests.lift]")), "requests.lift.role"),
    ],
)
def test_a_fault_in_these_rules_is_told_with_its_path(text: str, path: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse(text)
    assert path in dict(refused.value.faults)


def test_kinds_are_free_codes_and_the_engine_goes_by_their_roles() -> None:
    text = changed()
    for kind in ("stop", "second_stop", "extend", "freeze", "release", "return"):
        text = text.replace(f"[requests.{kind}]\n", f'[requests.k_{kind}]\nrole = "{kind}"\n').replace(
            f" {kind} = ", f" k_{kind} = "
        )
    d, hold = stopped(parse(text))
    assert [one.kind for one in d.state.requests.values()] == ["k_stop"]
    d.file()
    freeze = d.approve(d.ask(hold, "k_freeze"))
    d.deliver(freeze)
    d.answer(freeze, "frozen", held_minor=100_000, executed_at=d.at)
    assert d.hold(hold).state == "frozen"
    release = d.approve(d.ask(hold, "k_release"))
    d.deliver(release)
    d.answer(release, "released")
    assert d.hold(hold).state == "released"
