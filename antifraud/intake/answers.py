"""What a sender was answered: the same bytes for the same key, for ever; and how much a source may send."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, text

from antifraud.auth.service import Source
from antifraud.foundation.problems import KeyInProgress, KeyReused, QuotaExceeded, SourceRefReused
from antifraud.intake.models import idempotency, reports
from antifraud.vault.service import DataKey, KeyDestroyed
from antifraud.work import Work

_QUOTA_SECONDS = 60
CREATED, ACCEPTED = 201, 202


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One report as it was handed in. `key` is the sender's idempotency key.

    A person of the centre hands it in under their own name (`actor`), a draft
    under the data key that it was typed under (`key_id`); `case_id` is the
    case into which that person put it.
    """

    source: Source
    key: str
    raw: bytes
    profile: str
    actor: str | None = None
    key_id: UUID | None = None
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sender gets: the same bytes for the same key, for ever."""

    status: int
    body: bytes
    replayed: bool = False


def answered_before(work: Work, submission: Submission, source_ref: str | None) -> Answer | None:
    """Return the kept answer of a repeated report, or None when the report is new; the key is ours until the commit.

    Raises:
        KeyInProgress: The same key is being worked on at this moment.
        KeyReused: The same key came with another body.
        SourceRefReused: The same reference came with another body.
        QuotaExceeded: The source sent more new reports in the last minute than agreed.
    """
    key_hash, sent = _key_hash(work, submission), digest(work, submission.raw)
    if not work.connection.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key_hash.hex()}
    ):
        raise KeyInProgress("a report with this key is being accepted at this moment: ask again in a second")
    kept = work.connection.execute(
        select(idempotency).where(idempotency.c.source_id == submission.source.id, idempotency.c.key_hash == key_hash)
    ).one_or_none()
    if kept is not None and bytes(kept.body_digest) != sent:
        raise KeyReused("this key was used for another body: use a new key for a new report")
    is_new_key = kept is None
    if kept is None and source_ref is not None:
        known = work.connection.execute(
            select(reports.c.id, reports.c.raw_digest).where(
                reports.c.source_id == submission.source.id,
                reports.c.source_ref_hash == ref_hash(work, source_ref),
                reports.c.state != "refused",
            )
        ).one_or_none()
        if known is not None and bytes(known.raw_digest) != sent:
            raise SourceRefReused("this source_ref was used for another report: send a correction instead")
        if known is not None:
            kept = work.connection.execute(
                select(idempotency).where(idempotency.c.report_id == known.id).limit(1)
            ).one_or_none()
    if kept is None:
        check_quota(work, submission.source)
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


def keep_answer(
    work: Work, submission: Submission, key: DataKey, report_id: UUID, body: bytes, *, status: int = CREATED
) -> None:
    """Gather the bytes with which a report is answered, under the key that it came with."""
    work.rows.add(
        idempotency,
        [
            {
                "source_id": submission.source.id,
                "key_hash": _key_hash(work, submission),
                "centre_id": work.centre_id,
                "body_digest": digest(work, submission.raw),
                "report_id": report_id,
                "key_id": key.id,
                "status": status,
                "answer_cipher": key.seal("idempotency", "answer", report_id, body),
                "at": work.now(),
            }
        ],
    )


def check_quota(work: Work, source: Source) -> None:
    """Let the source send one more report.

    Raises:
        QuotaExceeded: It sent as many in the last minute as agreed.
    """
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


def ref_hash(work: Work, source_ref: str) -> bytes:
    """Return the keyed hash under which a reference of the source is found."""
    return work.vault.blind("reports.source_ref", source_ref)


def digest(work: Work, raw: bytes) -> bytes:
    """Return the keyed hash by which the same bytes are known again."""
    return work.vault.blind("reports.raw", hashlib.sha256(raw).hexdigest())
