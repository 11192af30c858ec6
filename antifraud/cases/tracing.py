"""Whose money lies in a mixed account: its payments over all cases, traced and divided as a proposal.

One account takes money from several victims, and each victim is a case. What
came in and went out is told by reports and by banks, often twice; it is put
together here, traced under the presumption that a person chooses, and what is
held is proposed to the claims by the same presumption. Nothing is changed: a
proposal that a person takes is a note in the case's log.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.models import accounts, cases, holds, statements, transfers
from antifraud.cases.service import save
from antifraud.foundation.json import canonical
from antifraud.foundation.money import to_json
from antifraud.foundation.problems import InvalidValue, NotFound
from antifraud.work import Work
from workflows.money import METHODS, Method, Movement, Tracing, trace
from workflows.state import LIVE_HOLDS

UNEXPLAINED: Final = "~unexplained"  # sorts after every id: at the last instant it leaves last
"""What must have left beside the known payments, where less is held than should still lie there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money into or out of the account; `case_no` of the case that tells it, None of it for what was withdrawn."""

    id: str
    case_no: str
    way: str
    amount_minor: int
    earliest_at: datetime
    latest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTracing:
    """One account's money in one asset, traced.

    `proposal` is what each payment in would have of `held_minor`; `unallocated` the held rest that no claim
    explains; `unexplained_minor` what must have left beside the known payments. `incomplete` are payments without an
    amount or an instant: they are left out, and a person should ask for them. `inputs_hash` names exactly what was
    traced.
    """

    account_id: UUID
    asset: str
    method: Method
    came: tuple[Payment, ...]
    went: tuple[Payment, ...]
    incomplete: tuple[str, ...]
    tracing: Tracing
    held_minor: int
    unexplained_minor: int
    proposal: Mapping[str, int]
    unallocated: int
    inputs_hash: str

    def by_case(self) -> dict[str, int]:
        """Return the proposal by case number."""
        shares: dict[str, int] = {}
        for payment in self.came:
            shares[payment.case_no] = shares.get(payment.case_no, 0) + self.proposal[payment.id]
        return shares

    def to_document(self) -> dict[str, object]:
        """Return the tracing as JSON: ids, codes, amounts and instants, no personal data."""
        return {
            "account_id": str(self.account_id),
            "asset": self.asset,
            "method": self.method,
            "came": [{**_told(one), "left_minor": to_json(self.tracing.left[one.id])} for one in self.came],
            "went": [
                {
                    **_told(one),
                    "taken": {key: to_json(part) for key, part in sorted(self.tracing.taken[one.id].items())},
                    "unfunded_minor": to_json(self.tracing.unfunded.get(one.id, 0)),
                    "is_uncertain": one.id in self.tracing.uncertain,
                }
                for one in self.went
            ],
            "incomplete": list(self.incomplete),
            "held_minor": to_json(self.held_minor),
            "unexplained_minor": to_json(self.unexplained_minor),
            "proposal": {key: to_json(share) for key, share in sorted(self.proposal.items())},
            "proposal_by_case": {no: to_json(share) for no, share in sorted(self.by_case().items())},
            "unallocated_minor": to_json(self.unallocated),
            "inputs_hash": self.inputs_hash,
        }


def trace_account(work: Work, account_id: UUID, method: str) -> list[AccountTracing]:
    """Return an account's money, one tracing an asset, over all cases of the centre.

    Raises:
        NotFound: The centre knows no such account.
        InvalidValue: There is no such method.
    """
    chosen = next((known for known in METHODS if known == method), None)
    if chosen is None:
        raise InvalidValue(f"a method is one of {', '.join(METHODS)}")
    if work.connection.scalar(select(accounts.c.id).where(accounts.c.id == account_id)) is None:
        raise NotFound("there is no such account")
    came = _rows(work, transfers.c.payee_account_id == account_id)
    went = _rows(work, transfers.c.payer_account_id == account_id)
    cash = _withdrawn(work, account_id)
    held = _held(work, account_id)
    assets = sorted({row.asset for row in (*came, *went) if row.asset} | {one.asset for one in cash} | held.keys())
    return [
        traced(
            account_id,
            asset,
            chosen,
            came=_told_once(row for row in came if row.asset == asset),
            went=_told_once(row for row in went if row.asset == asset),
            cash=[one for one in cash if one.asset == asset],
            held=held.get(asset, 0),
        )
        for asset in assets
    ]


def account_of(work: Work, case_id: UUID, given: UUID) -> UUID:
    """Return the account of a hold of the case; any other id is taken for an account's own."""
    found = work.connection.scalar(select(holds.c.account_id).where(holds.c.id == given, holds.c.case_id == case_id))
    return found or given


