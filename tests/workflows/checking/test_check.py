"""Every shipped definition holds what `check` looks for, and each broken one fails for its own reason."""

from dataclasses import replace
from functools import cache
from uuid import UUID

import pytest

from tests.workflows.checking import broken
from workflows import EventRefused, ProcedureState, advance, bundled, load
from workflows import effects as fx
from workflows import events as ev
from workflows.checking import PROPERTIES, Bound, Fault, Result, check, looking
from workflows.checking.exploring import Transition
from workflows.checking.faults import Faults
from workflows.checking.moves import PERSON, Move
from workflows.scheme import Definition
from workflows.state import LIVE_HOLDS


@cache
def checked(name: str) -> tuple[Definition, Result]:
    asked = broken.load(name)
    definition = asked.definition()
    return definition, check(definition, Bound(states=asked.states))


@cache
def checked_as_shipped(ident: str) -> Result:
    return check(load(ident, 1))


def replayed(definition: Definition, fault: Fault) -> tuple[ProcedureState, ProcedureState, tuple[fx.Effect, ...]]:
    """Take the path through the engine: the state before its last event, the one after it, and the last effects."""
    before = state = ProcedureState()
    new: tuple[fx.Effect, ...] = ()
    for move in fault.path:
        before = state
        state, new = advance(definition, state, move.event)
    return before, state, new


@pytest.mark.parametrize(("ident", "version"), bundled())
def test_every_shipped_definition_is_sound(ident: str, version: int) -> None:
    assert version == 1
    result = checked_as_shipped(ident)
    assert result.is_sound, "\n".join(result.lines())
    assert result.explored.states > 100


def test_every_event_is_tried_where_the_scheme_has_a_use_for_it() -> None:
    """What the data of a machine or another version brings about is left out, and said so."""
    by_data = {"ClockSuperseded", "DefinitionMigrated", "MigrationAsked"}
    assert set(checked_as_shipped("th_hold").explored.untried) == {*by_data, "ClockPaused", "ClockResumed"}
    assert set(checked_as_shipped("uk_app_claim").explored.untried).isdisjoint({"ClockPaused", "ClockResumed"})
    assert by_data < set(checked_as_shipped("hk_stop").explored.untried)


@pytest.mark.parametrize("name", broken.NAMES)
def test_a_broken_definition_fails_for_its_own_reason_and_is_refused(name: str) -> None:
    _, result = checked(name)
    assert not result.is_sound
    assert broken.load(name).fails in {fault.code for fault in result.faults}


def test_a_broken_definition_fails_for_few_other_reasons() -> None:
    for name in ("dead_end", "late_warning", "release_unconfirmed", "event_unhandled", "chase_unbounded"):
        _, result = checked(name)
        assert {fault.code for fault in result.faults} == {broken.load(name).fails}, name


def test_there_is_a_broken_definition_for_each_property_that_a_file_can_break() -> None:
    by_the_engine_alone = {"approval_by_same_person", "receipt_claimed_twice"}
    assert {broken.load(name).fails for name in broken.NAMES} == set(PROPERTIES) - by_the_engine_alone


@pytest.mark.parametrize("name", sorted(set(broken.NAMES) - {"unreachable", "event_unhandled"}))
def test_the_engine_takes_every_event_of_a_path(name: str) -> None:
    definition, result = checked(name)
    for fault in result.faults:
        if fault.path:
            _, state, _ = replayed(definition, fault)
            assert state.holds, fault.sentence


def fault_of(name: str) -> tuple[Definition, Fault]:
    definition, result = checked(name)
    fails = broken.load(name).fails
    return definition, next(fault for fault in result.faults if fault.code == fails)


def test_the_path_leads_to_a_live_hold_without_a_clock() -> None:
    _, state, _ = replayed(*fault_of("no_wait_without_clock"))
    (hold,) = state.holds.values()
    assert hold.state in LIVE_HOLDS
    assert not any(clock.subject_id == hold.id for clock in state.clocks.values())


def test_the_path_leads_to_a_clock_that_does_nothing() -> None:
    definition, fault = fault_of("clock_without_effect")
    before, state, new = replayed(definition, fault)
    event = fault.path[-1].event
    assert isinstance(event, ev.ClockReached)
    assert event.clock_id in before.clocks
    assert (state.requests, state.tasks, state.approvals) == (before.requests, before.tasks, before.approvals)
    assert not any(isinstance(effect, fx.OpenTask | fx.SendRequest) for effect in new)


def test_the_path_leads_to_a_hold_that_nobody_can_end() -> None:
    definition, fault = fault_of("hold_without_end")
    _, state, _ = replayed(definition, fault)
    (hold,) = state.holds.values()
    assert hold.state == "in_question"
    assert not any(clock.subject_id == hold.id for clock in state.clocks.values())
    last = fault.path[-1].event
    for number, kind in enumerate(definition.requests):
        asked = ev.MeasureAsked(id=ev_id(number), at=last.at, hold_id=hold.id, kind=kind, by="officer")
        with pytest.raises(EventRefused):
            advance(definition, state, asked)


