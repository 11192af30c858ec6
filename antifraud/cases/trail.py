"""The fund trail: receipts of money, claimed by a report or confirmed by a bank, and leads that name no account."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update

from antifraud.cases import valuing
from antifraud.cases.accounts import ReceiptCard
from antifraud.cases.casefile import Desk
from antifraud.cases.models import holds, leads, parties, payments, transfers
from antifraud.foundation.db import ask
from antifraud.foundation.json import canonical
from antifraud.foundation.rows import as_json, insert_of
from antifraud.vault.service import DataKey
from antifraud.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When the money moved, as exactly as is known: the bounds, and the words that were used."""

    earliest_at: datetime
    latest_at: datetime
    local_time: str
    zone: str
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that arrived on an account; `standing` is claimed (a report says so) or confirmed (a bank does)."""

    id: UUID
    position: int
    tier: int
    payer_account_id: UUID | None
    payee_account_id: UUID | None
    amount_minor: int | None
    asset: str | None
    span: Span | None
    reference: str | None
    standing: str
    payment_id: UUID | None = None
    report_id: UUID | None = None
    reply_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Something that may become an account: an unknown institution, a masked number, or no account at all."""

    id: UUID
    kind: str
    facts: dict[str, Any]
    amount_minor: int | None
    asset: str | None
    report_id: UUID | None = None
    reply_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A victim or reporter, with what is searched for."""

    role: str
    relation: str | None
    facts: dict[str, Any]
    name: str | None
    document: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as institution and normalised reference name it."""

    institution_id: UUID
    reference: str


@dataclass(frozen=True, slots=True)
class LockedPayment:
    """A payment's row, locked until the commit; `case_id` is whose case it is."""

    id: UUID
    case_id: UUID


_OR_LOCK: Final = """
    ON CONFLICT (centre_id, institution_id, reference_hash) DO UPDATE SET first_seen_at = payments.first_seen_at
    RETURNING id, case_id, reference_hash
"""


def lock_payments(work: Work, wanted: Sequence[Payment], case_id: UUID) -> dict[Payment, LockedPayment]:
    """Lock the payments in the order of their hashes, made for ``case_id`` where nobody reported them yet.

    Whoever reports the same payment at the same instant waits here until the
    first has committed, and then finds its case.
    """
    hashed = sorted(
        (work.vault.blind("payments.reference", f"{payment.institution_id}|{payment.reference}"), payment)
        for payment in set(wanted)
    )
    if not hashed:
        return {}
    rows = [
        {
            "id": work.new_id(),
            "centre_id": work.centre_id,
            "institution_id": payment.institution_id,
            "reference_hash": digest,
            "case_id": case_id,
            "first_seen_at": work.now(),
        }
        for digest, payment in hashed
    ]
    locked = ask(work.connection, insert_of("payments", rows[0]) + _OR_LOCK, [as_json(rows)])
    found = {digest: LockedPayment(payment_id, owner_id) for payment_id, owner_id, digest in locked}
    return {payment: found[digest] for digest, payment in hashed}


def give_payments(work: Work, old_case_id: UUID, case_id: UUID) -> None:
    """Let the payments that were made for one case id belong to the case that was joined instead."""
    work.connection.execute(update(payments).where(payments.c.case_id == old_case_id).values(case_id=case_id))


def add_receipts(desk: Desk, case_id: UUID, key: DataKey, receipts: Sequence[Receipt]) -> None:
    """Gather receipts with the case's other rows; a bank's reference lies under ``key``.

    What a report claims in an asset that is not the centre's gets its rate now, for good.
    """
    if not receipts:
        return
    for report_id in {one.report_id for one in receipts if one.report_id is not None}:
        valuing.keep(desk.work, report_id, (one.asset for one in receipts if one.report_id == report_id))
    for receipt in receipts:
        desk.receipts[receipt.id] = ReceiptCard(
            amount_minor=receipt.amount_minor,
            asset=receipt.asset,
            earliest_at=receipt.span.earliest_at if receipt.span else None,
            latest_at=receipt.span.latest_at if receipt.span else None,
            reference=receipt.reference,
        )
    desk.work.rows.add(
        transfers,
        [
            {
                "id": receipt.id,
                "centre_id": desk.work.centre_id,
                "case_id": case_id,
                "report_id": receipt.report_id,
                "reply_id": receipt.reply_id,
                "payment_id": receipt.payment_id,
                "position": receipt.position,
                "tier": receipt.tier,
                "payer_account_id": receipt.payer_account_id,
                "payee_account_id": receipt.payee_account_id,
                "amount_minor": receipt.amount_minor,
                "asset": receipt.asset,
                "earliest_at": receipt.span.earliest_at if receipt.span else None,
                "latest_at": receipt.span.latest_at if receipt.span else None,
                "local_time": receipt.span.local_time if receipt.span else None,
                "zone": receipt.span.zone if receipt.span else None,
                "precision": receipt.span.precision if receipt.span else None,
                "key_id": key.id,
                "reference_cipher": key.seal("transfers", "reference", receipt.id, receipt.reference.encode())
                if receipt.reference
                else None,
                "standing": receipt.standing,
            }
            for receipt in receipts
        ],
    )


