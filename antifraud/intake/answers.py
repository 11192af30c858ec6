"""What a sender was answered: the same bytes for the same key, for ever; and how much a source may send."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select

from antifraud.auth.service import Source
from antifraud.foundation.db import ask
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


_LOOK: Final = """
    SELECT pg_try_advisory_xact_lock(hashtextextended(encode($2, 'hex'), 0)) AS is_ours,
           (SELECT last_value FROM report_seq) + 1 - (
               SELECT min(seq) FROM reports WHERE source_id = $1 AND received_at > $4 AND received_at < interval '0.2 s'
                   + (SELECT min(received_at) FROM reports WHERE source_id = $1 AND received_at > $4)
           ) AS at_most,
           EXISTS (SELECT FROM idempotency WHERE source_id = $1 AND key_hash = $2) AS has_key,
           known.id AS report_id, known.raw_digest
    FROM (SELECT) AS once
    LEFT JOIN reports AS known ON known.source_id = $1 AND known.source_ref_hash = $3 AND known.state <> 'refused'
"""
"""All that decides whether a report is new: its key, its reference, and how many its source sent lately, at most.

Every report of the installation has a number, so no more came since the
source's first one of this minute than numbers were given out. All that came
within a fifth of a second of it are looked at, because reports written side by
side may be numbered in another order. Counting instead costs more than a
microsecond for each: at 50 reports a second that is 3,000 of them, and 4 ms,
for every report. Two bounds, not ORDER BY and LIMIT: the plan that is kept for
any values would then read and sort the whole minute.
"""


def answered_before(work: Work, submission: Submission, source_ref: str | None) -> Answer | None:
    """Return the kept answer of a repeated report, or None when the report is new; the key is ours until the commit.

    Raises:
        KeyInProgress: The same key is being worked on at this moment.
        KeyReused: The same key came with another body.
        SourceRefReused: The same reference came with another body.
        QuotaExceeded: The source sent more new reports in the last minute than agreed.
    """
    source, key_hash, sent = submission.source, _key_hash(work, submission), digest(work, submission.raw)
    since = work.now() - timedelta(seconds=_QUOTA_SECONDS)
    wanted_ref = None if source_ref is None else ref_hash(work, source_ref)
    # A twin that commits while this looks is not seen by it: the unique keys then refuse ours.
    looked = ask(work.connection, _LOOK, [source.id, key_hash, wanted_ref, since])
    ((is_ours, at_most, has_key, report_id, raw_digest),) = looked
    if not is_ours:
        raise KeyInProgress("a report with this key is being accepted at this moment: ask again in a second")
    kept = None
    if has_key:
        kept = work.connection.execute(
            select(idempotency).where(idempotency.c.source_id == source.id, idempotency.c.key_hash == key_hash)
        ).one()
    if kept is not None and bytes(kept.body_digest) != sent:
        raise KeyReused("this key was used for another body: use a new key for a new report")
    is_new_key = kept is None
    if kept is None and report_id is not None:
        if raw_digest != sent:
            raise SourceRefReused("this source_ref was used for another report: send a correction instead")
        kept = work.connection.execute(
            select(idempotency).where(idempotency.c.report_id == report_id).limit(1)
        ).one_or_none()
    if kept is None:
        if (at_most or 0) >= source.quota_per_minute:
            check_quota(work, source)
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
