"""What a definition is, once read: a scheme's rules as values that `advance` looks up.

Each time box keeps the path of its rule, so that a due instant or a fact can
say which line of which definition it comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workflows.clocks import Length, TimeBox

AMOUNTS = frozenset({"none", "required", "or_balance"})
"""Whether a held amount must come with the answer; `or_balance`: a whole-account stop may name the balance instead."""
CONFIDENCES = frozenset({"high", "medium", "low", "proposal"})
STATUSES = frozenset({"example", "released"})
APPROVALS = frozenset({"before", "after", "none"})
HOLD_STATES = frozenset(
    {"unconfirmed", "asked", "stopped", "frozen", "queued_behind", "in_question"}
    | {"none", "released", "lapsed", "returned", "dropped"},
)
EFFECTS = frozenset(
    {"stopped", "frozen", "renewed", "released", "returned", "lapsed"}
    | {"asked", "in_question", "queued_behind", "none", "same", "as_before"},
)
"""What an outcome may make of a hold: `renewed` a longer term, `same` nothing, `as_before`
the stop that was there: `stopped` while its term runs, `lapsed` after it."""
HOLDING = frozenset({"stopped", "frozen", "renewed"})
"""Effects by which the institution says that the money is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """A speed: `younger_than` is the age of the money up to which it applies; the last has none."""

    code: str
    younger_than: Length | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of the ladder: `after` counts from the step before."""

    after: TimeBox
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long a hold lasts by itself; `terms` is how many an account may have, None without limit."""

    box: TimeBox
    warnings: tuple[TimeBox, ...]
    warning_task: str
    lapse_task: str
    terms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """A person's work: `again` repeats it one level higher; `decided` ones end by their own event."""

    kind: str
    due: TimeBox
    again: TimeBox | None
    decided: bool
    done: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKind:
    """One kind of message to an institution; `from_states` are the states of the hold that allow it."""

    kind: str
    approval: str
    filing: bool
    from_states: frozenset[str]
    counts_term: bool
    needs_amount: bool
    scope: str
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing an institution may say; `hold` maps a request kind to what it makes of the hold."""

    code: str
    conclusive: bool
    amount: str
    own_fault: bool
    restarts: bool
    hold: Mapping[str, str]
    tasks: tuple[str, ...]
    tasks_if_short: tuple[str, ...]
    tasks_if_no_hop: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a rule comes from and how sure that is."""

    path: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One version of one scheme; `content_hash` is that of its parsed content."""

    id: str
    version: int
    title_zh: str
    title_en: str
    status: str
    jurisdiction: str
    zone: str
    content_hash: str
    who_may_ask: tuple[str, ...]
    scope: str
    money_in: bool
    skew: Length
    follow: str
    chase_depth: int
    chase_task: str
    watch: Mapping[str, str]
    urgencies: tuple[Urgency, ...]
    dispatch: Mapping[str, TimeBox]
    receipt: Mapping[str, TimeBox]
    answer: Mapping[str, TimeBox]
    reminder_percents: tuple[int, ...]
    reminder_apart: Length
    fallback_task: str
    rungs: tuple[Rung, ...]
    rung_again: TimeBox
    stop_term: Term
    freeze_term: Term
    approval: TimeBox
    approval_task: str
    requests: Mapping[str, RequestKind]
    outcomes: Mapping[str, Outcome]
    tasks: Mapping[str, TaskKind]
    provenance: tuple[Provenance, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """`id.vN`: how derivations and facts name the definition."""
        return f"{self.id}.v{self.version}"

    def urgency_of(self, paid_at: datetime | None, at: datetime) -> str:
        """Return the urgency of money that arrived at ``paid_at``; unknown age counts as fresh."""
        for urgency in self.urgencies:
            if urgency.younger_than is None or paid_at is None or at - paid_at < urgency.younger_than.absolute():
                return urgency.code
        return self.urgencies[-1].code

    def outcome_of(self, code: str, kind: str) -> Outcome:
        """Return the outcome for a request of ``kind``; what nobody mapped is `other`, for a person to read."""
        outcome = self.outcomes.get(code)
        if outcome is None or (outcome.conclusive and kind not in outcome.hold):
            return self.outcomes["other"]
        return outcome
