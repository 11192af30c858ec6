"""Reports as they came: encrypted, with a commitment to their bytes; understood, refused, or waiting to be."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, tuple_, update

from antifraud.auth.service import Source, source_by_id
from antifraud.foundation.ids import receipt_code
from antifraud.foundation.json import canonical
from antifraud.intake.answers import ACCEPTED, Answer, Submission, check_quota, digest, keep_answer, ref_hash
from antifraud.intake.codes import code_only, shown_pointer
from antifraud.intake.facts import ReportFacts
from antifraud.intake.models import reports
from antifraud.vault.models import data_keys
from antifraud.vault.service import DataKey
from antifraud.work import Work

_SALT_BYTES = 16

_WAITS_FOR = {
    "scheme": "stored; no bank is asked before somebody approved a workflow definition for this centre",
    "repair": "stored; a fault of ours keeps it from being understood, and it is tried again until it is",
}


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


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stored report stands: understood (in a case), refused, or stored and still to be understood."""

    state: str
    report_id: UUID
    report_no: str
    case_id: UUID | None


def key_of(work: Work, submission: Submission) -> DataKey:
    """Return the data key of a report: its draft's, so that both are forgotten at once, or a new one."""
    return work.vault.key(work.connection, submission.key_id) if submission.key_id else new_key(work)


def new_key(work: Work) -> DataKey:
    """Return the data key of a new report; its row is gathered with the report's others."""
    key, row = work.vault.make(work.centre_id, "report", work.new_id(), work.now())
    work.rows.add(data_keys, [row])
    return key


def store_report(
    work: Work,
    submission: Submission,
    key: DataKey,
    standing: Standing,
    facts: ReportFacts | None = None,
    *,
    faults: list[str] | None = None,
    source_ref: str | None = None,
) -> bytes:
    """Gather the report's row; return the salted commitment to its bytes, whose salt lies encrypted beside them."""
    now, salt = work.now(), secrets.token_bytes(_SALT_BYTES)
    source_ref = facts.source_ref if facts else source_ref
    understood = (
        _understood(facts)
        if facts
        else {"origin": "live", "flags": [{"pointer": shown_pointer(at), "code": "fault"} for at in faults or ()]}
    )
    work.rows.add(
        reports,
        [
            {
                "id": standing.report_id,
                "centre_id": work.centre_id,
                "no": standing.report_no,
                "source_id": submission.source.id,
                "source_ref_hash": ref_hash(work, source_ref) if source_ref else None,
                "profile": submission.profile,
                "state": standing.state,
                "case_id": standing.case_id,
                "key_id": key.id,
                "raw_cipher": key.seal("reports", "raw", standing.report_id, salt + submission.raw),
                "raw_digest": digest(work, submission.raw),
                "received_at": now,
                "accepted_at": now,
                **understood,
            }
        ],
    )
    return hashlib.sha256(salt + submission.raw).digest()


def take_up(work: Work, stored: StoredReport, case_id: UUID, facts: ReportFacts) -> bytes:
    """Write that a stored report is understood now; return the commitment to its bytes."""
    work.connection.execute(
        update(reports)
        .where(reports.c.id == stored.id)
        .values(state="understood", case_id=case_id, **_understood(facts))
    )
    return hashlib.sha256(stored.salted).digest()


def refuse(work: Work, submission: Submission, pointers: list[str]) -> None:
    """Keep a report that could not be taken: the sender was told what to mend, and nothing of it is lost.

    Raises:
        QuotaExceeded: The source sent more in the last minute than agreed; this one was not kept.
    """
    check_quota(work, submission.source)
    standing = Standing("refused", work.new_id(), receipt_code(), None)
    store_report(work, submission, new_key(work), standing, faults=pointers)
    work.write()


def store_only(work: Work, submission: Submission, source_ref: str | None, *, waits_for: str) -> Answer:
    """Keep a report that could not be understood yet, through no fault of the sender's; a loop tries again until it is.

    The sender is told what it waits for: `scheme` (nobody approved a workflow
    definition for this centre) or `repair` (a fault of ours).
    """
    report_id, report_no = work.new_id(), receipt_code()
    key = key_of(work, submission)
    store_report(work, submission, key, Standing("stored", report_id, report_no, None), source_ref=source_ref)
    flag = {"pointer": "", "code": f"waits-for-{waits_for}", "detail": _WAITS_FOR[waits_for]}
    body = canonical({"report": {"id": report_id, "no": report_no}, "case": None, "requests": [], "flags": [flag]})
    keep_answer(work, submission, key, report_id, body, status=ACCEPTED)
    work.write()
    return Answer(status=ACCEPTED, body=body)


def stored_report(work: Work, number: str) -> StoredReport | None:
    """Return one report as it came, by the number that its sender was told; None if it is unknown or forgotten."""
    row = work.connection.execute(select(reports).where(reports.c.no == number)).one_or_none()
    keys = work.vault.load(work.connection, [row.key_id]) if row else {}
    return _stored(work, row, keys[row.key_id]) if row and row.key_id in keys else None


def stored_reports(work: Work, limit: int, *, after: StoredReport | None = None) -> list[StoredReport]:
    """Return reports that wait to be understood, oldest first, from behind ``after`` on."""
    wanted = select(reports).where(reports.c.state == "stored")
    if after is not None:
        wanted = wanted.where(tuple_(reports.c.accepted_at, reports.c.id) > (after.accepted_at, after.id))
    rows = work.connection.execute(wanted.order_by(reports.c.accepted_at, reports.c.id).limit(limit)).all()
    keys = work.vault.load(work.connection, {row.key_id for row in rows})
    return [_stored(work, row, keys[row.key_id]) for row in rows if row.key_id in keys]


def _stored(work: Work, row: Row[*tuple[Any, ...]], key: DataKey) -> StoredReport:
    return StoredReport(
        id=row.id,
        no=row.no,
        accepted_at=row.accepted_at,
        profile=row.profile,
        source=source_by_id(work.connection, row.source_id),
        key=key,
        salted=key.open("reports", "raw", row.id, bytes(row.raw_cipher)),
    )


def _understood(facts: ReportFacts) -> dict[str, Any]:
    """Return what a report's row says of its content: nothing that names a person."""
    return {
        "channel": code_only(facts.channel),
        "origin": facts.origin,
        "reported_earliest_at": facts.reported.earliest if facts.reported else None,
        "reported_latest_at": facts.reported.latest if facts.reported else None,
        "flags": [{"pointer": flag.pointer, "code": flag.code} for flag in facts.flags],
    }
