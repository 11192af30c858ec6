"""What has happened to the claims of a procedure: made, confirmed, corrected, wanted back; and what every event is."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from workflows.state import SPARSE, Derivation


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened; `id` is the id of its audit entry.

    `counted` are the due instants that it gave when it was first taken, as far
    as they were counted in a calendar: taken again under newer calendar or
    zone data, it gives the same ones.
    """

    id: UUID
    at: datetime
    counted: tuple[Derivation, ...] = field(default=(), metadata=SPARSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The centre's claim on money that arrived on one account.

    `doubts` are reasons why a person must confirm before an order leaves
    (codes such as `checksum`, `source_trust`, `pooled_account`). Without
    `account_id` (the institution or the number is unknown: a lead) no order
    can be sent, and the lead becomes a person's task.
    `since` is the instant from which the centre's own speed counts: the
    acceptance of the report, or of the answer that named the account.
    `cross_border`, `reason` (a code), `references` (which kinds are there, not
    what they say), `asked_by` and `account_kind` are what lanes are chosen by;
    None where it is not known.
    `agreed_answer` is the answer time agreed with the institution (ISO 8601),
    where the directory holds one; it stands before that of the definition.
    """

    hold_id: UUID
    account_id: UUID | None
    institution_id: UUID | None
    lead_id: UUID | None
    receipt_id: UUID | None
    tier: int
    amount_minor: int | None
    asset: str
    paid_at: datetime | None
    since: datetime
    doubts: tuple[str, ...] = ()
    agreed_answer: str | None = None
    cross_border: bool | None = None
    reason: str | None = None
    references: tuple[str, ...] = ()
    asked_by: str | None = None
    account_kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAdded(Event):
    """A report (or a person) named an account that received the money."""

    claim: Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimConfirmed(Event):
    """A person confirmed an account that was in doubt: the order may leave.

    `note` is the id of what a supervisor wrote where the definition refuses
    an order on such an account without it.
    """

    hold_id: UUID
    by: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDropped(Event):
    """A person found the claim wrong before anything was sent."""

    hold_id: UUID
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadResolved(Event):
    """The account of a lead is known now (`since` of the hold moves to this instant)."""

    hold_id: UUID
    account_id: UUID
    institution_id: UUID
    by: str
    doubts: tuple[str, ...] = ()
    agreed_answer: str | None = None
    account_kind: str | None = None
    cross_border: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtRaised(Event):
    """Something needs a person's eye but changes no order.

    Opens the task that the definition's `[watch]` gives to `kind`: `differ`,
    another report of the same payment tells other facts; `quarantine`, an
    institution's message was kept without effect.
    """

    kind: str
    subject_kind: str
    subject_id: UUID
    reason: str
    amount_minor: int | None = None
    asset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCorrected(Event):
    """The centre named a wrong account: the claim on it is void, and the right one takes its place in the same step.

    What was stopped on the wrong account is released, what was not delivered
    is taken back, and what an institution still has ends with its answer.
    `claim` is the right one, with a hold of its own.
    """

    hold_id: UUID
    claim: Claim
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalAsked(Event):
    """The reporter's side wants the report back: until somebody verified that, nothing but a task comes of it.

    `hold_ids` are the claims of the procedure that the report told of.
    """

    withdrawal_id: UUID
    report_id: UUID
    hold_ids: tuple[UUID, ...]
    side: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalVerified(Event):
    """A person made sure that the withdrawal comes from the reporter's side and is meant."""

    withdrawal_id: UUID
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalDecided(Event):
    """Another person than the one who verified approved the withdrawal, or refused it.

    `kept` are holds of it that another report claims by now: they stay.
    """

    withdrawal_id: UUID
    by: str
    approved: bool
    kept: tuple[UUID, ...] = ()