def traced(
    account_id: UUID,
    asset: str,
    method: Method,
    *,
    came: Sequence["Told"],
    went: Sequence["Told"],
    cash: Sequence["Told"],
    held: int,
) -> AccountTracing:
    """Trace what is known, and propose what is held. Pure.

    Where less is held than should lie there, the difference left unseen: it is
    taken from the payments by the same presumption, as the last one out.
    """
    into, no_into = _complete(came)
    out, no_out = _complete([*went, *cash])
    tracing = trace(method, _moves(into), _moves(out))
    there = sum(tracing.left.values())
    unexplained = max(0, there - held)
    proposal = dict(tracing.left)
    if unexplained:
        last = max(one.latest_at for one in (*into, *out))
        gone = Movement(id=UNEXPLAINED, amount=unexplained, earliest_at=last, latest_at=last)
        proposal = dict(trace(method, _moves(into), [*_moves(out), gone]).left)
    inputs = {
        "account_id": str(account_id),
        "asset": asset,
        "method": method,
        "came": [_told(one) for one in into],
        "went": [_told(one) for one in out],
        "held_minor": str(held),
    }
    return AccountTracing(
        account_id=account_id,
        asset=asset,
        method=method,
        came=tuple(into),
        went=tuple(out),
        incomplete=(*no_into, *no_out),
        tracing=tracing,
        held_minor=held,
        unexplained_minor=unexplained,
        proposal=proposal,
        unallocated=held - sum(proposal.values()),
        inputs_hash=hashlib.sha256(canonical(inputs)).hexdigest(),
    )


def propose(work: Work, mail: Mail, case_id: UUID, account_id: UUID, method: str) -> list[AccountTracing]:
    """Trace an account and note the proposal in the case's log; no hold changes by it.

    Raises:
        NotFound: The case has no claim on that account, or the centre does not know it.
        InvalidValue: There is no such method.
    """
    desk = Desk(work)
    file = desk.lock(case_id)
    if not _claims(file, account_id):
        raise NotFound("the case has no claim on such an account")
    found = trace_account(work, account_id, method)
    for one in found:
        file.note(
            "AllocationProposed",
            {
                "account_id": str(account_id),
                "asset": one.asset,
                "method": one.method,
                "inputs_hash": one.inputs_hash,
                "held_minor": to_json(one.held_minor),
                "unallocated_minor": to_json(one.unallocated),
                "shares": {key: to_json(share) for key, share in sorted(one.proposal.items())},
            },
        )
    save(desk, mail)
    return found


