"""Timeliness facts: what is written down at the instant at which a box ends.

Facts append. Of several about one box of a request the two instants of each
decide: a late answer follows the fact that there was none, an earlier instant
that becomes known later follows the one that was assumed. Of several about the
money of a hold the last one written counts.
"""

from datetime import datetime, timedelta

from workflows.clocks import TimeBox
from workflows.copying import replace
from workflows.effects import RecordFact
from workflows.engine.step import Step
from workflows.state import Hold, Request


def boxed(
    step: Step,
    kind: str,
    request: Request,
    box: TimeBox,
    *,
    start: datetime,
    stop: datetime | None,
    verdict: str | None = None,
    due: datetime | None = None,
) -> None:
    """Record that a box of a request ended; without ``verdict`` its two instants decide, and the limit is in time.

    ``due`` is given where a pause moved it. A limit that no calendar could count is nobody's delay.
    """
    if due is None and box.is_plain:
        due = start + box.length.absolute()
    elif due is None:
        counted = step.derive(box, start)
        due = counted.due_at
        verdict = "excluded" if counted.is_uncounted else verdict
    if kind not in step.definition.counts or request.told:
        verdict = "excluded"
    if verdict is None:
        verdict = "late" if stop is None or stop > due else "in_time"
    hold = step.hold(request.hold_id)
    step.effects.append(
        RecordFact(
            kind=kind,
            subject_id=request.id,
            request_kind=request.purpose,
            institution_id=hold.institution_id,
            start_at=start,
            limit_seconds=int((due - start) / timedelta(seconds=1)),
            due_at=due,
            stop_at=stop,
            verdict=verdict,
            amount_minor=request.asked_minor,
            asset=request.asset,
            urgency=request.urgency,
            rule=f"{box.definition}:{box.rule}",
        )
    )


def voided(step: Step, request: Request) -> None:
    """Take the boxes of a request that the centre no longer wants out of the figures; a missed one stays missed."""
    if request.delivered_at is None or request.late:
        return
    box, due = step.answer_clock(request).box, request.answer_due_at
    boxed(step, "answer", request, box, start=request.delivered_at, stop=None, verdict="excluded", due=due)


def claimed(step: Step, hold: Hold, verdict: str = "counted") -> None:
    """Record money reported on a first-tier account, of an unknown amount too, or that it was no claim (`excluded`)."""
    if hold.tier == 1:
        rule = f"{step.definition.name}:claims.tier_1"
        _record(step, _money("claim", hold, verdict, rule, start=hold.since, amount=hold.traced_minor))


def held(step: Step, hold: Hold) -> Hold:
    """Record what is held (never above what was traced), where it is more than was recorded before.

    Money once held counts: neither a lapse nor a later answer with less lowers it, and a release, also
    of an innocent holder's money, leaves it counted; what becomes of a stop afterwards is told by the
    conversion. Only a contradiction takes it out again, see `doubted`.

    Returns:
        The hold, written with what now counts and since when money is held.
    """
    if hold.held_minor <= hold.counted_minor or hold.void is not None:
        return hold
    hold = step.put_hold(replace(hold, counted_minor=hold.held_minor, held_at=hold.held_at or hold.executed_at))
    _record(step, _of_hold(step, hold, "counted"))
    return hold


def doubted(step: Step, hold: Hold) -> Hold:
    """Record that what is held no longer counts, until a person has settled which answer is right.

    Returns:
        The hold, written without anything that counts.
    """
    hold = step.put_hold(replace(hold, counted_minor=0))
    _record(step, _of_hold(step, hold, "excluded"))
    return step.put_hold(replace(hold, held_at=None))


def _of_hold(step: Step, hold: Hold, verdict: str) -> RecordFact:
    rule = f"{step.definition.name}:clocks.stop_term"
    fact = _money("hold", hold, verdict, rule, start=hold.paid_at or hold.since, amount=hold.counted_minor)
    return replace(fact, stop_at=hold.held_at)


def converted(step: Step, hold: Hold, frozen_at: datetime | None, verdict: str | None = None) -> None:
    """Record whether a stop became a freeze before its end."""
    term = step.definition.stop_term
    if hold.executed_at is None or hold.ends_at is None or term is None or step.definition.freeze_term is None:
        return
    if verdict is None:
        verdict = "missing" if frozen_at is None else "in_time" if frozen_at <= hold.ends_at else "late"
    rule = f"{step.definition.name}:{term.rule}"
    fact = _money("conversion", hold, verdict, rule, start=hold.executed_at, amount=hold.held_minor)
    seconds = int((hold.ends_at - hold.executed_at) / timedelta(seconds=1))
    _record(step, replace(fact, limit_seconds=seconds, due_at=hold.ends_at, stop_at=frozen_at))


def _record(step: Step, fact: RecordFact) -> None:
    """Write a fact of money; one that the definition does not count is written as excluded."""
    if fact.kind not in step.definition.counts:
        fact = replace(fact, verdict="excluded")
    step.effects.append(fact)


def _money(kind: str, hold: Hold, verdict: str, rule: str, *, start: datetime, amount: int | None) -> RecordFact:
    return RecordFact(
        kind=kind,
        subject_id=hold.id,
        request_kind=None,
        institution_id=hold.institution_id,
        start_at=start,
        limit_seconds=None,
        due_at=None,
        stop_at=None,
        verdict=verdict,
        amount_minor=amount,
        asset=hold.asset,
        urgency=hold.urgency,
        rule=rule,
    )
