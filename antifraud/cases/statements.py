"""What institutions state of the money in an account, and of money given back; kept, never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select

from antifraud.cases.casefile import CaseFile, Procedure
from antifraud.cases.models import holds, return_notices, statements
from antifraud.work import Work
from workflows.events import DoubtRaised
from workflows.money import Parts, ReturnNotice, above_balance
from workflows.state import LIVE_HOLDS, Hold

_HELD: Final = sorted(LIVE_HOLDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One answer's words on an account: its balance, and the parts of the money in question."""

    reply_id: UUID
    request_id: UUID
    hold: Hold
    parts: Parts
    balance_minor: int | None
    at: datetime

    @property
    def says_more(self) -> bool:
        """Tell whether it says anything beside what is held and where it went, which hold and transfers keep."""
        said = (self.balance_minor, self.parts.arrived, self.parts.withdrawn, self.parts.spent, self.parts.left)
        return any(amount is not None for amount in said)


def keep(work: Work, case_id: UUID, statement: Statement) -> None:
    """Gather a statement with the case's other rows, if it says more than they do."""
    if not statement.says_more:
        return
    parts = statement.parts
    onward = None if None in parts.onward else sum(amount for amount in parts.onward if amount is not None)
    work.rows.add(
        statements,
        [
            {
                "id": statement.reply_id,
                "centre_id": work.centre_id,
                "case_id": case_id,
                "request_id": statement.request_id,
                "hold_id": statement.hold.id,
                "account_id": statement.hold.account_id,
                "asset": parts.asset,
                "balance_minor": statement.balance_minor,
                "arrived_minor": parts.arrived,
                "held_minor": parts.held,
                "onward_minor": onward,
                "withdrawn_minor": parts.withdrawn,
                "spent_minor": parts.spent,
                "left_minor": parts.left,
                "at": statement.at,
            }
        ],
    )


def doubt_above_balance(file: CaseFile, procedure: Procedure, statement: Statement) -> int:
    """Give a person the account whose holds, over all cases, exceed what its institution says lies there.

    No order changes by it. An earlier balance bounds only the holds on money
    that had come by then: a stopped account may still be paid into.

    Returns:
        By how much they exceed it, 0 where they do not or no balance was ever stated.
    """
    work, hold = file.desk.work, file.hold(statement.hold.id)
    if hold is None or hold.account_id is None or not hold.held_minor:
        return 0
    balance, until = statement.balance_minor, None
    if balance is None:
        known = _last_balance(work, hold.account_id, hold.asset)
        if known is None:
            return 0
        balance, until = known
    mine = [
        other.held_minor
        for one in file.procedures.values()
        for other in one.state.holds.values()
        if (other.account_id, other.asset) == (hold.account_id, hold.asset)
        and other.state in LIVE_HOLDS
        and _was_there(other.paid_at, until)
    ]
    excess = above_balance(balance, [*mine, _held_elsewhere(work, file.id, hold, until)])
    if excess:
        raise_doubt(file, procedure, "balance", "hold", hold.id, "holds_above_balance", amount=excess, asset=hold.asset)
    return excess


def raise_doubt(  # noqa: PLR0913 - what the task shows
    file: CaseFile,
    procedure: Procedure,
    watch: str,
    subject_kind: str,
    subject_id: UUID,
    reason: str,
    *,
    amount: int | None = None,
    asset: str | None = None,
    cause_id: UUID | None = None,
) -> None:
    """Give a person what no order changes by; a scheme without that watch has it as `quarantine`."""
    work = file.desk.work
    event = DoubtRaised(
        id=work.new_id(),
        at=work.now(),
        kind=watch if watch in procedure.definition.watch else "quarantine",
        subject_kind=subject_kind,
        subject_id=subject_id,
        reason=reason,
        amount_minor=amount,
        asset=asset,
    )
    file.apply(procedure.id, event, cause_id=cause_id)


def _was_there(paid_at: datetime | None, until: datetime | None) -> bool:
    return until is None or paid_at is None or paid_at <= until


def _last_balance(work: Work, account_id: UUID, asset: str) -> tuple[int, datetime] | None:
    row = work.connection.execute(
        select(statements.c.balance_minor, statements.c.at)
        .where(
            statements.c.account_id == account_id, statements.c.asset == asset, statements.c.balance_minor.is_not(None)
        )
        .order_by(statements.c.at.desc(), statements.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.balance_minor, row.at)


def _held_elsewhere(work: Work, case_id: UUID, hold: Hold, until: datetime | None) -> int:
    found = work.connection.scalar(
        select(func.coalesce(func.sum(holds.c.held_minor), 0)).where(
            holds.c.account_id == hold.account_id,
            holds.c.asset == hold.asset,
            holds.c.case_id != case_id,
            holds.c.state.in_(_HELD),
            *([or_(holds.c.paid_at.is_(None), holds.c.paid_at <= until)] if until is not None else []),
        )
    )
    return int(found or 0)


# -- money given back


def reference_hash(work: Work, institution_id: UUID, reference: str | None) -> bytes | None:
    """Return the keyed hash by which an institution's reference of a return is known again."""
    if reference is None:
        return None
    return work.vault.blind("return_notices.reference", f"{institution_id}|{reference.strip().casefold()}")


def returns_before(work: Work, hold_id: UUID, reference: str | None) -> list[ReturnNotice]:
    """Return the notices of money given back of a hold, and any other under the same reference."""
    rows = work.connection.execute(
        select(return_notices)
        .where(
            or_(
                return_notices.c.hold_id == hold_id,
                *([return_notices.c.reference_hash == bytes.fromhex(reference)] if reference is not None else []),
            )
        )
        .order_by(return_notices.c.at, return_notices.c.id)
    )
    return [
        ReturnNotice(
            id=str(row.id),
            reference=bytes(row.reference_hash).hex() if row.reference_hash else None,
            amount=row.amount_minor,
            asset=row.asset,
        )
        for row in rows
    ]


def keep_return(work: Work, case_id: UUID, statement: Statement, notice: ReturnNotice) -> None:
    """Gather a notice of return that counts with the case's other rows."""
    work.rows.add(
        return_notices,
        [
            {
                "id": statement.reply_id,
                "centre_id": work.centre_id,
                "case_id": case_id,
                "request_id": statement.request_id,
                "hold_id": statement.hold.id,
                "asset": notice.asset,
                "amount_minor": notice.amount,
                "reference_hash": bytes.fromhex(notice.reference) if notice.reference else None,
                "at": statement.at,
            }
        ],
    )