def _claims(file: CaseFile, account_id: UUID) -> bool:
    return any(hold.account_id == account_id for one in file.procedures.values() for hold in one.state.holds.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A payment as it is told; what is None nobody knows."""

    id: str
    case_no: str
    way: str
    asset: str
    amount_minor: int | None
    earliest_at: datetime | None
    latest_at: datetime | None


def _rows(work: Work, of: ColumnElement[bool]) -> Sequence[Any]:
    # Claims that a person dropped as wrong are no money.
    wrong = (
        select(holds.c.receipt_id)
        .where(holds.c.receipt_id.is_not(None))
        .group_by(holds.c.receipt_id)
        .having(func.bool_and(holds.c.state == "dropped"))
    )
    return work.connection.execute(
        select(
            transfers.c.id,
            transfers.c.case_id,
            transfers.c.report_id,
            transfers.c.payer_account_id,
            transfers.c.payee_account_id,
            transfers.c.amount_minor,
            transfers.c.asset,
            transfers.c.earliest_at,
            transfers.c.latest_at,
            cases.c.no,
        )
        .join(cases, cases.c.id == transfers.c.case_id)
        .where(of, transfers.c.tier > 0, transfers.c.id.not_in(wrong))
        .order_by(transfers.c.earliest_at, transfers.c.id)
    ).all()


def _told_once(rows: Iterable[Any]) -> list[Told]:
    """Return payments, those that banks told in several cases once: as often as the case that tells most of them.

    What a victim reports is that victim's own payment, and never another's.
    """
    found: list[Told] = []
    seen: Counter[tuple[object, ...]] = Counter()
    of_case: Counter[tuple[object, ...]] = Counter()
    for row in rows:
        if row.report_id is None:
            what = (row.payer_account_id, row.payee_account_id, row.amount_minor, row.earliest_at)
            if row.payer_account_id is not None and row.payee_account_id is not None:
                of_case[row.case_id, *what] += 1
                if of_case[row.case_id, *what] <= seen[what]:
                    continue
                seen[what] += 1
        found.append(
            Told(
                id=str(row.id),
                case_no=row.no,
                way="transfer",
                asset=row.asset,
                amount_minor=row.amount_minor,
                earliest_at=row.earliest_at,
                latest_at=row.latest_at,
            )
        )
    return found


def _withdrawn(work: Work, account_id: UUID) -> list[Told]:
    """Return what left in cash or was spent, by the last word of the institution in each case; when is not known."""
    rows = work.connection.execute(
        select(
            statements.c.hold_id,
            statements.c.asset,
            statements.c.withdrawn_minor,
            statements.c.spent_minor,
            statements.c.at,
            cases.c.no,
            holds.c.paid_at,
        )
        .join(cases, cases.c.id == statements.c.case_id)
        .join(holds, holds.c.id == statements.c.hold_id)
        .where(statements.c.account_id == account_id, statements.c.arrived_minor.is_not(None))
        .order_by(statements.c.at, statements.c.id)
    )
    last = {row.hold_id: row for row in rows}
    return [
        Told(
            id=f"{way}:{row.hold_id}",
            case_no=row.no,
            way=way,
            asset=row.asset,
            amount_minor=amount,
            earliest_at=min(row.paid_at or row.at, row.at),
            latest_at=row.at,
        )
        for row in last.values()
        for way, amount in (("withdrawn", row.withdrawn_minor), ("spent", row.spent_minor))
        if amount
    ]


def _held(work: Work, account_id: UUID) -> dict[str, int]:
    rows = work.connection.execute(
        select(holds.c.asset, func.sum(holds.c.held_minor).label("held"))
        .where(holds.c.account_id == account_id, holds.c.state.in_(sorted(LIVE_HOLDS)))
        .group_by(holds.c.asset)
    )
    return {row.asset: int(row.held) for row in rows if row.held}


def _complete(told: Iterable[Told]) -> tuple[list[Payment], list[str]]:
    whole, lacking = [], []
    for one in told:
        if one.amount_minor is None or one.earliest_at is None or one.latest_at is None:
            lacking.append(one.id)
            continue
        whole.append(
            Payment(
                id=one.id,
                case_no=one.case_no,
                way=one.way,
                amount_minor=one.amount_minor,
                earliest_at=one.earliest_at,
                latest_at=one.latest_at,
            )
        )
    return sorted(whole, key=lambda one: (one.earliest_at, one.id)), sorted(lacking)


def _moves(payments: Iterable[Payment]) -> list[Movement]:
    return [
        Movement(id=one.id, amount=one.amount_minor, earliest_at=one.earliest_at, latest_at=one.latest_at)
        for one in payments
    ]


def _told(one: Payment) -> dict[str, object]:
    return {
        "id": one.id,
        "case_no": one.case_no,
        "way": one.way,
        "amount_minor": to_json(one.amount_minor),
        "earliest_at": one.earliest_at.isoformat(),
        "latest_at": one.latest_at.isoformat(),
    }
