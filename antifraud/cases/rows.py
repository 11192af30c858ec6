"""Writes a desk: what `workflows.project` says becomes rows; all new ones in one statement, then what they change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table

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
    """Write everything that happened on the desk, and what else the transaction gathered; the caller commits."""
    work = desk.work
    # One instant for all that is recorded here, so that the log can tell when each row was.
    recorded_at = work.now()
    _gather_cases(desk, recorded_at)
    _gather_procedures(desk)
    _gather_holds_and_requests(desk)
    _gather_approvals(desk)
    _gather_tasks(desk)
    ended = _gather_deadlines(desk)
    _gather_facts(desk, recorded_at)
    post.queue(work, mail.messages(desk))
    changes.gather(work, "case", list(desk.files))
    work.write()
    # Once the new rows are there: a wait may have been started and ended by the same desk.
    waits.end(work, ended)
    post.drop(work, [stop.request_id for change in desk.changes for stop in change.projection.stops])
    desk.changes.clear()


def _gather_cases(desk: Desk, recorded_at: datetime) -> None:
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
                    "id": file.id,
                    "last_seq": head.seq,
                    "last_hash": head.hash,
                    "closed_at": file.closed_at,
                    "origin": file.row["origin"],
                }
            )
        file.is_new = False
        file.happenings.clear()
    work.rows.add(models.cases, new)
    work.rows.change(models.cases, known)


def _gather_procedures(desk: Desk) -> None:
    work = desk.work
    new, known = [], []
    for file in desk.files.values():
        for procedure in file.procedures.values():
            if not procedure.is_new and not procedure.is_changed:
                continue
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
            else:
                pinned = procedure.definition.content_hash
                known.append({"id": procedure.id, "content_hash": pinned, "state": state, "closed_at": closed_at})
    work.rows.add(models.procedures, new)
    work.rows.change(models.procedures, known)


def _gather_holds_and_requests(desk: Desk) -> None:
    holds: dict[UUID, dict[str, Any]] = {}
    requests: dict[UUID, dict[str, Any]] = {}
    for change in desk.changes:
        holds |= {hold.id: hold_row(_place(desk, change), hold) for hold in change.projection.holds}
        requests |= {request.id: _request_row(desk, change, request) for request in change.projection.requests}
    _add_or_replace(desk, models.holds, list(holds.values()))
    _add_or_replace(desk, models.requests, list(requests.values()))


def _place(desk: Desk, change: Change) -> Place:
    return Place(centre_id=desk.work.centre_id, case_id=change.file.id, procedure_id=change.procedure_id)


def _request_row(desk: Desk, change: Change, request: Request) -> dict[str, Any]:
    return {
        **request_row(_place(desk, change), request, desk.institution_of(change.file, request.id)),
        "key_id": change.file.row["key_id"],
        "authority_cipher": change.file.row["authority_cipher"],
    }


def _add_or_replace(desk: Desk, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        replacing = tuple(name for name in rows[0] if name not in ("id", "centre_id", "case_id"))
        desk.work.rows.add(table, rows, replacing=replacing)


def _gather_approvals(desk: Desk) -> None:
    asked, decided = [], []
    for change in desk.changes:
        for item in change.projection.approvals:
            match item:
                case ApprovalOpened(approval=approval):
                    asked.append(approval_row(_place(desk, change), approval, change.event))
                case ApprovalClosed():
                    decided.append({"id": item.id, "state": item.how, "decided_by": item.by, "decided_at": item.at})
    desk.work.rows.add(models.approvals, asked)
    desk.work.rows.change(models.approvals, decided)


def _gather_tasks(desk: Desk) -> None:
    opened: dict[UUID, tuple[Change, Task]] = {}
    closed: list[TaskClosed] = []
    for change in desk.changes:
        for item in change.projection.tasks:
            match item:
                case TaskOpened(task=task):
                    opened[task.id] = (change, task)
                case TaskClosed():
                    closed.append(item)
    subjects = {task_id: _hold_of(change.file, task) for task_id, (change, task) in opened.items()}
    desk.need_accounts(hold.account_id for hold in subjects.values() if hold)
    desk.work.rows.add(
        models.tasks,
        [
            {
                **task_row(_place(desk, change), task, change.event),
                "masked_label": _label(desk, change.file, subjects[task.id]),
            }
            for change, task in opened.values()
        ],
    )
    desk.work.rows.change(
        models.tasks,
        [{"id": item.id, "state": item.how, "ended_at": item.at, "ended_by": item.by} for item in closed],
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


def _gather_deadlines(desk: Desk) -> list[waits.Ended]:
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
    return ended


def _gather_facts(desk: Desk, recorded_at: datetime) -> None:
    desk.work.rows.add(
        models.facts,
        [
            fact_row(_place(desk, change), fact, change.event, ordinal, recorded_at)
            for change in desk.changes
            for ordinal, fact in enumerate(change.projection.facts)
        ],
    )
