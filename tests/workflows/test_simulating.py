"""A recorded history under another definition: what would have been otherwise, and nothing else."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.workflows.driver import CN, Driver
from tests.workflows.test_migrating import SHORTER, version
from workflows import AnyEvent, Definition, event_from_json
from workflows import events as ev
from workflows.codec import instant_from_text
from workflows.simulating import Difference, simulate


def history(procedure: Driver) -> list[AnyEvent]:
    return [event_from_json(one["type"], UUID(one["id"]), instant_from_text(one["at"]), one) for one in procedure.log]


def known(content_hash: str) -> Definition:
    (found,) = [one for one in (CN, SHORTER) if one.content_hash == content_hash]
    return found


def differ(procedure: Driver, other: Definition, **after: float) -> list[Difference]:
    until = procedure.at + timedelta(**after) if after else None
    return list(simulate(history(procedure), other, known, until=until))


def eventful() -> Driver:
    """Return a case with a stop, a reminder, a freeze approved, an appeal and a release."""
    procedure = Driver()
    hold = procedure.frozen()
    silent = procedure.claim()
    procedure.deliver(procedure.request_of(silent).id)
    procedure.pass_time(minutes=40)
    procedure.answer(procedure.request_of(silent).id, "gone")
    release = procedure.approve(procedure.ask(hold, "release"))
    procedure.deliver(release)
    procedure.answer(release, "released")
    return procedure


def test_the_same_definition_makes_the_same_of_it() -> None:
    assert differ(eventful(), CN, days=3) == []


def test_only_what_the_other_definition_says_otherwise_differs() -> None:
    procedure = Driver()
    procedure.stopped()
    procedure.pass_time(hours=30)
    found = differ(procedure, SHORTER, hours=30)
    holds = [one for one in found if one.what == "hold"]
    assert len(holds) == 1
    assert holds[0].was.startswith("lapsed")
    ends = [one.was.split("ends ")[1] for one in holds] + [one.would_be.split("ends ")[1] for one in holds]
    assert instant_from_text(ends[0]) - instant_from_text(ends[1]) == timedelta(hours=24)


def test_another_limit_is_another_figure() -> None:
    procedure = Driver()
    hold = procedure.claim()
    request = procedure.request_of(hold)
    procedure.deliver(request.id)
    procedure.pass_time(minutes=20)
    procedure.answer(request.id, "full", held_minor=100_000, executed_at=procedure.at)
    stricter = version(('[clocks.answer.urgent]\nlength = "PT30M"', '[clocks.answer.urgent]\nlength = "PT15M"'))
    figures = {one.subject: (one.was, one.would_be) for one in differ(procedure, stricter) if one.what == "figure"}
    assert figures["answer, in_time"] == ("1", "0")
    assert figures["answer, late"] == ("0", "2")
    tasks = {one.subject for one in differ(procedure, stricter) if one.what == "task"}
    assert "call_contact_a" in tasks


def test_what_cannot_happen_under_the_other_definition_is_told_and_left_out() -> None:
    procedure = Driver()
    hold = procedure.stopped()
    procedure.pass_time(hours=30)
    procedure.approve(procedure.ask(hold, "second_stop"))
    once = version(("terms = 2", "terms = 1"))
    told = [one for one in differ(procedure, once) if one.what == "event"]
    assert [one.subject.split()[0] for one in told] == ["MeasureAsked", "ApprovalGiven"]
    assert all(one.was == "happened" for one in told)


def test_the_record_of_a_moved_procedure_is_read_under_the_definitions_that_it_was_under() -> None:
    from tests.workflows.test_migrating import asked  # noqa: PLC0415 - a helper of the neighbour

    procedure = Driver()
    procedure.stopped()
    event = asked(procedure, SHORTER)
    procedure.definition = SHORTER
    procedure.send(event)
    procedure.pass_time(hours=1)
    assert differ(procedure, CN) == []


def test_a_history_begins_with_its_opening() -> None:
    procedure = Driver()
    procedure.claim()
    with pytest.raises(ValueError, match="begins with"):
        simulate(history(procedure)[1:], CN, known)
    assert isinstance(history(procedure)[0], ev.ProcedureOpened)
