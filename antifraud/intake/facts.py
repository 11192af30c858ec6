"""What a report says, after understanding: the same shape for every profile it came in.

Nothing here was looked up: an institution is what the reporter called it, a number is what was typed, made plain. What
is missing is ``None`` and told by a flag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from antifraud.banks.numbers import Scheme
    from antifraud.foundation.times import TimeBounds

Origin = Literal["live", "historical"]


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """One end of a transfer.

    ``institution`` is a directory code or the name as given; ``number`` is normalised and ``None`` where unknown;
    ``masked`` is what was shown where only head or tail is known.
    """

    institution: str | None
    number: str | None
    scheme: Scheme
    holder: str | None
    kind: str | None
    masked: str | None
    sub_ref: str | None


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """A person of the report; ``role`` is ``victim`` or ``reporter``."""

    role: Literal["victim", "reporter"]
    name: str | None
    id_type: str | None
    id_no: str | None
    phone: str | None
    relation: str | None


@dataclass(frozen=True, slots=True)
class TransferFacts:
    """One payment of the report, at its place ``index`` in the document.

    ``reason`` says why the payment is contested, ``references`` which kinds of reference there are (``recall``,
    ``police_no``): codes, by which a scheme chooses its lane. ``hop`` is told only where the source told it: 0 between
    the victim's own accounts, 1 to the first suspect.
    """

    index: int
    payer: AccountFacts | None
    payee: AccountFacts | None
    amount_minor: int | None
    asset: str | None
    at: TimeBounds | None
    reference: str | None
    reference_institution: str | None
    hop: int | None
    channel: str | None
    settlement: str | None
    note: str | None
    reason: str | None = None
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """What is missing or doubtful at a JSON pointer; never a reason to refuse, never with personal data in it."""

    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A whole report.

    ``confirmations`` are the pointers of accounts whose hard checksum fails (IBAN, Base58Check, EIP-55): an order to
    them waits for one person. ``extra`` is what the profile has no place for, kept as it came.
    """

    source_ref: str
    channel: str
    origin: Origin
    reported: TimeBounds | None
    parties: tuple[PartyFacts, ...]
    fraud_type: str | None
    taxonomy: str
    narrative: str | None
    place: str | None
    loss_minor: int | None
    loss_asset: str | None
    transfers: tuple[TransferFacts, ...]
    flags: tuple[Flag, ...]
    confirmations: tuple[str, ...]
    authority: dict[str, object] | None
    extra: dict[str, object]
