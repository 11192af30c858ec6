"""What waits for a second person, in the order of the deadline that stands behind each decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from antifraud.banks.queries import Institution, by_id
from antifraud.cases import definitions
from antifraud.cases.accounts import cards_of
from antifraud.cases.listing import victims_of
from antifraud.cases.models import approvals, cases, procedures
from antifraud.vault.masks import NOTHING, mask_number
from antifraud.work import Work
from workflows import Definition, ProcedureState, state_from_json
from workflows.state import Approval, Hold

_MOST: Final = 200
_KEEPING: Final = frozenset({"freeze", "second_stop", "extend"})
"""Roles of measures without which the stop ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The instant that waits behind a decision: `kind` is a clock of the definition."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One proposal that waits, with the hold that it is about; the account by its mask."""

    approval: Approval
    asked_at: datetime
    hold: Hold
    case_id: UUID
    case_no: str
    victim: str
    institution: Institution | None
    number: str
    behind: Behind | None


def behind(approval: Approval, hold: Hold, state: ProcedureState, definition: Definition) -> Behind | None:
    """Return the first instant at which something happens by itself if nobody decides."""
    found = [
        Behind(kind=clock.kind, at=clock.due_at)
        for clock in state.clocks.values()
        if clock.kind == "approval" and clock.subject_id == approval.id
    ]
    role = definition.role_of(approval.act)
    if role in _KEEPING and hold.ends_at is not None:
        found.append(Behind(kind="freeze_end" if hold.state == "frozen" else "stop_end", at=hold.ends_at))
    if role == "release":
        found += [
            Behind(kind="task", at=task.due_at)
            for task in state.tasks.values()
            if task.kind == definition.watch["release"] and task.subject_id == hold.id
        ]
    return min(found, key=lambda one: one.at, default=None)


def waiting_decisions(work: Work) -> list[Decision]:
    """Return the proposals of the centre that wait, the one with the nearest deadline first."""
    connection = work.connection
    rows = connection.execute(
        select(
            approvals.c.id,
            approvals.c.asked_at,
            approvals.c.case_id,
            cases.c.no,
            procedures.c.state,
            procedures.c.content_hash,
        )
        .join(cases, cases.c.id == approvals.c.case_id)
        .join(procedures, procedures.c.id == approvals.c.procedure_id)
        .where(approvals.c.centre_id == work.centre_id, approvals.c.state == "waiting")
        .order_by(approvals.c.asked_at)
        .limit(_MOST)
    ).all()
    states = [(row, state_from_json(row.state)) for row in rows]
    known = [(row, state, state.approvals[row.id]) for row, state in states if row.id in state.approvals]
    holds = [state.holds[approval.hold_id] for _row, state, approval in known]
    cards = cards_of(work, {hold.account_id for hold in holds if hold.account_id})
    institutions = by_id(connection, {hold.institution_id for hold in holds if hold.institution_id})
    victims = victims_of(work, {row.case_id for row, _state, _approval in known})
    found = []
    for (row, state, approval), hold in zip(known, holds, strict=True):
        card = cards.get(hold.account_id) if hold.account_id else None
        found.append(
            Decision(
                approval=approval,
                asked_at=row.asked_at,
                hold=hold,
                case_id=row.case_id,
                case_no=row.no,
                victim=victims.get(row.case_id, NOTHING),
                institution=institutions.get(hold.institution_id) if hold.institution_id else None,
                number=mask_number(card.number) if card else NOTHING,
                behind=behind(approval, hold, state, definitions.by_hash(connection, row.content_hash)),
            )
        )
    return sorted(found, key=lambda one: (one.behind.at if one.behind else one.asked_at, one.asked_at))


def case_of_approval(work: Work, approval_id: UUID) -> str | None:
    """Return the number of the case of a proposal, decided or not; None where the centre has none of that id."""
    found: str | None = work.connection.scalar(
        select(cases.c.no).join(approvals, approvals.c.case_id == cases.c.id).where(approvals.c.id == approval_id)
    )
    return found
