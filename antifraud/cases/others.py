"""Before a release leaves: whether other cases still claim money on the account that it would open."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select

from antifraud.cases.casefile import Desk
from antifraud.cases.models import holds
from antifraud.work import Work
from workflows import derived_id
from workflows.events import ReleaseHeldBack


class _Claim(NamedTuple):
    id: UUID
    account_id: UUID
    case_id: UUID


_CLAIMING = ("unconfirmed", "asked", "stopped", "queued_behind", "in_question")
"""States in which a hold still claims something: a freeze stands by its own order, and no release of ours ends it."""


def hold_back_releases(desk: Desk) -> None:
    """Turn each release that is about to leave into a decision, where other cases have unmet claims on its account.

    A claim is met when its hold is frozen, or holds all that was traced to it.
    Called when every event of the transaction is folded and nothing is written yet.
    """
    leaving = {
        send.request_id: (change, hold)
        for change in desk.changes
        for send in change.projection.sends
        if (request := change.file.request(send.request_id)).stage == "queued"
        and change.file.procedure_of(request.id).definition.role_of(request.kind) == "release"
        and not request.despite_others
        and (hold := change.file.hold(request.hold_id)) is not None
        and hold.account_id is not None
    }
    if not leaving:
        return
    claims = _unmet(desk.work, {hold.account_id for _, hold in leaving.values() if hold.account_id})
    for request_id, (change, hold) in leaving.items():
        others = tuple(one.id for one in claims if one.account_id == hold.account_id and one.case_id != change.file.id)
        if others:
            now = desk.work.now()
            event = ReleaseHeldBack(
                id=derived_id(now, request_id, "others"), at=now, request_id=request_id, claims=others
            )
            change.file.apply(change.procedure_id, event, cause_id=change.event.id)


def _unmet(work: Work, accounts: Collection[UUID]) -> list[_Claim]:
    """Return the unmet claims on accounts, the oldest first."""
    rows = work.connection.execute(
        select(holds.c.id, holds.c.account_id, holds.c.case_id)
        .where(
            holds.c.account_id.in_(accounts),
            holds.c.state.in_(_CLAIMING),
            or_(holds.c.traced_minor.is_(None), holds.c.held_minor < holds.c.traced_minor),
        )
        .order_by(holds.c.since, holds.c.id)
    )
    return [_Claim(*row) for row in rows]


def claiming(work: Work, case_id: UUID, account_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many other cases have unmet claims on each of some accounts; accounts without one are left out."""
    found: dict[UUID, set[UUID]] = {}
    for one in _unmet(work, account_ids) if account_ids else ():
        if one.case_id != case_id:
            found.setdefault(one.account_id, set()).add(one.case_id)
    return {account_id: len(case_ids) for account_id, case_ids in found.items()}
