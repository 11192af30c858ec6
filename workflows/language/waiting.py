"""What the waits of a scheme name: tasks, outcomes and measures that must exist, and clocks that need each other."""

from collections.abc import Iterator

from workflows.language.reading import Fault
from workflows.scheme import AnswerClock, Definition


def lasting_tasks(read: Definition) -> Iterator[Fault]:
    """Yield the tasks that a clock leaves to a person, and that nothing else waits for."""
    for term in read.terms:
        if term.lapse_task is not None:
            yield f"{term.rule}.lapse_task", term.lapse_task
    for condition in read.conditions.values():
        yield f"conditions.{condition.code}.task", condition.task
    if read.queue is not None:
        yield "queue.task", read.queue.task


def passing_tasks(read: Definition) -> Iterator[Fault]:
    """Yield the tasks beside a clock that goes on by itself."""
    for rung in read.rungs:
        yield f"{rung.after.rule}.task", rung.task
    yield "clocks.fallback.task", read.fallback_task
    for term in read.terms:
        if term.warning_task is not None:
            yield f"{term.rule}.warning_task", term.warning_task
        if term.review is not None:
            yield f"{term.rule}.review.task", term.review.task
    for condition in read.conditions.values():
        if condition.warning_task is not None:
            yield f"{condition.box.rule}.warning_task", condition.warning_task


def waiting_faults(read: Definition) -> Iterator[Fault]:
    """Yield what the clocks need and do not find."""
    effects = {effect for outcome in read.outcomes.values() for effect in outcome.hold.values()}
    for effect, key, term in (("stopped", "stop_term", read.stop_term), ("frozen", "freeze_term", read.freeze_term)):
        if effect in effects and term is None:
            yield "clocks", f"[clocks.{key}] is missing: an outcome gives {effect}, and nothing would end it"
    for code, clock in read.answer_clocks.items():
        yield from _answer_faults(read, f"clocks.answer.{code}", clock, tuple(read.requests))
    for kind, rules in read.requests.items():
        if rules.own_clock is not None:
            yield from _answer_faults(read, f"requests.{kind}.own_clock", rules.own_clock, (kind,))
    for condition in read.conditions.values():
        if condition.applies_to not in effects:
            yield f"conditions.{condition.code}.applies_to", f"no outcome gives {condition.applies_to}"


def _answer_faults(read: Definition, path: str, clock: AnswerClock, kinds: tuple[str, ...]) -> Iterator[Fault]:
    for key, codes in (("pause_on", clock.pause_on), ("resume_on", clock.resume_on)):
        for n, code in enumerate(codes):
            outcome = read.outcomes.get(code)
            if code != "papers" and (outcome is None or outcome.conclusive):
                yield f"{path}.{key}[{n}]", f"{code!r} is neither papers nor an outcome that is not conclusive"
    if clock.pause_on and clock.box.hard_end is None:
        yield f"{path}.hard_end", "is missing: a clock that may be stopped must end some time"
    if clock.deemed is None:
        if clock.on_lapse == "query" and not any(read.role_of(kind) == "query" for kind in read.requests):
            yield f"{path}.on_lapse", "no kind of request has the role query"
        return
    outcome = read.outcomes.get(clock.deemed)
    if outcome is None or not outcome.conclusive or not any(kind in outcome.hold for kind in kinds):
        yield f"{path}.on_lapse", f"{clock.deemed!r} is no conclusive outcome of such a request"
    elif outcome.amount != "none":
        yield f"{path}.on_lapse", f"{clock.deemed!r} needs an amount, which silence does not give"
