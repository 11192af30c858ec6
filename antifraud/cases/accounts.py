"""Accounts and receipts: one row per real account, shared by all cases of the centre."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from antifraud.banks.models import institutions
from antifraud.cases.models import accounts, transfers
from antifraud.work import Work

SHORTEST_TAIL = 4
POOLED_KINDS = frozenset({"pooled", "settlement"})
"""Accounts that hold many people's money: never stopped whole without a supervisor."""


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


def resolve(work: Work, cards: Iterable[AccountCard]) -> dict[AccountCard, UUID]:
    """Return the ids of the accounts, made where they are new; the rows stay locked.

    They are locked in one order (by number hash), so that two transactions
    over the same accounts never wait for each other in a circle.
    """
    directory = work.vault.directory(work.connection, work.centre_id)
    hashed = sorted(
        ((number_hash(work, card), card) for card in set(cards)), key=lambda pair: (pair[0], pair[1].sub_ref or "")
    )
    if not hashed:
        return {}
    now = work.now()
    rows = []
    for digest, card in hashed:
        # The identity of the account, not its row id, binds the ciphertext: the row may exist already.
        identity = UUID(bytes=digest[:16])
        rows.append(
            {
                "id": work.new_id(),
                "centre_id": work.centre_id,
                "institution_id": card.institution_id,
                "scheme": card.scheme,
                "number_hash": digest,
                "sub_ref": card.sub_ref,
                "kind": card.kind,
                "key_id": directory.id,
                "number_cipher": directory.seal("accounts", "number", identity, card.number.encode()),
                "holder_cipher": directory.seal("accounts", "holder", identity, card.holder.encode())
                if card.holder
                else None,
                "holder_grams": work.vault.grams("accounts.holder", card.holder),
                "last4_hash": work.vault.blind("accounts.last4", card.number[-4:]),
                "last8_hash": work.vault.blind("accounts.last8", card.number[-8:]),
                "bin": card.number[:6] if card.scheme == "card" else None,
                "first_seen_at": now,
            }
        )
    new = upsert(accounts)
    statement = new.on_conflict_do_update(
        index_elements=["centre_id", "institution_id", "scheme", "number_hash", "sub_ref"],
        set_={
            "holder_cipher": func.coalesce(accounts.c.holder_cipher, new.excluded.holder_cipher),
            "holder_grams": func.coalesce(func.nullif(accounts.c.holder_grams, []), new.excluded.holder_grams),
            "kind": func.coalesce(accounts.c.kind, new.excluded.kind),
        },
    ).returning(accounts.c.id, accounts.c.number_hash, accounts.c.sub_ref)
    found = {(bytes(row.number_hash), row.sub_ref): row.id for row in work.connection.execute(statement, rows)}
    return {card: found[digest, card.sub_ref] for digest, card in hashed}


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
        identity = UUID(bytes=bytes(row.number_hash)[:16])
        holder = directory.open("accounts", "holder", identity, row.holder_cipher) if row.holder_cipher else None
        cards[row.id] = AccountCard(
            institution_id=row.institution_id,
            institution_code=row.code,
            scheme=row.scheme,
            number=directory.open("accounts", "number", identity, row.number_cipher).decode(),
            sub_ref=row.sub_ref,
            holder=holder.decode() if holder else None,
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
