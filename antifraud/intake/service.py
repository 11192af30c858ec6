"""Accept a report: store it as it came, open or join its case, and ask every bank, in one transaction.

1. Answer a repeated key from what was kept; refuse a key in use, a key or a
   reference with another body, and a source over its quota.
2. Lock the payments by their references (in order), then the accounts, then
   the case: that order, always.
3. Store the report, its people, its receipts of money, and what could not be
   resolved (leads).
4. Add a claim for every account that received money; the workflow makes holds,
   requests, deadlines, tasks and messages of them.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, tuple_, update

from antifraud.auth.service import Source, source_by_id
from antifraud.cases import definitions
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.service import save
from antifraud.foundation.ids import receipt_code
from antifraud.foundation.json import canonical
from antifraud.foundation.problems import KeyInProgress, KeyReused, QuotaExceeded, SourceRefReused
from antifraud.intake.codes import code_only, shown_pointer
from antifraud.intake.facts import ReportFacts
from antifraud.intake.models import idempotency, reports
from antifraud.intake.money_in import MoneyIn
from antifraud.intake.receipt import receipt
from antifraud.vault.service import DataKey, KeyDestroyed
from antifraud.work import Work

_SALT_BYTES = 16
_QUOTA_SECONDS = 60
CREATED, ACCEPTED = 201, 202


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One report as it was handed in. `key` is the sender's idempotency key."""

    source: Source
    key: str
    raw: bytes
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sender gets: the same bytes for the same key, for ever."""

    status: int
    body: bytes
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A report that was kept and not understood yet; `salted` is its bytes behind their salt."""

    id: UUID
    no: str
    accepted_at: datetime
    profile: str
    source: Source
    key: DataKey
    salted: bytes

    @property
    def raw(self) -> bytes:
        """Return the bytes as they were handed in."""
        return self.salted[_SALT_BYTES:]


def answered_before(work: Work, submission: Submission, source_ref: str | None) -> Answer | None:
    """Return the kept answer of a repeated report, or None when the report is new; the key is ours until the commit.

    Raises:
        KeyInProgress: The same key is being worked on at this moment.
        KeyReused: The same key came with another body.
        SourceRefReused: The same reference came with another body.
        QuotaExceeded: The source sent more new reports in the last minute than agreed.
    """
    key_hash, digest = _key_hash(work, submission), _digest(work, submission.raw)
    if not work.connection.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key_hash.hex()}
    ):
        raise KeyInProgress("a report with this key is being accepted at this moment: ask again in a second")
    kept = work.connection.execute(
        select(idempotency).where(idempotency.c.source_id == submission.source.id, idempotency.c.key_hash == key_hash)
    ).one_or_none()
    if kept is not None and bytes(kept.body_digest) != digest:
        raise KeyReused("this key was used for another body: use a new key for a new report")
    is_new_key = kept is None
    if kept is None and source_ref is not None:
        known = work.connection.execute(
            select(reports.c.id, reports.c.raw_digest).where(
                reports.c.source_id == submission.source.id,
                reports.c.source_ref_hash == _ref_hash(work, source_ref),
                reports.c.state != "refused",
            )
        ).one_or_none()
        if known is not None and bytes(known.raw_digest) != digest:
            raise SourceRefReused("this source_ref was used for another report: send a correction instead")
        if known is not None:
            kept = work.connection.execute(
                select(idempotency).where(idempotency.c.report_id == known.id).limit(1)
            ).one_or_none()
    if kept is None:
        _check_quota(work, submission.source)
        return None
    if is_new_key:
        # From now on this key too stands for this body and no other.
        work.connection.execute(insert(idempotency).values({**kept._asdict(), "key_hash": key_hash, "at": work.now()}))
    try:
        key = work.vault.key(work.connection, kept.key_id)
    except KeyDestroyed:
        raise KeyReused("this report was accepted and has been forgotten since: do not send it again") from None
    body = key.open("idempotency", "answer", kept.report_id, bytes(kept.answer_cipher))
    return Answer(status=kept.status, body=body, replayed=True)


def accept(work: Work, mail: Mail, submission: Submission, facts: ReportFacts, *, currency: str) -> Answer:
    """Accept a report that was understood and is new; everything that follows from it is written.

    Raises:
        NoDefinitionInForce: The centre has no workflow definition in force.
    """
    key = work.vault.create(work.connection, work.centre_id, "report", work.new_id(), work.now())
    entry = _Entry(report_id=work.new_id(), report_no=receipt_code(), source=submission.source, key=key)

    def store(case_id: UUID) -> bytes:
        return _store(work, submission, key, _Standing("understood", entry.report_id, entry.report_no, case_id), facts)

    body = _enter_case(work, mail, entry, facts, currency, store)
    _keep_answer(work, submission, key, entry.report_id, body)
    return Answer(status=CREATED, body=body)