def test_the_path_leads_to_a_procedure_that_never_closes() -> None:
    definition, fault = fault_of("dead_end")
    _, state, _ = replayed(definition, fault)
    assert state.phase == "open"
    assert not any(hold.state in LIVE_HOLDS for hold in state.holds.values())
    assert {task.kind for task in state.tasks.values()} == {"review_stop"}


def test_the_path_leads_to_a_release_of_what_nobody_held() -> None:
    _, state, _ = replayed(*fault_of("release_unconfirmed"))
    (hold,) = state.holds.values()
    assert (hold.state, hold.executed_at) == ("released", None)


def test_the_path_leads_to_two_releases_at_once() -> None:
    definition, fault = fault_of("double_release")
    _, state, _ = replayed(definition, fault)
    waiting = [r for r in state.requests.values() if r.stage == "queued" and definition.role_of(r.kind) == "release"]
    assert len(waiting) == 2


def test_the_path_leads_to_an_event_that_the_engine_cannot_take() -> None:
    definition, fault = fault_of("event_unhandled")
    *before, last = fault.path
    state = ProcedureState()
    for move in before:
        state, _ = advance(definition, state, move.event)
    with pytest.raises(KeyError):
        advance(definition, state, last.event)


def test_the_path_opens_more_accounts_than_the_bound() -> None:
    definition, fault = fault_of("chase_unbounded")
    _, state, _ = replayed(definition, fault)
    assert len(state.requests) == Bound().tiers + 1


def test_a_path_is_a_shortest_one() -> None:
    """Four events can stop money and refuse it; no path to a silent refusal is shorter than the one that is told."""
    _, fault = fault_of("outcome_unhandled")
    assert [move.words.split(",")[0] for move in fault.path][:3] == [
        "the case is opened",
        "a report names the account that received the money",
        "the bank answers full to the stop",
    ]
    assert len(fault.path) == 6
    assert len(fault_of("release_unconfirmed")[1].path) == 3


def test_exploring_twice_gives_the_same_states_and_paths() -> None:
    asked = broken.load("late_warning")
    first, second = (check(asked.definition(), Bound(states=asked.states)) for _ in range(2))
    assert first.lines() == second.lines()


def test_an_exploration_that_was_cut_off_is_not_sound() -> None:
    result = check(load("cn_emergency_stop", 1), Bound(states=200))
    assert not result.faults
    assert not result.is_sound
    assert any(line.startswith("NOT FINISHED") for line in result.lines())


def test_the_result_says_its_bound_and_what_it_left_out() -> None:
    lines = check(load("cn_emergency_stop", 1), Bound(states=50)).lines()
    assert any("2 accounts, 2 hops, 2 receipts, 2 procedures" in line for line in lines)
    assert sum(line.startswith("left out: ") for line in lines) >= 10


def ev_id(number: int) -> UUID:
    return UUID(int=number + 1)


def test_an_approval_by_whoever_asked_would_be_seen() -> None:
    """No definition can bring it about, so the look is shown a step as if the engine had taken it."""
    definition = load("cn_emergency_stop", 1)
    faults = Faults()
    node = next(node for node in check(definition, Bound(states=300)).explored.nodes["life"] if node.state.approvals)
    (approval,) = node.state.approvals.values()
    given = ev.ApprovalGiven(id=ev_id(1), at=node.at, approval_id=approval.id, by=approval.asked_by)
    refused = ev.ApprovalRefused(id=ev_id(2), at=node.at, approval_id=approval.id, by="another", reason="r")
    after, _ = advance(definition, node.state, refused)
    move = Move(actor=PERSON, words="approved", event=given)
    looking.Looking(definition, faults).look(Transition(node, move, after, (), node.confirmed))
    assert [fault.code for fault in faults.all()] == ["approval_by_same_person"]


def test_two_live_holds_on_one_receipt_would_be_seen() -> None:
    definition = load("cn_emergency_stop", 1)
    faults = Faults()
    node = check(definition, Bound(states=300)).explored.nodes["life"][2]
    (hold,) = node.state.holds.values()
    twice = replace(node.state, holds={hold.id: hold, ev_id(3): replace(hold, id=ev_id(3), state="stopped")})
    event = ev.CaseFiled(id=ev_id(4), at=node.at, by="officer", document="d")
    move = Move(actor=PERSON, words="filed", event=event)
    looking.Looking(definition, faults).look(Transition(node, move, twice, (), node.confirmed))
    assert "receipt_claimed_twice" in {fault.code for fault in faults.all()}
