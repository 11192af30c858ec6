"""What is being typed beside what is known: the same account, person or money in another case, by keyed hashes.

Nothing is joined here: each likeness comes with a code of its consequence, and
a person decides. A look-up that fails is told as failed, never as no match.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Row, and_, func, or_, select, text
from sqlalchemy.exc import DBAPIError

from antifraud.banks.numbers import plain
from antifraud.cases.accounts import cards_of
from antifraud.cases.models import accounts, cases, holds, parties, transfers
from antifraud.work import Work

KINDS: Final = ("payee", "payer", "phone", "document", "money")
LIMIT: Final = timedelta(milliseconds=300)
NEAR: Final = timedelta(minutes=10)
_NEAR_PERCENT: Final = 100
_MOST: Final = 5
_ACCOUNTS_LOOKED_AT: Final = 50
_IN_FORCE: Final = ("stopped", "frozen", "queued_behind")
_ASKED: Final = ("asked", "unconfirmed", "in_question")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What is known of a report so far; a part that is not known is not looked for."""

    payee: str | None = None
    payer: str | None = None
    phones: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    amount_minor: int | None = None
    asset: str | None = None
    paid_earliest: datetime | None = None
    paid_latest: datetime | None = None
    not_case_id: UUID | None = None

    def asked(self) -> tuple[str, ...]:
        """Return the kinds that are looked for."""
        has_money = self.amount_minor is not None and self.paid_earliest is not None
        known = (self.payee, self.payer, self.phones, self.documents, has_money)
        return tuple(kind for kind, part in zip(KINDS, known, strict=True) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """One case that may be about the same; `consequence` is a code, `at` the instant that it speaks of."""

    kind: str
    case_id: UUID
    case_no: str
    opened_at: datetime
    is_open: bool
    consequence: str
    at: datetime | None = None
    ends_at: datetime | None = None
    amount_minor: int | None = None
    asset: str | None = None

    @property
    def may_merge(self) -> bool:
        """Return whether the report can go into that case: an open one that already asks about this account."""
        return self.kind == "payee" and self.is_open


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How often an account was reported: cases, and the sum of each asset."""

    cases: int
    since: datetime
    sums: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was looked for, what was found, and which look-ups failed."""

    asked: tuple[str, ...]
    failed: tuple[str, ...]
    matches: tuple[Likeness, ...]
    weight: Weight | None = None

    @property
    def clear(self) -> tuple[str, ...]:
        """Return the kinds that were looked for and stand alone."""
        hit = {match.kind for match in self.matches}
        return tuple(kind for kind in self.asked if kind not in hit and kind not in self.failed)


def likeness(work: Work, probe: Probe) -> Found:
    """Look for the same account, person or money; call it in a transaction of its own, which it bounds in time."""
    connection = work.connection
    milliseconds = int(LIMIT.total_seconds() * 1000)
    connection.execute(text(f"SET LOCAL statement_timeout = {milliseconds}"))
    seekers: dict[str, Callable[[], list[Likeness]]] = {
        "payee": lambda: _payee(work, probe),
        "payer": lambda: _payer(work, probe),
        "phone": lambda: _people(work, probe, "phone"),
        "document": lambda: _people(work, probe, "document"),
        "money": lambda: _money(work, probe),
    }
    matches: list[Likeness] = []
    failed: list[str] = []
    weight: Weight | None = None
    for kind in probe.asked():
        try:
            with connection.begin_nested():
                matches.extend(seekers[kind]())
                if kind == "payee":
                    weight = _weight(work, probe)
        except DBAPIError as error:
            log.warning("likeness_failed", kind=kind, error=type(error).__name__)
            failed.append(kind)
    return Found(asked=probe.asked(), failed=tuple(failed), matches=tuple(matches), weight=weight)


def _account_ids(work: Work, number: str) -> list[UUID]:
    """Return the accounts of exactly this number, at whatever institution: by its last digits, then opened."""
    tidy = plain(number)
    hashed = work.vault.blind("accounts.last8", tidy[-8:])
    ids = list(
        work.connection.scalars(
            select(accounts.c.id)
            .where(accounts.c.centre_id == work.centre_id, accounts.c.last8_hash == hashed)
            .limit(_ACCOUNTS_LOOKED_AT)
        )
    )
    return [account_id for account_id, card in cards_of(work, ids).items() if card.number == tidy]


_CASE = (cases.c.id, cases.c.no, cases.c.opened_at, cases.c.closed_at, cases.c.origin)


def _payee(work: Work, probe: Probe) -> list[Likeness]:
    ids = _account_ids(work, probe.payee or "")
    if not ids:
        return []
    rows = work.connection.execute(
        select(*_CASE, holds.c.state, holds.c.since, holds.c.executed_at, holds.c.ends_at)
        .join(cases, cases.c.id == holds.c.case_id)
        .where(holds.c.account_id.in_(ids), _other(probe))
        .order_by(holds.c.since.desc())
        .limit(_ACCOUNTS_LOOKED_AT)
    )
    best: dict[UUID, tuple[int, Likeness]] = {}
    for row in rows:
        rank, consequence, at = _standing(row, probe)
        found = _like(row, "payee", consequence, at=at, ends_at=row.ends_at)
        if row.id not in best or rank < best[row.id][0]:
            best[row.id] = (rank, found)
    return [found for _, found in sorted(best.values(), key=lambda one: one[0])][:_MOST]


def _standing(row: Row[*tuple[Any, ...]], probe: Probe) -> tuple[int, str, datetime]:
    """Return rank, code and instant of what a hold means for money that was paid to its account now."""
    if row.state in _IN_FORCE:
        at = row.executed_at or row.since
        if row.state == "frozen":
            return 0, "frozen", at
        came_after = probe.paid_earliest is not None and probe.paid_earliest >= at
        return 0, "stopped_money_likely_there" if came_after else "stopped", at
    if row.state in _ASKED:
        return 1, "asked", row.since
    return 2, "known", row.since


def _payer(work: Work, probe: Probe) -> list[Likeness]:
    ids = _account_ids(work, probe.payer or "")
    if not ids:
        return []
    rows = work.connection.execute(
        select(*_CASE)
        .distinct()
        .join(transfers, transfers.c.case_id == cases.c.id)
        .where(transfers.c.payer_account_id.in_(ids), _other(probe))
        .order_by(cases.c.opened_at.desc())
        .limit(_MOST)
    )
    return [_like(row, "payer", "same_payer", at=row.opened_at) for row in rows]


def _people(work: Work, probe: Probe, kind: str) -> list[Likeness]:
    column, values, called = (
        (parties.c.phone_hash, probe.phones, "parties.phone")
        if kind == "phone"
        else (parties.c.document_hash, probe.documents, "parties.document")
    )
    hashed = [work.vault.blind(called, value) for value in values]
    rows = work.connection.execute(
        select(*_CASE)
        .distinct()
        .join(parties, parties.c.case_id == cases.c.id)
        .where(parties.c.centre_id == work.centre_id, column.in_(hashed), _other(probe))
        .order_by(cases.c.opened_at.desc())
        .limit(_MOST)
    )
    return [_like(row, kind, f"same_{kind}", at=row.opened_at) for row in rows]


def _money(work: Work, probe: Probe) -> list[Likeness]:
    """Return cases with the same money: amount within one percent, paid within ten minutes."""
    amount = probe.amount_minor or 0
    earliest, latest = probe.paid_earliest, probe.paid_latest or probe.paid_earliest
    if earliest is None or latest is None:
        return []
    margin = amount // _NEAR_PERCENT
    rows = work.connection.execute(
        select(*_CASE, transfers.c.earliest_at, transfers.c.amount_minor, transfers.c.asset)
        .join(cases, cases.c.id == transfers.c.case_id)
        .where(
            transfers.c.centre_id == work.centre_id,
            transfers.c.earliest_at >= earliest - NEAR,
            transfers.c.earliest_at <= latest + NEAR,
            transfers.c.amount_minor.between(amount - margin, amount + margin),
            or_(transfers.c.asset == probe.asset, transfers.c.asset.is_(None)),
            _other(probe),
        )
        .order_by(transfers.c.earliest_at.desc())
        .limit(_MOST)
    )
    found: dict[UUID, Likeness] = {}
    for row in rows:
        found.setdefault(
            row.id,
            _like(row, "money", "same_money", at=row.earliest_at, amount_minor=row.amount_minor, asset=row.asset),
        )
    return list(found.values())


def _weight(work: Work, probe: Probe) -> Weight | None:
    ids = _account_ids(work, probe.payee or "")
    if not ids:
        return None
    rows = work.connection.execute(
        select(
            transfers.c.asset,
            func.sum(transfers.c.amount_minor).label("total"),
            func.min(cases.c.opened_at).label("since"),
            func.array_agg(transfers.c.case_id.distinct()).label("cases"),
        )
        .join(cases, cases.c.id == transfers.c.case_id)
        .where(transfers.c.payee_account_id.in_(ids), _other(probe))
        .group_by(transfers.c.asset)
    ).all()
    if not rows:
        return None
    return Weight(
        cases=len({case for row in rows for case in row.cases}),
        since=min(row.since for row in rows),
        sums=tuple((row.asset, int(row.total)) for row in rows if row.asset and row.total),
    )


def _other(probe: Probe) -> Any:  # noqa: ANN401 -- an SQL condition
    return and_(cases.c.id != probe.not_case_id) if probe.not_case_id else text("true")


def _like(row: Row[*tuple[Any, ...]], kind: str, consequence: str, **known: Any) -> Likeness:  # noqa: ANN401 -- members
    return Likeness(
        kind=kind,
        case_id=row.id,
        case_no=row.no,
        opened_at=row.opened_at,
        is_open=row.closed_at is None and row.origin == "live",
        consequence=consequence,
        **known,
    )
