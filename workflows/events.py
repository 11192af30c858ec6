"""What has happened to a procedure, in the past tense: the only input of `advance`.

An event carries ids, codes, amounts and instants, never personal data: the
stored audit entry of a change *is* the event, and replaying the entries gives
the state back. Amounts are integer minor units of the hold's asset; instants
are aware UTC. `at` is the only time that `advance` knows.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from workflows.events_claimed import (
    Claim,
    ClaimAdded,
    ClaimConfirmed,
    ClaimCorrected,
    ClaimDropped,
    DoubtRaised,
    Event,
    LeadResolved,
    WithdrawalAsked,
    WithdrawalDecided,
    WithdrawalVerified,
)
from workflows.state import Derivation

__all__ = [
    "AnswerReceived",
    "AnswerSettled",
    "AnyEvent",
    "AppealDecided",
    "AppealReceived",
    "ApprovalGiven",
    "ApprovalRefused",
    "CaseFiled",
    "CaseNotFiled",
    "ChannelMissing",
    "ChaseExtended",
    "Claim",
    "ClaimAdded",
    "ClaimConfirmed",
    "ClaimCorrected",
    "ClaimDropped",
    "ClockPaused",
    "ClockReached",
    "ClockResumed",
    "ClockSuperseded",
    "ConditionMet",
    "DefinitionMigrated",
    "DoubtRaised",
    "Event",
    "LeadResolved",
    "MeasureAsked",
    "MigrationAsked",
    "Moved",
    "PapersFollowed",
    "ProcedureOpened",
    "ReleaseDecided",
    "ReleaseHeldBack",
    "ReminderAsked",
    "RequestDelivered",
    "TaskCompleted",
    "WithdrawalAsked",
    "WithdrawalDecided",
    "WithdrawalVerified",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureOpened(Event):
    """The case was opened under the definition of that content, and under no other."""

    content_hash: str


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
class AnswerSettled(Event):
    """A person decided what an institution's contradictory answers amount to."""

    request_id: UUID
    by: str
    outcome: str
    held_minor: int | None = None
    executed_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaseExtended(Event):
    """A person asked to follow the money deeper than the definition's depth, because of the hold that waits there."""

    hold_id: UUID
    by: str


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
