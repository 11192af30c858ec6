"""What keeps a hold or stops a wait: conditions that are met, answer clocks that a person stops and resumes."""

from datetime import datetime
from uuid import UUID

from antifraud.cases.acts import act_in, keep_papers, reason_code
from antifraud.cases.casefile import CaseFile, Desk
from antifraud.cases.messages import Mail
from antifraud.cases.service import save
from antifraud.foundation.problems import InvalidValue
from antifraud.work import Work
from workflows.events import ClockPaused, ClockResumed, ConditionMet


def meet_condition(
    work: Work,
    mail: Mail,
    case_id: UUID,
    condition: str,
    document: str,
    *,
    hold_id: UUID | None = None,
    met_at: datetime | None = None,
) -> CaseFile:
    """Record what a condition of the definition needs, such as the victim's complaint, by its document's reference.

    Without a hold it counts for every hold of those procedures of the case whose definition has the condition.
    ``met_at`` is when it came about, if not now.

    Raises:
        InvalidValue: No procedure has such a condition, the instant lies ahead, or the reference is empty or too long.
        EventRefused: The hold is over.
    """
    if met_at is not None and met_at > work.now():
        raise InvalidValue("a condition cannot be met before it is: say when it came about")
    desk = Desk(work)
    file = desk.lock(case_id)
    known = [p for p in file.procedures_of(hold_id) if condition in file.procedures[p].definition.conditions]
    if not known:
        names = sorted({code for p in file.procedures.values() for code in p.definition.conditions})
        raise InvalidValue(f"case {file.no} has no such condition; there are: {', '.join(names) or 'none'}")
    (kept,) = keep_papers(file, [document])
    for procedure_id in known:
        event = ConditionMet(
            id=work.new_id(),
            at=work.now(),
            condition=condition,
            document=kept,
            by=work.actor,
            hold_id=hold_id,
            met_at=met_at,
        )
        file.apply(procedure_id, event)
    save(desk, mail)
    return file


def pause_answer(work: Work, mail: Mail, case_id: UUID, request_id: UUID, reason: str) -> CaseFile:
    """Stop the answer clock of a request; ``reason`` is a code. It never stands still beyond its hard end.

    Raises:
        InvalidValue: The reason is no code.
        EventRefused: The definition lets nothing stop this clock, or it does not run.
    """
    code = reason_code(reason, "information_missing")
    return act_in(
        work,
        mail,
        case_id,
        request_id,
        lambda _, known: ClockPaused(**known, request_id=request_id, by=work.actor, reason=code),
    )


def resume_answer(work: Work, mail: Mail, case_id: UUID, request_id: UUID) -> CaseFile:
    """Let a stopped answer clock run again with what was left of it.

    Raises:
        EventRefused: It is not stopped.
    """
    return act_in(
        work, mail, case_id, request_id, lambda _, known: ClockResumed(**known, request_id=request_id, by=work.actor)
    )
