"""What must now happen outside: the imperative half of what `advance` returns."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from workflows.state import Approval, Clock, Derivation, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something that the caller must write in the same transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest(Effect):
    """Freeze the request's message and queue it for the institution; lower `rank` goes first."""

    request_id: UUID
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReminder(Effect):
    """Remind the institution of a request that it has and did not answer; `number` 0: because a person asked."""

    request_id: UUID
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSending(Effect):
    """Nobody wants the request any more: do not try again."""

    request_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StartClock(Effect):
    """Write the deadline row."""

    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Effect):
    """Keep with the event that this due instant was counted in a calendar (`workflows.as_recorded`)."""

    derivation: Derivation


@dataclass(frozen=True, slots=True, kw_only=True)
class EndClock(Effect):
    """The wait is over: `how` is fired, met (what was awaited came) or void."""

    clock_id: UUID
    how: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask(Effect):
    """Write the task row."""

    task: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTask(Effect):
    """`how` is done or void."""

    task_id: UUID
    how: str
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApproval(Effect):
    """Write the approval row."""

    approval: Approval


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseApproval(Effect):
    """`how` is given, refused or expired."""

    approval_id: UUID
    how: str
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFact(Effect):
    """Write one typed timeliness fact; nothing is ever changed, corrections append.

    `kind`: dispatch (acceptance to first byte), answer (delivery to conclusive
    answer), delivery (creation to delivery), claim (money reported at tier 1),
    hold (money held, once, capped at the traced amount), conversion (stop to
    freeze before its end). `verdict`: in_time|late|missing|undelivered|
    excluded|counted. `stop_at` is None where the box ended with nothing.
    `request_kind` is the role of the request whose box it is, the same under
    every scheme; a fact about a hold has none.
    """

    kind: str
    subject_id: UUID
    request_kind: str | None
    institution_id: UUID | None
    start_at: datetime
    limit_seconds: int | None
    due_at: datetime | None
    stop_at: datetime | None
    verdict: str
    amount_minor: int | None
    asset: str | None
    urgency: str | None
    rule: str
