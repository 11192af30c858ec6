"""A procedure moved to another version of its scheme: told first, approved by another person, both counts on record."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.driver import CN, Driver, replay
from workflows import Definition, EventRefused, advance, parse
from workflows import events as ev
from workflows.library import text_of
from workflows.migrating import plan

TEXT = text_of("cn_emergency_stop", 1)


def version(*changes: tuple[str, str]) -> Definition:
    """Return the next version of the scheme, with some of its text changed."""
    text = TEXT.replace("version = 1", "version = 2", 1)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse(text)


SHORTER = version(('[clocks.stop_term]\nlength = "PT48H"', '[clocks.stop_term]\nlength = "PT24H"'))


def asked(procedure: Driver, to: Definition) -> ev.DefinitionMigrated:
    """Ask for the move; return the approval of another person, not yet sent."""
    procedure.send(ev.MigrationAsked(id=procedure.uuid(), at=procedure.at, content_hash=to.content_hash, by="officer"))
    (approval,) = [one.id for one in procedure.state.approvals.values() if one.act == "migrate"]
    moves = tuple(moved for _, moved in plan(procedure.state, to).moved)
    return ev.DefinitionMigrated(
        id=procedure.uuid(),
        at=procedure.at,
        approval_id=approval,
        content_hash=to.content_hash,
        by="leader",
        moved=moves,
    )


def test_the_plan_tells_which_waits_move_and_changes_nothing() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    before = procedure.state
    told = plan(procedure.state, SHORTER)
    assert [(clock.kind, clock.subject_id) for clock, _ in told.moved] == [("stop_end", hold)]
    was, now = told.moved[0][1].was, told.moved[0][1].now
    assert was.due_at - now.due_at == timedelta(hours=24)
    assert was.definition == "cn_emergency_stop.v1"
    assert now.definition == "cn_emergency_stop.v2"
    assert told.obstacles == ()
    assert procedure.state is before


def test_the_move_supersedes_the_wait_and_its_warnings_and_keeps_the_rest() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    others = {c.id: c for c in procedure.state.clocks.values() if not c.kind.startswith("stop_")}
    end = procedure.clock("stop_end", hold).due_at
    event = asked(procedure, SHORTER)
    procedure.definition = SHORTER
    procedure.send(event)
    assert procedure.clock("stop_end", hold).due_at == end - timedelta(hours=24)
    assert procedure.hold(hold).ends_at == end - timedelta(hours=24)
    kept = {c.id: c for c in procedure.state.clocks.values() if c.id in others}
    assert kept == others, "what the new version counts alike stays as it was"


def test_it_needs_another_person_and_the_definition_that_was_asked_for() -> None:
    procedure = Driver()
    procedure.stopped()
    event = asked(procedure, SHORTER)
    procedure.definition = SHORTER
    assert "another one must decide" in procedure.refuses(replace(event, by="officer"))
    other = version(('[clocks.stop_term]\nlength = "PT48H"', '[clocks.stop_term]\nlength = "PT36H"'))
    assert "not about a move" in procedure.refuses(replace(event, content_hash=other.content_hash))
    with pytest.raises(EventRefused, match="not to"):
        advance(CN, procedure.state, event)


def test_what_is_open_and_unknown_to_the_new_version_stands_in_the_way() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    procedure.ask(hold, "release")
    procedure.approve(next(iter(procedure.state.approvals)))
    told = plan(procedure.state, _without_release())
    assert any(one.startswith("requests.release") for one in told.obstacles)


def _without_release() -> Definition:
    return replace(CN, requests={kind: one for kind, one in CN.requests.items() if kind != "release"})


def test_the_same_definition_and_a_second_move_are_refused() -> None:
    procedure = Driver()
    procedure.stopped()
    same = ev.MigrationAsked(id=procedure.uuid(), at=procedure.at, content_hash=CN.content_hash, by="officer")
    assert "already" in procedure.refuses(same)
    asked(procedure, SHORTER)
    again = ev.MigrationAsked(id=procedure.uuid(), at=procedure.at, content_hash=SHORTER.content_hash, by="officer")
    assert "already waits" in procedure.refuses(again)


def test_the_log_of_a_moved_procedure_gives_its_state_again() -> None:
    procedure = Driver()
    procedure.stopped()
    event = asked(procedure, SHORTER)
    before = len(procedure.log)
    procedure.definition = SHORTER
    procedure.send(event)
    procedure.pass_time(hours=30)
    state = replay(CN, procedure.log[:before])
    for document in procedure.log[before:]:
        state, _ = advance(SHORTER, state, _event(document))
    assert state == procedure.state


def _event(document: dict[str, object]) -> ev.AnyEvent:
    from uuid import UUID  # noqa: PLC0415

    from workflows import event_from_json  # noqa: PLC0415
    from workflows.codec import instant_from_text  # noqa: PLC0415

    at = instant_from_text(str(document["at"]))
    return event_from_json(str(document["type"]), UUID(str(document["id"])), at, document)
