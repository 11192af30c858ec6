"""Writes a desk: what `workflows.project` says becomes rows, one batch a table, in one order of tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud import changes
from antifraud.audit.service import Head, append
from antifraud.cases import models
from antifraud.cases.casefile import CaseFile, Change, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.projected import Place, approval_row, deadline_row, fact_row, hold_row, request_row, task_row
from antifraud.deadlines import service as waits
from antifraud.outbox import service as post
from workflows import state_to_json
from workflows.projection import (
    ApprovalClosed,
    ApprovalOpened,
    DeadlineEnded,
    DeadlineStarted,
    TaskClosed,
    TaskOpened,
)
from workflows.state import Hold, Request, Task


def write(desk: Desk, mail: Mail) -> None:
    """Write everything that happened on the desk; the caller commits."""
    # One instant for all that is recorded here, so that the log can tell when each row was.
    recorded_at = desk.work.now()
    _write_cases(desk, recorded_at)
    _write_procedures(desk)
    _write_holds_and_requests(desk)
    _write_approvals(desk)
    _write_tasks(desk)
    _write_deadlines(desk)
    _write_facts(desk, recorded_at)
    post.queue(desk.work, mail.messages(desk))
    post.drop(desk.work, [stop.request_id for change in desk.changes for stop in change.projection.stops])
    changes.tell(desk.work, "case", [file.id for file in desk.files.values()])
    desk.changes.clear()


def _write_cases(desk: Desk, recorded_at: datetime) -> None:
    work, files = desk.work, list(desk.files.values())
    heads = append(
        work,
        [
            (
                Head(f"case:{file.id}", file.row["opened_month"], file.row["last_seq"], bytes(file.row["last_hash"])),
                file.happenings,
            )
            for file in files
        ],
        recorded_at,
    )
    new, known = [], []
    for file, head in zip(files, heads, strict=True):
        file.row |= {"last_seq": head.seq, "last_hash": head.hash, "closed_at": file.closed_at}
        if file.is_new:
            new.append(file.row)
        elif file.happenings:
            known.append(
                {
                    "case": file.id,
                    "seq": head.seq,
                    "head": head.hash,
                    "closed": file.closed_at,
                    "kept_origin": file.row["origin"],
                }
            )
        file.is_new = False
        file.happenings.clear()
    if new:
        work.connection.execute(insert(models.cases), new)
    if known:
        cases = models.cases
        work.connection.execute(
            update(cases)
            .where(cases.c.id == bindparam("case"))
            .values(
                last_seq=bindparam("seq"),
                last_hash=bindparam("head"),
                closed_at=bindparam("closed"),
                origin=bindparam("kept_origin"),
            ),
            known,
        )


def _write_procedures(desk: Desk) -> None:
    work = desk.work
    new, known = [], []
    for file in desk.files.values():
        for procedure in file.procedures.values():
            closed_at = work.now() if procedure.state.phase == "closed" else None
            state = state_to_json(procedure.state)
            if procedure.is_new:
                new.append(
                    {
                        "id": procedure.id,
                        "centre_id": work.centre_id,
                        "case_id": file.id,
                        "content_hash": procedure.definition.content_hash,
                        "state": state,
                        "state_schema": procedure.state.schema,
                        "opened_at": procedure.opened_at,
                        "closed_at": closed_at,
                    }
                )
            elif procedure.is_changed:
                known.append({"procedure": procedure.id, "new_state": state, "closed": closed_at})
    if new:
        work.connection.execute(insert(models.procedures), new)
    if known:
        procedures = models.procedures
        work.connection.execute(
            update(procedures)
            .where(procedures.c.id == bindparam("procedure"))
            .values(state=bindparam("new_state", type_=procedures.c.state.type), closed_at=bindparam("closed")),
            known,
        )


def _write_holds_and_requests(desk: Desk) -> None:
    holds: dict[UUID, dict[str, Any]] = {}
    requests: dict[UUID, dict[str, Any]] = {}
    for change in desk.changes:
        holds |= {hold.id: hold_row(_place(desk, change), hold) for hold in change.projection.holds}
        requests |= {request.id: _request_row(desk, change, request) for request in change.projection.requests}
    _upsert(desk, models.holds, list(holds.values()))
    _upsert(desk, models.requests, list(requests.values()))


def _place(desk: Desk, change: Change) -> Place:
    return Place(centre_id=desk.work.centre_id, case_id=change.file.id, procedure_id=change.procedure_id)


def _request_row(desk: Desk, change: Change, request: Request) -> dict[str, Any]:
    return {
        **request_row(_place(desk, change), request, desk.institution_of(change.file, request.id)),
        "key_id": change.file.row["key_id"],
        "authority_cipher": change.file.row["authority_cipher"],
    }


def _upsert(desk: Desk, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = upsert(table)
    changing = {name: statement.excluded[name] for name in rows[0] if name not in ("id", "centre_id", "case_id")}
    desk.work.connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changing), rows)


def _write_approvals(desk: Desk) -> None:
    asked, decided = [], []
    for change in desk.changes:
        for item in change.projection.approvals:
            match item:
                case ApprovalOpened(approval=approval):
                    asked.append(approval_row(_place(desk, change), approval, change.event))
                case ApprovalClosed():
                    decided.append({"approval": item.id, "how": item.how, "by": item.by, "when": item.at})
    if asked:
        desk.work.connection.execute(insert(models.approvals), asked)
    if decided:
        approvals = models.approvals
        desk.work.connection.execute(
            update(approvals)
            .where(approvals.c.id == bindparam("approval"))
            .values(state=bindparam("how"), decided_by=bindparam("by"), decided_at=bindparam("when")),
            decided,
        )


def _write_tasks(desk: Desk) -> None:
    opened: dict[UUID, tuple[Change, Task]] = {}
    closed: list[TaskClosed] = []
    for change in desk.changes:
        for item in change.projection.tasks:
            match item:
                case TaskOpened(task=task):
                    opened[task.id] = (change, task)
                case TaskClosed():
                    closed.append(item)
    work = desk.work
    subjects = {task_id: _hold_of(change.file, task) for task_id, (change, task) in opened.items()}
    desk.need_accounts(hold.account_id for hold in subjects.values() if hold)
    if opened:
        work.connection.execute(
            insert(models.tasks),
            [
                {
                    **task_row(_place(desk, change), task, change.event),
                    "masked_label": _label(desk, change.file, subjects[task.id]),
                }
                for change, task in opened.values()
            ],
        )
    if closed:
        tasks = models.tasks
        work.connection.execute(
            update(tasks)
            .where(tasks.c.id == bindparam("task"))
            .values(state=bindparam("how"), ended_at=bindparam("when"), ended_by=bindparam("by")),
            [{"task": item.id, "how": item.how, "when": item.at, "by": item.by} for item in closed],
        )


def _hold_of(file: CaseFile, task: Task) -> Hold | None:
    match task.subject_kind:
        case "hold":
            return file.hold(task.subject_id)
        case "request":
            return file.hold(file.request(task.subject_id).hold_id)
        case _:
            return None


def _label(desk: Desk, file: CaseFile, hold: Hold | None) -> str:
    account_id = hold.account_id if hold else None
    return desk.accounts[account_id].label if account_id else file.no


def _write_deadlines(desk: Desk) -> None:
    started: list[dict[str, Any]] = []
    ended: list[waits.Ended] = []
    for change in desk.changes:
        for item in change.projection.deadlines:
            match item:
                case DeadlineStarted(clock=clock):
                    started.append(deadline_row(_place(desk, change), clock, change.event))
                case DeadlineEnded():
                    ended.append(waits.Ended(item.id, item.how, item.at))
    waits.start(desk.work, started)
    waits.end(desk.work, ended)


def _write_facts(desk: Desk, recorded_at: datetime) -> None:
    rows = [
        fact_row(_place(desk, change), fact, change.event, ordinal, recorded_at)
        for change in desk.changes
        for ordinal, fact in enumerate(change.projection.facts)
    ]
    if rows:
        desk.work.connection.execute(insert(models.facts), rows)
