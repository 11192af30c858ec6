"""Golden logs: what a released definition did with a recorded log, it does for ever.

Each line of `golden/<id>.v<version>.jsonl` is an event with the hash of the
state after it. A change that turns one of these red changes what open cases
mean: it is a new version of the definition or a migration, never a new hash.
`python -m tests.workflows.test_golden` writes the logs of the versions that have none.
"""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.workflows.driver import CN, START, Driver
from tests.workflows.recorded import outcomes_that_can_be_said, recording
from workflows import Definition, ProcedureState, advance, bundled, event_from_json, load, state_to_json
from workflows import events as ev
from workflows.codec import instant_from_text, value_to_json
from workflows.effects import Counted

GOLDEN = Path(__file__).parent / "golden"


def fingerprint(state: ProcedureState, effects: tuple[object, ...]) -> str:
    # What was counted in a calendar stands in the clocks as well.
    told = [effect for effect in effects if not isinstance(effect, Counted)]
    rows = [{"kind": type(effect).__name__, **value_to_json(effect)} for effect in told]
    document: dict[str, Any] = {"state": state_to_json(state), "effects": rows}
    # The zone data's version is part of a derivation and changes with its package, not with the rules.
    for clock in [*document["state"]["clocks"].values(), *(row["clock"] for row in rows if "clock" in row)]:
        del clock["derivation"]["tzdata"]
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_every_bundled_definition_has_a_golden_log() -> None:
    assert {f"{ident}.v{version}.jsonl" for ident, version in bundled()} == {path.name for path in GOLDEN.iterdir()}


@pytest.mark.parametrize(("ident", "version"), bundled())
def test_a_recorded_log_gives_the_recorded_states(ident: str, version: int) -> None:
    definition = load(ident, version)
    state = ProcedureState()
    lines = path_of(definition).read_text("utf-8").splitlines()
    assert len(lines) > 50
    for number, line in enumerate(lines, 1):
        entry = json.loads(line)
        document = entry["event"]
        at = instant_from_text(document["at"])
        state, effects = advance(
            definition, state, event_from_json(document["type"], UUID(document["id"]), at, document)
        )
        assert fingerprint(state, effects) == entry["sha256"], f"line {number}: {document['type']}"


@pytest.mark.parametrize(("ident", "version"), [one for one in bundled() if one != (CN.id, CN.version)])
def test_a_log_has_every_answer_and_every_kind_of_request_of_its_scheme(ident: str, version: int) -> None:
    definition = load(ident, version)
    events = [json.loads(line)["event"] for line in path_of(definition).read_text("utf-8").splitlines()]
    said = {event["outcome"] for event in events if event["type"] == "AnswerReceived"}
    assert said >= outcomes_that_can_be_said(definition)
    state = ProcedureState()
    for document in events:
        at = instant_from_text(document["at"])
        event = event_from_json(document["type"], UUID(document["id"]), at, document)
        state, _ = advance(definition, state, event)
    assert {request.kind for request in state.requests.values()} == set(definition.requests)


def path_of(definition: Definition) -> Path:
    return GOLDEN / f"{definition.name}.jsonl"


def scenario() -> Driver:
    """A case with a bit of everything: tiers, doubts, silence, conflict, second stop, freeze, appeal, lapse."""
    procedure = Driver()
    first = procedure.claim()
    silent = procedure.claim(paid_at=START - timedelta(days=2))
    doubtful = procedure.claim(doubts=("checksum",))
    lead = procedure.claim(account_id=None, institution_id=None, lead_id=procedure.uuid())
    stop = procedure.request_of(first)
    procedure.deliver(stop.id)
    procedure.answer(stop.id, "received")
    hop = procedure.make_claim(tier=2, amount_minor=60_000)
    executed = procedure.at
    procedure.answer(stop.id, "partial", held_minor=40_000, executed_at=executed, next_hops=(hop,))
    procedure.send(ev.ClaimConfirmed(id=procedure.uuid(), at=procedure.at, hold_id=doubtful, by="officer"))
    procedure.answer(procedure.request_of(doubtful).id, "name_mismatch")
    procedure.send(ev.ClaimDropped(id=procedure.uuid(), at=procedure.at, hold_id=doubtful, by="officer", reason="x"))
    procedure.send(
        ev.LeadResolved(
            id=procedure.uuid(),
            at=procedure.at,
            hold_id=lead,
            account_id=procedure.uuid(),
            institution_id=procedure.uuid(),
            by="officer",
        )
    )
    procedure.deliver(procedure.request_of(hop.hold_id).id)
    procedure.answer(procedure.request_of(hop.hold_id).id, "full", held_minor=60_000)
    procedure.answer(procedure.request_of(hop.hold_id).id, "gone")
    procedure.send(
        ev.AnswerSettled(
            id=procedure.uuid(),
            at=procedure.at,
            request_id=procedure.request_of(hop.hold_id).id,
            by="officer",
            outcome="full",
            held_minor=55_000,
            executed_at=procedure.at,
        )
    )
    procedure.pass_time(hours=4)
    procedure.deliver(procedure.request_of(silent).id)
    procedure.answer(procedure.request_of(silent).id, "already_stopped")
    procedure.send(ev.PapersFollowed(id=procedure.uuid(), at=procedure.at, request_id=stop.id, document="form"))
    procedure.pass_time(hours=40)
    second = procedure.approve(procedure.ask(first, "second_stop"))
    procedure.deliver(second)
    procedure.answer(second, "full", held_minor=40_000, executed_at=procedure.at)
    procedure.file()
    freeze = procedure.approve(procedure.ask(first, "freeze", amount_minor=40_000))
    procedure.deliver(freeze)
    procedure.answer(freeze, "frozen", held_minor=40_000, executed_at=procedure.at)
    appeal = procedure.uuid()
    procedure.send(ev.AppealReceived(id=procedure.uuid(), at=procedure.at, hold_id=first, appeal_id=appeal))
    procedure.send(ev.AppealDecided(id=procedure.uuid(), at=procedure.at, appeal_id=appeal, by="judge", upheld=True))
    procedure.pass_time(hours=12)
    refused = procedure.ask(first, "return", amount_minor=1)
    procedure.send(
        ev.ApprovalRefused(id=procedure.uuid(), at=procedure.at, approval_id=refused, by="leader", reason="no")
    )
    release = procedure.approve(procedure.ask(first, "release"))
    procedure.deliver(release)
    procedure.answer(release, "released")
    for task in sorted(procedure.state.tasks.values(), key=lambda task: task.id):
        if not CN.tasks[task.kind].decided and task.id in procedure.state.tasks:
            procedure.send(ev.TaskCompleted(id=procedure.uuid(), at=procedure.at, task_id=task.id, by="officer"))
    procedure.send(ev.CaseNotFiled(id=procedure.uuid(), at=procedure.at, by="officer", document="d"))
    procedure.pass_time(hours=2)
    return procedure


def write() -> None:
    """Write the logs of the versions that have none: a recorded log is never written again."""
    for ident, version in bundled():
        definition = load(ident, version)
        if path_of(definition).exists():
            continue
        procedure = scenario() if definition.name == CN.name else recording(definition)
        state, lines = ProcedureState(), []
        for document in procedure.log:
            at = instant_from_text(document["at"])
            event = event_from_json(document["type"], UUID(document["id"]), at, document)
            state, effects = advance(definition, state, event)
            entry = {"event": document, "sha256": fingerprint(state, effects)}
            lines.append(json.dumps(entry, sort_keys=True, separators=(",", ":")))
        path_of(definition).write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    write()
