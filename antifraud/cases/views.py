"""A case as it stands, for whoever looks at it: states of the workflow with masked labels, nothing in the clear."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from antifraud.cases.accounts import cards_of
from antifraud.cases.casefile import CaseNotFound
from antifraud.cases.models import cases, procedures
from antifraud.work import Work
from workflows import state_from_json
from workflows.state import Approval, Clock, Request, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldView:
    """One hold; `label` is the institution and the account's tail, or what is known of a lead."""

    id: UUID
    tier: int
    state: str
    label: str
    asset: str
    traced_minor: int | None
    held_minor: int
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case with everything that is open in it."""

    id: UUID
    no: str
    opened_at: datetime
    phase: str
    procedure_ids: tuple[UUID, ...]
    holds: tuple[HoldView, ...]
    requests: tuple[Request, ...]
    clocks: tuple[Clock, ...]
    tasks: tuple[Task, ...]
    approvals: tuple[Approval, ...]


def case_view(work: Work, case_id: UUID) -> CaseView:
    """Return the case as it stands in this transaction.

    Raises:
        CaseNotFound: The centre has none of that id.
    """
    row = work.connection.execute(select(cases).where(cases.c.id == case_id)).one_or_none()
    if row is None:
        message = f"no case {case_id}"
        raise CaseNotFound(message)
    found = work.connection.execute(
        select(procedures.c.id, procedures.c.state).where(procedures.c.case_id == case_id)
    ).all()
    states = [state_from_json(procedure.state) for procedure in found]
    holds = [hold for state in states for hold in state.holds.values()]
    cards = cards_of(work, {hold.account_id for hold in holds if hold.account_id})
    return CaseView(
        id=row.id,
        no=row.no,
        opened_at=row.opened_at,
        phase="closed" if row.closed_at else "historical" if row.origin == "historical" else "open",
        procedure_ids=tuple(procedure.id for procedure in found),
        holds=tuple(
            HoldView(
                id=hold.id,
                tier=hold.tier,
                state=hold.state,
                label=cards[hold.account_id].label if hold.account_id in cards else "lead",
                asset=hold.asset,
                traced_minor=hold.traced_minor,
                held_minor=hold.held_minor,
                ends_at=hold.ends_at,
            )
            for hold in holds
        ),
        requests=tuple(request for state in states for request in state.requests.values()),
        clocks=tuple(clock for state in states for clock in state.clocks.values()),
        tasks=tuple(task for state in states for task in state.tasks.values()),
        approvals=tuple(approval for state in states for approval in state.approvals.values()),
    )
