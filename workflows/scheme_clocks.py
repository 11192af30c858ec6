"""The waits of a scheme, once read: how long, from when, and what comes of it when nothing happens."""

from dataclasses import dataclass

from workflows.clocks import TimeBox

ENDS = frozenset({"length", "order", "decided"})
"""What ends a hold: its `length`, the period that the `order` (or the answer) names, or only a decision."""
TERM_STARTS = frozenset({"executed", "sent", "delivered", "answered", "filed"})
CONDITION_STARTS = frozenset({"asked", "delivered", "executed", "answered"})
TERM_LAPSES = frozenset({"lapse", "release", "decide"})
"""What comes of a hold whose clock ran out: it ends by itself, the centre has it released, or a person decides."""
ANSWER_LAPSES = frozenset({"ladder", "query"})
"""What comes of silence: people are rung, the state is asked for, or (`deemed`) an outcome is taken as given."""
QUEUE_ENDS = frozenset({"ask", "task"})
PAPERS = "papers"
"""A condition that the papers of any request about the hold meet."""
FILED = "filed"
"""A condition that the filing of the case meets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of the ladder: `after` counts from the step before, `people` is whom to call (a code)."""

    after: TimeBox
    task: str
    people: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A decision that comes again and again where nothing else ends a hold."""

    box: TimeBox
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A further term that begins where the last one ends; `limit` is how many, None without limit."""

    box: TimeBox
    limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long a hold lasts by itself.

    `box` is the length (the longest one where the order names the period);
    `terms` is how many an account may have, None without limit.
    """

    rule: str
    box: TimeBox | None
    until: str = "length"
    starts: str = "executed"
    review: Review | None = None
    renewal: Renewal | None = None
    warnings: tuple[TimeBox, ...] = ()
    warning_task: str | None = None
    on_lapse: str = "lapse"
    lapse_task: str | None = None
    terms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerClock:
    """How long an institution may take: `box` is agreed, `fallback` the scheme's own later limit.

    The ladder begins at the first limit, `on_lapse` comes at the last one.
    `pause_on` and `resume_on` are codes of outcomes, or `papers`; a box that
    may be paused has a hard end.
    """

    box: TimeBox
    fallback: TimeBox | None = None
    on_lapse: str = "ladder"
    deemed: str | None = None
    pause_on: tuple[str, ...] = ()
    resume_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must come for a hold in the state `applies_to` to be kept.

    `needs` is `papers`, `filed`, or the code of a document that a person
    records. Met, it may let the hold run until `extends_to` from that instant.
    """

    code: str
    needs: str
    starts: str
    applies_to: str
    box: TimeBox
    on_lapse: str
    task: str
    warnings: tuple[TimeBox, ...] = ()
    warning_task: str | None = None
    extends_to: TimeBox | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What is done with a hold that waits behind an earlier authority when that one's end comes.

    `review` is when somebody looks again where the institution named no end.
    """

    on_end: str
    task: str
    review: TimeBox | None
    source: str