def add_leads(desk: Desk, case_id: UUID, key: DataKey, found: Sequence[Lead]) -> None:
    """Gather leads with the case's other rows; what they say lies under ``key``."""
    desk.work.rows.add(
        leads,
        [
            {
                "id": lead.id,
                "centre_id": desk.work.centre_id,
                "case_id": case_id,
                "report_id": lead.report_id,
                "reply_id": lead.reply_id,
                "kind": lead.kind,
                "key_id": key.id,
                "facts_cipher": key.seal("leads", "facts", lead.id, canonical(lead.facts)),
                "facts_hash": facts_hash(desk.work, lead.facts),
                "amount_minor": lead.amount_minor,
                "asset": lead.asset,
                "at": desk.work.now(),
            }
            for lead in found
        ],
    )


def facts_hash(work: Work, facts: Mapping[str, Any]) -> bytes | None:
    """Return the keyed hash by which the same lead is known again: of institution and number; None without a number.

    A holder's name is not part of it: one message says it, the next does not.
    """
    number = facts.get("number") or facts.get("masked")
    if not number:
        return None
    institution = unicodedata.normalize("NFKC", facts.get("institution") or "").strip().casefold()
    return work.vault.blind("leads.facts", f"{institution}|{number}|{facts.get('sub_ref') or ''}")


def leads_of_case(work: Work, case_id: UUID) -> dict[bytes | None, UUID]:
    """Return the leads of a case that the caller holds under lock, by what they say."""
    rows = work.connection.execute(
        select(leads.c.facts_hash, leads.c.id).where(leads.c.case_id == case_id, leads.c.facts_hash.is_not(None))
    )
    return {bytes(row.facts_hash): row.id for row in rows}


def add_people(desk: Desk, case_id: UUID, report_id: UUID, key: DataKey, people: Sequence[Person]) -> None:
    """Gather the people of a report, under its key, with the keyed hashes by which they are found."""
    work = desk.work
    rows = []
    for person in people:
        row_id = work.new_id()
        rows.append(
            {
                "id": row_id,
                "centre_id": work.centre_id,
                "case_id": case_id,
                "report_id": report_id,
                "role": person.role,
                "relation": person.relation,
                "key_id": key.id,
                "facts_cipher": key.seal("parties", "facts", row_id, canonical(person.facts)),
                "name_grams": work.vault.grams("parties.name", person.name),
                "document_hash": work.vault.blind("parties.document", person.document) if person.document else None,
                "phone_hash": work.vault.blind("parties.phone", person.phone) if person.phone else None,
                "phone_last4_hash": work.vault.blind("parties.phone_last4", person.phone[-4:])
                if person.phone
                else None,
            }
        )
    work.rows.add(parties, rows)


@dataclass(frozen=True, slots=True)
class KnownReceipt:
    """A receipt of the case as stored, for comparison with what another report says."""

    id: UUID
    payment_id: UUID | None
    payee_account_id: UUID | None
    amount_minor: int | None
    asset: str | None


def receipts_of_case(work: Work, case_id: UUID) -> list[KnownReceipt]:
    """Return the receipts of a case that the caller holds under lock."""
    rows = work.connection.execute(
        select(
            transfers.c.id,
            transfers.c.payment_id,
            transfers.c.payee_account_id,
            transfers.c.amount_minor,
            transfers.c.asset,
        ).where(transfers.c.case_id == case_id)
    )
    return [KnownReceipt(*row) for row in rows]


def receipts_of_report(work: Work, report_id: UUID) -> list[UUID]:
    """Return the receipts that a report alone told of."""
    return list(work.connection.scalars(select(transfers.c.id).where(transfers.c.report_id == report_id)))


def next_position(work: Work, case_id: UUID) -> int:
    """Return the place of the next receipt in the case."""
    return (
        work.connection.scalar(
            select(func.coalesce(func.max(transfers.c.position), -1) + 1).where(transfers.c.case_id == case_id)
        )
        or 0
    )


@dataclass(frozen=True, slots=True)
class KnownHop:
    """An onward transfer as a bank told it, to an account or (by the hash of what it says) to a lead.

    Enough to see that a second message tells it again.
    """

    payer_account_id: UUID | None
    to: UUID | bytes | None
    amount_minor: int | None
    at: datetime | None


def hops_of_case(work: Work, case_id: UUID) -> Counter[KnownHop]:
    """Count the onward transfers that banks confirmed in a case that the caller holds under lock, alike ones apart."""
    rows = work.connection.execute(
        select(
            transfers.c.id,
            transfers.c.payer_account_id,
            transfers.c.payee_account_id,
            transfers.c.amount_minor,
            transfers.c.earliest_at,
            leads.c.facts_hash,
        )
        .outerjoin(holds, holds.c.receipt_id == transfers.c.id)
        .outerjoin(leads, leads.c.id == holds.c.lead_id)
        .where(transfers.c.case_id == case_id, transfers.c.standing == "confirmed")
        .distinct()
    )
    return Counter(
        KnownHop(
            row.payer_account_id,
            row.payee_account_id or (bytes(row.facts_hash) if row.facts_hash else None),
            row.amount_minor,
            row.earliest_at,
        )
        for row in rows
    )
