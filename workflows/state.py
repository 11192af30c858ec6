"""What is: the state of one procedure, exactly as `advance` returned it.

Holds and requests stay in the state for good; clocks, tasks and approvals
only while they run or wait. Every value is frozen; the mappings are never
changed in place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

STATE_SCHEMA = 1

LIVE_HOLDS = frozenset({"unconfirmed", "asked", "stopped", "frozen", "queued_behind", "in_question"})
"""Hold states under which a second live hold on the same receipt is refused."""

SPARSE = MappingProxyType({"sparse": True})
"""Metadata of a field that is not written while it has its default: most values have nothing to say there."""

_V = TypeVar("_V")


def frozen_map(items: Mapping[UUID, _V] | None = None) -> Mapping[UUID, _V]:
    """Return a read-only copy of ``items``."""
    return MappingProxyType(dict(items or {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time during which a wait did not run; without `resumed_at` it still lasts."""

    paused_at: datetime
    resumed_at: datetime | None = field(default=None, metadata=SPARSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What a due instant was counted with, beside start, length and zone.

    `days` and `version` name the calendar of days and its content. Dates are
    ISO: `skipped` did not count though no rest day, `worked` counted though a
    rest day (make-up workdays); every date between start and due that is
    neither counts unless its weekday is in `rest_days`. `cutoff`,
    `counts_start_day`, `ends`, `hard_end` are the box's. `offset` is the UTC
    offset of a due local time that happens twice. `unreached` says that the
    calendar has no data (`CN 2027`): the due instant is an alarm, not a result.
    """

    days: str | None = field(default=None, metadata=SPARSE)
    version: str | None = field(default=None, metadata=SPARSE)
    rest_days: tuple[str, ...] = field(default=(), metadata=SPARSE)
    skipped: tuple[str, ...] = field(default=(), metadata=SPARSE)
    worked: tuple[str, ...] = field(default=(), metadata=SPARSE)
    cutoff: str | None = field(default=None, metadata=SPARSE)
    counts_start_day: bool = field(default=False, metadata=SPARSE)
    ends: str = field(default="same_time", metadata=SPARSE)
    hard_end: str | None = field(default=None, metadata=SPARSE)
    pauses: tuple[Pause, ...] = field(default=(), metadata=SPARSE)
    offset: str | None = field(default=None, metadata=SPARSE)
    unreached: str | None = field(default=None, metadata=SPARSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """How a due instant came about: enough for a stranger to recompute it.

    `rule` names the line of the definition (`clocks.answer.urgent`),
    `length` is ISO 8601, `tzdata` the zone data's version when the length
    was counted in a calendar. `counting` is there when more than start,
    length and zone were needed.
    """

    definition: str
    rule: str
    start_event: str
    started_at: datetime
    length: str
    calendar: str
    zone: str
    tzdata: str | None
    due_at: datetime
    source: str
    counting: Counting | None = field(default=None, metadata=SPARSE)

    @property
    def is_uncounted(self) -> bool:
        """Tell whether the due instant could not be counted for want of calendar data."""
        return self.counting is not None and self.counting.unreached is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A running wait: `kind` is a clock of the definition, `subject_id` what waits, `code` the condition of one."""

    id: UUID
    kind: str
    subject_kind: str  # request | hold | task | approval | procedure
    subject_id: UUID
    due_at: datetime
    step: int = 0
    derivation: Derivation
    code: str | None = field(default=None, metadata=SPARSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The claim on one receipt of money in one account, from stop to freeze to release.

    `past_appeals` and `past_approvals` are those that are over: what makes
    an event that is sent again recognisable. `counted_minor` is the most that
    was held and stands recorded as a fact, `held_at` since when there was any.
    `lane` is the way in which the scheme took the claim, `papers` are the
    codes of those that were handed in for it. `reason`, `references` and
    `cross_border` are the claim's, kept while its account is not known.
    `void` says why the centre no longer wants the hold (`corrected`,
    `withdrawn`): whatever an institution still answers, the money is let go.
    """

    id: UUID
    account_id: UUID | None
    institution_id: UUID | None
    lead_id: UUID | None
    receipt_id: UUID | None
    tier: int
    state: str  # unconfirmed|asked|stopped|frozen|queued_behind|in_question | none|released|lapsed|returned|dropped
    asset: str
    traced_minor: int | None
    held_minor: int = 0
    counted_minor: int = 0
    scope: str
    urgency: str
    stop_seq: int = 0
    since: datetime
    paid_at: datetime | None = None
    executed_at: datetime | None = None
    held_at: datetime | None = None
    ends_at: datetime | None = None
    end_is_provisional: bool = False
    lapse_confirmed: bool = False
    cause_request_id: UUID | None = None
    appeal_id: UUID | None = None
    past_appeals: tuple[UUID, ...] = ()
    past_approvals: tuple[UUID, ...] = ()
    agreed_answer: str | None = field(default=None, metadata=SPARSE)
    renewals: int = field(default=0, metadata=SPARSE)
    conditions: tuple[str, ...] = field(default=(), metadata=SPARSE)
    lane: str | None = field(default=None, metadata=SPARSE)
    papers: tuple[str, ...] = field(default=(), metadata=SPARSE)
    reason: str | None = field(default=None, metadata=SPARSE)
    references: tuple[str, ...] = field(default=(), metadata=SPARSE)
    cross_border: bool | None = field(default=None, metadata=SPARSE)
    void: str | None = None
    corrects: UUID | None = None
    corrected_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One message to one institution about one hold.

    `role` is what the kind is for, `approval` what the definition wants for it.
    `told`: the institution that moved the money tells the next one itself, and
    the centre has sent nothing.

    `stage`: queued|delivered|received|executed|answered, or withdrawn.
    `outcome` is the effective conclusive answer; `conflict` tells that two
    conclusive answers contradict each other and a person must decide.
    `supplement`: the account is already stopped, this is a further receipt.
    `by_hand`: no channel of ours reaches the institution, a person hands it over.
    `despite_others`: a person decided that this release goes although other cases claim the account.
    """

    id: UUID
    hold_id: UUID
    kind: str
    role: str = ""
    approval: str = ""
    stage: str
    urgency: str
    scope: str
    asset: str
    asked_minor: int | None
    executed_minor: int | None = None
    outcome: str | None = None
    conflict: bool = False
    stop_seq: int = 1
    created_at: datetime
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None
    answer_due_at: datetime | None = None
    channel: str | None = None
    replies: tuple[UUID, ...] = ()
    documents: tuple[str, ...] = ()
    ends_at: datetime | None = None
    undelivered: bool = False
    late: bool = False
    supplement: bool = False
    by_hand: bool = False
    reminded_at: datetime | None = None
    deemed: bool = field(default=False, metadata=SPARSE)
    paused_at: datetime | None = field(default=None, metadata=SPARSE)
    despite_others: bool = False
    told: bool = field(default=False, metadata=SPARSE)

    @property
    def purpose(self) -> str:
        """What the request is for, whatever its scheme calls it; before there were roles, the kind said it."""
        return self.role or self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a person must do, and by when."""

    id: UUID
    kind: str
    subject_kind: str
    subject_id: UUID
    due_at: datetime
    amount_minor: int | None = None
    asset: str | None = None
    level: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A four-eyes decision that waits; `asked` is exactly what will happen if given."""

    id: UUID
    act: str
    hold_id: UUID
    asked_by: str
    amount_minor: int | None
    ends_at: datetime | None
    documents: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A report that its own side wants back; `stage`: asked|verified|approved|refused. Kept for good."""

    id: UUID
    report_id: UUID
    hold_ids: tuple[UUID, ...]
    side: str
    stage: str
    asked_by: str
    asked_at: datetime
    verified_by: str | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A condition that was met at the instant `at`: for one hold, or for all of the procedure (`hold_id` None)."""

    condition: str
    hold_id: UUID | None
    at: datetime
    cause: UUID
    document: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureState:
    """One procedure of a case under one definition."""

    schema: int = STATE_SCHEMA
    phase: str = "new"  # new | open | closed
    opened_at: datetime | None = None
    filed_at: datetime | None = None
    declined_at: datetime | None = None
    filing: str | None = None  # filed | declined
    doubts: tuple[UUID, ...] = ()
    chase_extra: int = field(default=0, metadata=SPARSE)  # tiers beyond the definition's depth
    met: tuple[Met, ...] = field(default=(), metadata=SPARSE)
    holds: Mapping[UUID, Hold] = field(default_factory=frozen_map)
    requests: Mapping[UUID, Request] = field(default_factory=frozen_map)
    clocks: Mapping[UUID, Clock] = field(default_factory=frozen_map)
    tasks: Mapping[UUID, Task] = field(default_factory=frozen_map)
    approvals: Mapping[UUID, Approval] = field(default_factory=frozen_map)
    withdrawals: Mapping[UUID, Withdrawal] = field(default_factory=frozen_map)
