"""What has happened to a procedure, in the past tense: the only input of `advance`.

An event carries ids, codes, amounts and instants, never personal data: the
stored audit entry of a change *is* the event, and replaying the entries gives
the state back. Amounts are integer minor units of the hold's asset; instants
are aware UTC. `at` is the only time that `advance` knows.
"""

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
class ProcedureOpened(Event):
    """The case was opened under the definition of that content, and under no other."""

    content_hash: str


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
class RequestDelivered(Event):
    """The institution has the request.

    `sent_at` is the start of the successful attempt, `delivered_at` the
    instant that the channel defines as delivery.
    """

    request_id: UUID
    channel: str
    sent_at: datetime
    delivered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMissing(Event):
    """No channel of ours reaches the institution: a person must hand the request over now.

    Opens the fallback task (`hand_over`) at once instead of at the receipt
    limit; the request stays queued until a person logs the hand-over as
    `RequestDelivered`.
    """

    request_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived(Event):
    """The institution said something about a request; `at` is when we had it.

    `outcome` is a code of the definition; pending ones (`received`) never
    stop the answer clock. `executed_at` is the institution's own instant.
    `next_hops` are claims on the accounts to which the money moved.
    """

    reply_id: UUID
    request_id: UUID
    outcome: str
    held_minor: int | None = None
    balance_minor: int | None = None
    executed_at: datetime | None = None
    ends_at: datetime | None = None
    reason: str | None = None
    next_hops: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReached(Event):
    """A clock's due instant has come; `at` may be later, which is recorded."""

    clock_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSuperseded(Event):
    """Newer calendar or zone data move a running wait: `was` stays written, `now` takes its place."""

    clock_id: UUID
    was: Derivation
    now: Derivation


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(Event):
    """A person did what a task asked for."""

    task_id: UUID
    by: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderAsked(Event):
    """A person asked to remind the institution of a request now (催办), beside what comes by itself."""

    request_id: UUID
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureAsked(Event):
    """A person asked for a further measure on a hold (`kind` is a request kind of the definition).

    Where the definition wants an approval first, one is opened; otherwise the
    request leaves at once. `ends_at` is the term of a freeze; `documents`
    are references, never the papers themselves; `papers` are the codes of
    those that the definition asks for.
    """

    hold_id: UUID
    kind: str
    by: str
    amount_minor: int | None = None
    ends_at: datetime | None = None
    documents: tuple[str, ...] = ()
    reason: str | None = None
    papers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven(Event):
    """Another person than the proposer approved exactly what was asked."""

    approval_id: UUID
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRefused(Event):
    """Another person refused what was asked."""

    approval_id: UUID
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiled(Event):
    """The case was filed (立案): a freeze may be asked for."""

    by: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNotFiled(Event):
    """The authority declined to file (不予立案): every stop must be released."""

    by: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersFollowed(Event):
    """The document that was to follow a request has been handed in."""

    request_id: UUID
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionMet(Event):
    """A person recorded what a condition of the definition needs, by the reference of the document.

    Without `hold_id` it counts for every hold of the procedure, later ones
    too. `met_at` is when it came about (the complaint was made), if not now.
    """

    condition: str
    document: str
    by: str
    hold_id: UUID | None = None
    met_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPaused(Event):
    """A person stopped the answer clock of a request, for a reason that the definition allows (a code)."""

    request_id: UUID
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockResumed(Event):
    """A person let the answer clock of a request run again."""

    request_id: UUID
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealReceived(Event):
    """The account's holder objected to a hold, or another `side` that the definition lets object."""

    hold_id: UUID
    appeal_id: UUID
    side: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDecided(Event):
    """The objection was decided; an upheld one releases the hold, or all but `keep_minor` of it."""

    appeal_id: UUID
    by: str
    upheld: bool
    keep_minor: int | None = None


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
class AnswerSettled(Event):
    """A person decided what an institution's contradictory answers amount to."""

    request_id: UUID
    by: str
    outcome: str
    held_minor: int | None = None
    executed_at: datetime | None = None
    ends_at: datetime | None = None


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
class ChaseExtended(Event):
    """A person asked to follow the money deeper than the definition's depth, because of the hold that waits there."""

    hold_id: UUID
    by: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHeldBack(Event):
    """Other cases have unmet claims on the account that a release would open: a person decides first.

    `claims` are holds of those cases.
    """

    request_id: UUID
    claims: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDecided(Event):
    """A person decided whether a release that was held back goes out (`go`) or the money stays for the others."""

    hold_id: UUID
    by: str
    go: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A wait that another definition counts otherwise, with both derivations."""

    clock_id: UUID
    was: Derivation
    now: Derivation


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationAsked(Event):
    """A person asked to move the procedure to another definition (its content hash)."""

    content_hash: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionMigrated(Event):
    """Another person approved the move: from here on the procedure is pinned to this definition.

    `moved` are the waits that change by it, as they were told before.
    """

    approval_id: UUID
    content_hash: str
    by: str
    moved: tuple[Moved, ...]


AnyEvent = (
    ProcedureOpened
    | ClaimAdded
    | ClaimConfirmed
    | ClaimDropped
    | LeadResolved
    | RequestDelivered
    | ChannelMissing
    | AnswerReceived
    | AnswerSettled
    | ClockReached
    | ClockSuperseded
    | TaskCompleted
    | ReminderAsked
    | MeasureAsked
    | ApprovalGiven
    | ApprovalRefused
    | CaseFiled
    | CaseNotFiled
    | PapersFollowed
    | ConditionMet
    | ClockPaused
    | ClockResumed
    | AppealReceived
    | AppealDecided
    | DoubtRaised
    | ChaseExtended
    | ClaimCorrected
    | WithdrawalAsked
    | WithdrawalVerified
    | WithdrawalDecided
    | ReleaseHeldBack
    | ReleaseDecided
    | MigrationAsked
    | DefinitionMigrated
)
"""Every event there is: a `match` over it that forgets one is found by the type checker."""
