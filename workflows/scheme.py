"""What a definition is, once read: a scheme's rules as values that `advance` looks up.

Each time box keeps the path of its rule, so that a due instant or a fact can
say which line of which definition it comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from workflows.clocks import Length, TimeBox
from workflows.events import Claim
from workflows.scheme_clocks import AnswerClock, Condition, Queue, Renewal, Review, Rung, Term
from workflows.scheme_rules import LEAST_TOLD, ONLY_LANE, Lane, Rules

__all__ = [
    "AnswerClock",
    "Condition",
    "Definition",
    "Outcome",
    "Provenance",
    "Queue",
    "Renewal",
    "RequestKind",
    "Review",
    "Rung",
    "TaskKind",
    "Term",
    "Urgency",
]

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
    | {"asked", "in_question", "queued_behind", "none", "same", "as_before", "reduced"},
)
"""What an outcome may make of a hold: `renewed` a longer term, `reduced` less money, `same` nothing, `as_before`
the stop that was there: `stopped` while its term runs, `lapsed` after it."""
HOLDING = frozenset({"stopped", "frozen", "renewed"})
"""Effects by which the institution says that the money is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """A speed: `younger_than` is the age of the money up to which it applies; the last has none."""

    code: str
    younger_than: Length | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """A person's work: `again` repeats it one level higher; `decided` ones end by their own event."""

    kind: str
    due: TimeBox
    again: TimeBox | None
    decided: bool
    done: str | None
    title_zh: str = ""
    title_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKind:
    """One kind of message to an institution; `from_states` are the states of the hold that allow it.

    `role` is what the engine knows of it. `tells` are the facts that the
    institution is told, `documents` the codes of the papers without which it
    is refused.
    """

    kind: str
    approval: str
    filing: bool
    from_states: frozenset[str]
    counts_term: bool
    needs_amount: bool
    scope: str
    rank: int
    role: str
    own_clock: AnswerClock | None = None
    tells: frozenset[str] = frozenset(LEAST_TOLD)
    documents: tuple[str, ...] = ()
    title_zh: str = ""
    title_en: str = ""


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
    marks: frozenset[str] = frozenset()
    title_zh: str = ""
    title_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a rule comes from and how sure that is."""

    path: str
    source: str
    confidence: str
    checked_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition(Rules):
    """One version of one scheme; `content_hash` is that of its parsed content.

    `missing` are the rules that nobody published, `lent_tasks` the tasks that
    come from the house rules: a scheme need not ever open those.
    """

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
    answer_clocks: Mapping[str, AnswerClock]
    reminder_percents: tuple[int, ...]
    reminder_apart: Length
    fallback_task: str
    rungs: tuple[Rung, ...]
    rung_again: TimeBox
    stop_term: Term | None
    freeze_term: Term | None
    approval: TimeBox
    approval_task: str
    requests: Mapping[str, RequestKind]
    outcomes: Mapping[str, Outcome]
    tasks: Mapping[str, TaskKind]
    conditions: Mapping[str, Condition]
    queue: Queue | None
    correction_grace: Length | None
    withdrawal_sides: tuple[str, ...]
    provenance: tuple[Provenance, ...] = field(repr=False)
    missing: Mapping[str, str] = field(default_factory=dict, repr=False)
    lent_tasks: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """`id.vN`: how derivations and facts name the definition."""
        return f"{self.id}.v{self.version}"

    @property
    def answer(self) -> Mapping[str, TimeBox]:
        """The first limit of an answer by urgency, as far as a kind of request has no clock of its own."""
        return {urgency: clock.box for urgency, clock in self.answer_clocks.items()}

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms that the scheme has: of the stop, of the freeze."""
        return tuple(term for term in (self.stop_term, self.freeze_term) if term is not None)

    @property
    def terms_allowed(self) -> int | None:
        """How many stop terms an account may have, None without limit."""
        return None if self.stop_term is None else self.stop_term.terms

    def term_of(self, *, frozen: bool) -> Term | None:
        """Return the term of a stop or of a freeze; a scheme that has no such measure has none."""
        return self.freeze_term if frozen else self.stop_term

    def answer_clock(self, kind: str, urgency: str) -> AnswerClock:
        """Return how long the answer to a request may take: the kind's own clock, or that of its urgency."""
        rules = self.requests.get(kind)
        own = None if rules is None else rules.own_clock
        return own or self.answer_clocks[urgency]

    def role_of(self, kind: str) -> str:
        """Return what a kind of request is for; a kind that the definition does not have has none."""
        rules = self.requests.get(kind)
        return "" if rules is None else rules.role

    def kind_for(self, role: str) -> str:
        """Return the first kind of request with a role.

        Raises:
            LookupError: The scheme has none.
        """
        for kind, rules in self.requests.items():
            if rules.role == role:
                return kind
        msg = f"{self.name} has no request with the role {role}"
        raise LookupError(msg)

    def kind_with(self, role: str, effect: str) -> str:
        """Return the first kind of request with a role that an outcome may give an effect.

        Raises:
            LookupError: The scheme has none.
        """
        for kind, rules in self.requests.items():
            if rules.role == role and any(outcome.hold.get(kind) == effect for outcome in self.outcomes.values()):
                return kind
        msg = f"{self.name} has no {role} that makes a hold {effect}"
        raise LookupError(msg)

    def has_role(self, role: str) -> bool:
        """Tell whether any kind of request has the role."""
        return any(rules.role == role for rules in self.requests.values())

    def lane(self, code: str | None) -> Lane:
        """Return a lane by its code; what was taken before the scheme had lanes is in one without any rule."""
        return self.lanes.get(code or "") or ONLY_LANE

    def money_may_come_in(self, lane: str | None) -> bool:
        """Tell whether an account stopped in a lane may still take money: by the lane's word, else the scheme's."""
        own = self.lane(lane).money_in
        return self.money_in if own is None else own

    def lane_of(self, claim: Claim) -> Lane:
        """Return the first lane whose gates all hold; the last one has none, so that no claim is dropped."""
        *gated, last = self.lanes.values()
        return next((lane for lane in gated if lane.gates.admit(claim)), last)

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
