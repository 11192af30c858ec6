"""Accounts and receipts: one row per real account, shared by all cases of the centre."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from antifraud.banks.models import institutions
from antifraud.cases.models import accounts, transfers
from antifraud.foundation.db import ask
from antifraud.foundation.rows import as_json, insert_of
from antifraud.vault.service import DataKey
from antifraud.work import Work

SHORTEST_TAIL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCard:
    """One account in the clear, for the length of a transaction."""

    institution_id: UUID
    institution_code: str
    scheme: str
    number: str
    sub_ref: str | None = None
    holder: str | None = None
    kind: str | None = None

    @property
    def identity(self) -> tuple[UUID, str, str, str | None]:
        """Return what makes it this account: neither its holder nor its kind does."""
        return self.institution_id, self.scheme, self.number, self.sub_ref

    @property
    def label(self) -> str:
        """Return what a list may show: the institution and the last four characters."""
        return f"{self.institution_code} ··{self.number[-SHORTEST_TAIL:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptCard:
    """One receipt of money in the clear, as a bank is told it."""

    amount_minor: int | None
    asset: str | None
    earliest_at: datetime | None
    latest_at: datetime | None
    reference: str | None


def number_hash(work: Work, card: AccountCard) -> bytes:
    """Return the keyed hash that is the account's identity within its institution and scheme."""
    return work.vault.blind("accounts.number", f"{card.institution_id}|{card.scheme}|{card.number}")


def whole(cards: Iterable[AccountCard]) -> dict[AccountCard, AccountCard]:
    """Return for every card the one of its account, with the first holder and the first kind that any of them knows."""
    wanted = list(dict.fromkeys(cards))
    known: dict[tuple[UUID, str, str, str | None], AccountCard] = {}
    for card in wanted:
        first = known.setdefault(card.identity, card)
        known[card.identity] = replace(first, holder=first.holder or card.holder, kind=first.kind or card.kind)
    return {card: known[card.identity] for card in wanted}


_OR_LOCK: Final = """
    ON CONFLICT (centre_id, institution_id, scheme, number_hash, sub_ref_hash) DO UPDATE SET
        holder_cipher = coalesce(accounts.holder_cipher, excluded.holder_cipher),
        holder_grams = coalesce(nullif(accounts.holder_grams, '{}'), excluded.holder_grams),
        kind = coalesce(accounts.kind, excluded.kind)
    RETURNING id, number_hash, sub_ref_hash
"""


def resolve(work: Work, cards: Iterable[AccountCard]) -> dict[AccountCard, UUID]:
    """Return the id of the account of every card, made where it is new; the rows stay locked.

    Cards of one account are one row (see `whole`). The rows are locked in one
    order (by number hash), so that two transactions over the same accounts
    never wait for each other in a circle.
    """
    merged = whole(cards)
    if not merged:
        return {}
    directory = work.vault.directory(work.connection, work.centre_id)
    now = work.now()
    hashed = {card: _hashes(work, card) for card in merged.values()}
    rows = [
        {
            "id": work.new_id(),
            "centre_id": work.centre_id,
            "institution_id": card.institution_id,
            "scheme": card.scheme,
            "number_hash": digest,
            "sub_ref_hash": sub_digest,
            "kind": card.kind,
            "key_id": directory.id,
            "number_cipher": directory.seal("accounts", "number", _bound_to(digest), card.number.encode()),
            "sub_ref_cipher": _sealed(directory, "sub_ref", digest, card.sub_ref),
            "holder_cipher": _sealed(directory, "holder", digest, card.holder),
            "holder_grams": work.vault.grams("accounts.holder", card.holder),
            "last4_hash": work.vault.blind("accounts.last4", card.number[-4:]),
            "last8_hash": work.vault.blind("accounts.last8", card.number[-8:]),
            "bin": card.number[:6] if card.scheme == "card" else None,
            "first_seen_at": now,
        }
        for card, (digest, sub_digest) in sorted(hashed.items(), key=lambda item: (item[1][0], item[1][1] or b""))
    ]
    locked = ask(work.connection, insert_of("accounts", rows[0]) + _OR_LOCK, [as_json(rows)])
    found = {(digest, sub_digest): account_id for account_id, digest, sub_digest in locked}
    return {card: found[hashed[one]] for card, one in merged.items()}


def _hashes(work: Work, card: AccountCard) -> tuple[bytes, bytes | None]:
    """Return the keyed hashes of the number and of the sub-account; the second is bound to the first.

    Marks like ``001`` are few: bound to its account, none can be told to be another's.
    """
    digest = number_hash(work, card)
    if card.sub_ref is None:
        return digest, None
    return digest, work.vault.blind("accounts.sub_ref", f"{digest.hex()}|{card.sub_ref}")


def _bound_to(digest: bytes) -> UUID:
    """Return what binds an account's ciphertexts: its identity, not its row id, since the row may exist already."""
    return UUID(bytes=digest[:16])


def _sealed(key: DataKey, column: str, digest: bytes, value: str | None) -> bytes | None:
    return key.seal("accounts", column, _bound_to(digest), value.encode()) if value else None


def _opened(key: DataKey, column: str, digest: bytes, cipher: bytes | None) -> str | None:
    return key.open("accounts", column, _bound_to(digest), cipher).decode() if cipher else None


def cards_of(work: Work, account_ids: Collection[UUID]) -> dict[UUID, AccountCard]:
    """Open accounts by id."""
    if not account_ids:
        return {}
    directory = work.vault.directory(work.connection, work.centre_id)
    rows = work.connection.execute(
        select(accounts, institutions.c.code)
        .join(institutions, institutions.c.id == accounts.c.institution_id)
        .where(accounts.c.id.in_(account_ids))
    )
    cards = {}
    for row in rows:
        digest = bytes(row.number_hash)
        cards[row.id] = AccountCard(
            institution_id=row.institution_id,
            institution_code=row.code,
            scheme=row.scheme,
            number=directory.open("accounts", "number", _bound_to(digest), row.number_cipher).decode(),
            sub_ref=_opened(directory, "sub_ref", digest, row.sub_ref_cipher),
            holder=_opened(directory, "holder", digest, row.holder_cipher),
            kind=row.kind,
        )
    return cards


def receipts_of(work: Work, transfer_ids: Sequence[UUID]) -> dict[UUID, ReceiptCard]:
    """Open receipts by id; a reference whose key was destroyed is left out."""
    if not transfer_ids:
        return {}
    rows = work.connection.execute(select(transfers).where(transfers.c.id.in_(transfer_ids))).all()
    keys = work.vault.load(work.connection, {row.key_id for row in rows if row.reference_cipher})
    cards = {}
    for row in rows:
        key = keys.get(row.key_id)
        reference = (
            key.open("transfers", "reference", row.id, row.reference_cipher).decode()
            if key and row.reference_cipher
            else None
        )
        cards[row.id] = ReceiptCard(
            amount_minor=row.amount_minor,
            asset=row.asset,
            earliest_at=row.earliest_at,
            latest_at=row.latest_at,
            reference=reference,
        )
    return cards
