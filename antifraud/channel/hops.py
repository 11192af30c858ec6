"""Where the money moved on, as an answering bank names it: accounts, receipts, leads, and the claims that follow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from antifraud.banks.numbers import NumberReading, read_number
from antifraud.banks.queries import Institution, by_name
from antifraud.cases import trail
from antifraud.cases.accounts import AccountCard, resolve, whole
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.channel.wire import NextAccount
from antifraud.foundation.money import ASSETS
from antifraud.vault.service import DataKey
from antifraud.work import Work
from workflows import Claim
from workflows.state import Hold


@dataclass(frozen=True, slots=True)
class Destination:
    """An account as a bank named it: its number as it is read here, and its row unless it stays a lead."""

    read: NumberReading
    card: AccountCard | None
    account_id: UUID | None
    institution: Institution | None = None

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return why a person must look before an order to this account leaves."""
        return ("checksum",) if self.read.hard else ()


def lock_accounts(work: Work, named: Iterable[NextAccount]) -> dict[NextAccount, Destination]:
    """Return what each named account is; those of institutions that the directory knows are rows, and locked.

    The number alone says which account it is, as in a report: neither the
    bank's spelling nor its name for the scheme makes another account of it.
    """
    items = list(dict.fromkeys(named))
    institutions = by_name(work.connection, {item.institution for item in items})
    reads = {item: read_number(item.number) for item in items}
    cards = {item: _card(item, reads[item], institutions.get(item.institution)) for item in items}
    known = [card for card in cards.values() if card is not None]
    ids, merged = resolve(work, known), whole(known)
    return {
        item: Destination(
            reads[item],
            merged[card] if card else None,
            ids[card] if card else None,
            institutions.get(item.institution),
        )
        for item, card in cards.items()
    }


def _card(item: NextAccount, read: NumberReading, institution: Institution | None) -> AccountCard | None:
    if institution is None or read.number is None:
        return None
    return AccountCard(
        institution_id=institution.id,
        institution_code=institution.code,
        scheme=read.scheme,
        number=read.number,
        sub_ref=read.sub_ref,
        holder=item.holder,
    )


def claims_on(  # noqa: PLR0917 - the message, the case, and what is known of both
    desk: Desk,
    file: CaseFile,
    hold: Hold,
    reply: Row[*tuple[Any, ...]],
    named: Sequence[NextAccount],
    destinations: Mapping[NextAccount, Destination],
    key: DataKey,
) -> tuple[Claim, ...]:
    """Return claims on the accounts to which the money moved, each with its receipt and, if need be, its lead written.

    The same money to the same account, or to the same lead, was told before if
    another message told it: it adds nothing.
    """
    if not named:
        return ()
    work = desk.work
    left = _country_of(desk, hold.institution_id)
    desk.accounts |= {one.account_id: one.card for one in destinations.values() if one.account_id and one.card}
    hops = trail.hops_of_case(work, file.id)
    lead_ids = trail.leads_of_case(work, file.id)
    position = trail.next_position(work, file.id)
    receipts: list[trail.Receipt] = []
    leads: list[trail.Lead] = []
    claims: list[Claim] = []
    for as_named in named:
        to, item = destinations[as_named], _plain(as_named, hold)
        lead = None if to.account_id else _lead(work, reply.id, as_named, item, to.read)
        says = trail.facts_hash(work, lead.facts) if lead else None
        hop = trail.KnownHop(hold.account_id, to.account_id or says, item.amount_minor, item.at)
        if hops[hop]:
            hops[hop] -= 1
            continue  # told before, in another message
        receipt = _receipt(work, hold, reply.id, item, to.account_id, position + len(receipts))
        receipts.append(receipt)
        if lead is not None and says not in lead_ids:
            leads.append(lead)
            lead_ids[says] = lead.id
        claims.append(
            Claim(
                hold_id=work.new_id(),
                account_id=to.account_id,
                institution_id=to.card.institution_id if to.card else None,
                lead_id=lead_ids[says] if lead else None,
                receipt_id=receipt.id,
                tier=hold.tier + 1,
                amount_minor=item.amount_minor,
                asset=item.asset,
                paid_at=item.at,
                since=reply.received_at,
                doubts=to.doubts,
                agreed_answer=to.institution.agreed_answer if to.institution else None,
                cross_border=_crossed(left, to.institution.country if to.institution else None),
                account_kind=to.card.kind if to.card else None,
            )
        )
    trail.add_receipts(desk, file.id, key, receipts)
    trail.add_leads(desk, file.id, key, leads)
    # Now, within the savepoint of the answer: a refused one takes them away with it.
    work.write()
    return tuple(claims)


def _country_of(desk: Desk, institution_id: UUID | None) -> str | None:
    if institution_id is None:
        return None
    desk.need_institutions([institution_id])
    return desk.institutions[institution_id].country


def _crossed(left: str | None, reached: str | None) -> bool | None:
    """Tell whether money crossed a border on its way on; None where the country of either institution is unknown."""
    return None if left is None or reached is None else left != reached


def _plain(item: NextAccount, hold: Hold) -> NextAccount:
    """Return the account with an amount only where it is one that can be counted."""
    is_counted = item.asset in ASSETS and bool(item.amount_minor)
    return item if is_counted else replace(item, asset=hold.asset, amount_minor=None)


def _receipt(
    work: Work, hold: Hold, reply_id: UUID, item: NextAccount, account_id: UUID | None, position: int
) -> trail.Receipt:
    span = (
        trail.Span(
            earliest_at=item.at, latest_at=item.at, local_time=item.at.isoformat(), zone="UTC", precision="second"
        )
        if item.at
        else None
    )
    return trail.Receipt(
        id=work.new_id(),
        position=position,
        tier=hold.tier + 1,
        payer_account_id=hold.account_id,
        payee_account_id=account_id,
        amount_minor=item.amount_minor,
        asset=item.asset,
        span=span,
        reference=None,
        standing="confirmed",
        reply_id=reply_id,
    )


def _lead(work: Work, reply_id: UUID, named: NextAccount, item: NextAccount, read: NumberReading) -> trail.Lead:
    return trail.Lead(
        id=work.new_id(),
        kind="masked_number" if read.number is None else "unknown_institution",
        facts={
            "institution": named.institution,
            "number": read.number,
            "masked": read.masked,
            "sub_ref": read.sub_ref,
            "scheme": named.scheme,
            "holder": named.holder,
        },
        amount_minor=item.amount_minor,
        asset=item.asset,
        reply_id=reply_id,
    )