def accept_stored(work: Work, mail: Mail, stored: StoredReport, facts: ReportFacts, *, currency: str) -> bool:
    """Give a stored report its case, once; return False if somebody else just did.

    The sender keeps the answer that it got: stored, not understood yet.
    """
    row = work.connection.execute(
        select(reports.c.state).where(reports.c.id == stored.id).with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None or row.state != "stored":
        return False
    entry = _Entry(report_id=stored.id, report_no=stored.no, source=stored.source, key=stored.key)

    def store(case_id: UUID) -> bytes:
        work.connection.execute(
            update(reports)
            .where(reports.c.id == stored.id)
            .values(state="understood", case_id=case_id, **_understood(facts))
        )
        return hashlib.sha256(stored.salted).digest()

    _enter_case(work, mail, entry, facts, currency, store)
    return True


def stored_reports(work: Work, limit: int, *, after: StoredReport | None = None) -> list[StoredReport]:
    """Return reports that wait to be understood, oldest first, from behind ``after`` on."""
    wanted = select(reports).where(reports.c.state == "stored")
    if after is not None:
        wanted = wanted.where(tuple_(reports.c.accepted_at, reports.c.id) > (after.accepted_at, after.id))
    rows = work.connection.execute(wanted.order_by(reports.c.accepted_at, reports.c.id).limit(limit)).all()
    keys = work.vault.load(work.connection, {row.key_id for row in rows})
    return [
        StoredReport(
            id=row.id,
            no=row.no,
            accepted_at=row.accepted_at,
            profile=row.profile,
            source=source_by_id(work.connection, row.source_id),
            key=keys[row.key_id],
            salted=keys[row.key_id].open("reports", "raw", row.id, bytes(row.raw_cipher)),
        )
        for row in rows
        if row.key_id in keys
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A report on its way into a case."""

    report_id: UUID
    report_no: str
    source: Source
    key: DataKey


def _enter_case(
    work: Work,
    mail: Mail,
    entry: _Entry,
    facts: ReportFacts,
    currency: str,
    store: Callable[[UUID], bytes],
) -> bytes:
    """Open or join the case, store the report by ``store`` (which gives its commitment), and add its claims."""
    desk, case_id = Desk(work), work.new_id()
    money_in = MoneyIn(desk, facts, report_id=entry.report_id, key=entry.key, currency=currency)
    joined_id = money_in.lock_payments(case_id)
    money_in.lock_accounts()
    file = desk.lock(joined_id) if joined_id else _open(desk, case_id, entry.key, facts)
    _begin_procedure(file, facts)
    commitment = store(file.id)
    file.note(
        "ReportAccepted",
        {
            "report_id": str(entry.report_id),
            "source_id": str(entry.source.id),
            "origin": facts.origin,
            "commitment": commitment.hex(),
            "joined": joined_id is not None,
        },
    )
    money_in.enter(file, entry.source, joined=joined_id is not None)
    save(desk, mail)
    return canonical(receipt(entry.report_id, entry.report_no, file, facts, joined=joined_id is not None))


def refuse(work: Work, submission: Submission, pointers: list[str]) -> None:
    """Keep a report that could not be taken: the sender was told what to mend, and nothing of it is lost.

    Raises:
        QuotaExceeded: The source sent more in the last minute than agreed; this one was not kept.
    """
    _check_quota(work, submission.source)
    key = work.vault.create(work.connection, work.centre_id, "report", work.new_id(), work.now())
    standing = _Standing("refused", work.new_id(), receipt_code(), None)
    _store(work, submission, key, standing, faults=pointers)


def store_only(work: Work, submission: Submission, source_ref: str | None) -> Answer:
    """Keep a report that a fault of ours kept from being understood; a loop tries again until it is."""
    report_id, report_no = work.new_id(), receipt_code()
    key = work.vault.create(work.connection, work.centre_id, "report", work.new_id(), work.now())
    _store(work, submission, key, _Standing("stored", report_id, report_no, None), source_ref=source_ref)
    body = canonical({"report": {"id": report_id, "no": report_no}, "case": None, "requests": [], "flags": []})
    _keep_answer(work, submission, key, report_id, body, status=ACCEPTED)
    return Answer(status=ACCEPTED, body=body)


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a stored report stands: understood (in a case), refused, or stored and still to be understood."""

    state: str
    report_id: UUID
    report_no: str
    case_id: UUID | None


def _open(desk: Desk, case_id: UUID, key: DataKey, facts: ReportFacts) -> CaseFile:
    file = desk.open(case_id=case_id, key=key, origin=facts.origin, fraud_type=code_only(facts.fraud_type))
    if facts.authority:
        # Told by the report: it names the officer, so it is personal data.
        file.row["authority_cipher"] = key.seal(
            "cases",
            "authority",
            case_id,
            canonical({"name": None, "officer": None, "basis": None, "documents": [], **facts.authority}),
        )
    return file


def _begin_procedure(file: CaseFile, facts: ReportFacts) -> None:
    """Open the case's first procedure; history has none, until a live report of the same payment joins it."""
    if facts.origin == "live" and not file.procedures:
        work = file.desk.work
        file.row["origin"] = "live"
        file.open_procedure(definitions.in_force(work.connection, work.centre_id))


def _store(
    work: Work,
    submission: Submission,
    key: DataKey,
    standing: _Standing,
    facts: ReportFacts | None = None,
    *,
    faults: list[str] | None = None,
    source_ref: str | None = None,
) -> bytes:
    """Write the report's row; return the salted commitment to its bytes, whose salt lies encrypted beside them."""
    now, salt = work.now(), secrets.token_bytes(_SALT_BYTES)
    source_ref = facts.source_ref if facts else source_ref
    understood = (
        _understood(facts)
        if facts
        else {"origin": "live", "flags": [{"pointer": shown_pointer(at), "code": "fault"} for at in faults or ()]}
    )
    work.connection.execute(
        insert(reports).values(
            id=standing.report_id,
            centre_id=work.centre_id,
            no=standing.report_no,
            source_id=submission.source.id,
            source_ref_hash=_ref_hash(work, source_ref) if source_ref else None,
            profile=submission.profile,
            state=standing.state,
            case_id=standing.case_id,
            key_id=key.id,
            raw_cipher=key.seal("reports", "raw", standing.report_id, salt + submission.raw),
            raw_digest=_digest(work, submission.raw),
            received_at=now,
            accepted_at=now,
            **understood,
        )
    )
    return hashlib.sha256(salt + submission.raw).digest()


def _understood(facts: ReportFacts) -> dict[str, Any]:
    """Return what a report's row says of its content: nothing that names a person."""
    return {
        "channel": code_only(facts.channel),
        "origin": facts.origin,
        "reported_earliest_at": facts.reported.earliest if facts.reported else None,
        "reported_latest_at": facts.reported.latest if facts.reported else None,
        "flags": [{"pointer": flag.pointer, "code": flag.code} for flag in facts.flags],
    }


def _keep_answer(
    work: Work, submission: Submission, key: DataKey, report_id: UUID, body: bytes, *, status: int = CREATED
) -> None:
    work.connection.execute(
        insert(idempotency).values(
            source_id=submission.source.id,
            key_hash=_key_hash(work, submission),
            centre_id=work.centre_id,
            body_digest=_digest(work, submission.raw),
            report_id=report_id,
            key_id=key.id,
            status=status,
            answer_cipher=key.seal("idempotency", "answer", report_id, body),
            at=work.now(),
        )
    )


def _check_quota(work: Work, source: Source) -> None:
    since = work.now() - timedelta(seconds=_QUOTA_SECONDS)
    recent = (
        select(reports.c.id)
        .where(reports.c.source_id == source.id, reports.c.received_at > since)
        .limit(source.quota_per_minute)
        .subquery()
    )
    if (work.connection.scalar(select(func.count()).select_from(recent)) or 0) >= source.quota_per_minute:
        message = f"this source may send {source.quota_per_minute} reports a minute: send this one again in a minute"
        raise QuotaExceeded(message, retry_after_seconds=_QUOTA_SECONDS)


def _key_hash(work: Work, submission: Submission) -> bytes:
    return work.vault.blind("idempotency.key", f"{submission.source.id}|{submission.key}")


def _ref_hash(work: Work, source_ref: str) -> bytes:
    return work.vault.blind("reports.source_ref", source_ref)


def _digest(work: Work, raw: bytes) -> bytes:
    return work.vault.blind("reports.raw", hashlib.sha256(raw).hexdigest())
