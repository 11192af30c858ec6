"""What people decide beside single measures: filing, papers, appeals, tasks."""

from workflows.copying import replace
from workflows.engine import claims, conditions, measures, pauses
from workflows.engine.step import ENDED, OVER, EventRefused, Step
from workflows.events import (
    AppealDecided,
    AppealReceived,
    CaseFiled,
    CaseNotFiled,
    DoubtRaised,
    PapersFollowed,
    TaskCompleted,
)
from workflows.scheme_clocks import PAPERS
from workflows.state import LIVE_HOLDS, Hold, Task

DOUBTS = frozenset({"differ", "quarantine", "balance", "parts"})
"""What `DoubtRaised` may be about: keys of the definition's `[watch]`."""
_OBJECTIONABLE = frozenset({"stopped", "frozen", "queued_behind", "in_question"})


def task_completed(step: Step, event: TaskCompleted) -> None:
    """Take a task from the list; one that only a decision ends is refused."""
    task = step.tasks.get(event.task_id)
    if task is None:
        return
    rules = step.definition.tasks[task.kind]
    if rules.decided:
        msg = f"task {task.kind} ends with the decision it asks for, not with a tick"
        raise EventRefused(msg)
    step.close_task(task, "done", event.by)
    _settle_lane(step, task)
    if rules.done == "lapse_confirmed":
        hold = step.hold(task.subject_id)
        if hold.state == "lapsed":
            step.put_hold(replace(hold, lapse_confirmed=True))


def _settle_lane(step: Step, task: Task) -> None:
    """End a hold that is dealt with outside this definition, once a person has said that it is."""
    hold = step.holds.get(task.subject_id)
    if hold is not None and hold.state == "unconfirmed" and step.definition.lane(hold.lane).task == task.kind:
        step.put_hold(replace(hold, state="none"))


def doubt_raised(step: Step, event: DoubtRaised) -> None:
    """Show a person what no order changes by; a subject that is no hold or request stands for the procedure."""
    if event.id in step.doubts:
        return
    if event.kind not in DOUBTS:
        msg = f"{event.kind!r} is no doubt; there are {', '.join(sorted(DOUBTS))}"
        raise EventRefused(msg)
    step.doubts = (*step.doubts, event.id)
    step.open_task(step.definition.watch[event.kind], event.subject_kind, event.subject_id, reason=event.reason)


def case_filed(step: Step, event: CaseFiled) -> None:
    """The case is filed: freezes may be asked for from now on. After a refusal to file it is a new procedure."""
    if step.filing == "filed":
        return
    if step.declined_at is not None:
        if event.at <= step.declined_at:
            return  # an old event again
        msg = "the authority declined to file: what is stopped is being released"
        raise EventRefused(msg)
    step.filing, step.filed_at = "filed", event.at
    conditions.filed(step, event.by)


def case_not_filed(step: Step, event: CaseNotFiled) -> None:
    """The authority declined: what is stopped must be released, what is not yet delivered is taken back."""
    if step.filing == "declined":
        return
    step.filing, step.declined_at = "declined", event.at
    for hold in list(step.holds.values()):
        if hold.state not in LIVE_HOLDS:
            continue
        if measures.was_confirmed(step, hold):
            measures.begin_release(step, hold, event.by, "not_filed")
        elif all(request.stage in {*OVER, "queued"} for request in step.requests_of(hold.id)):
            claims.drop(step, hold, event.by)


def papers_followed(step: Step, event: PapersFollowed) -> None:
    """The document that was to follow a request has come."""
    request = step.request(event.request_id)
    if event.document in request.documents:
        return
    request = step.put_request(replace(request, documents=(*request.documents, event.document)))
    step.close_tasks_of(request.id, step.definition.watch["papers"], how="done")
    if request.stage not in OVER:
        pauses.said(step, request, PAPERS)
    conditions.papers(step, request.hold_id)


def appeal_received(step: Step, event: AppealReceived) -> None:
    """The holder of the account objects: a decision is due."""
    hold = step.hold(event.hold_id)
    if event.appeal_id == hold.appeal_id or event.appeal_id in hold.past_appeals:
        return
    if hold.appeal_id is not None:
        msg = f"an appeal against hold {hold.id} is being decided already"
        raise EventRefused(msg)
    right = step.definition.objection
    if right is not None and event.side is not None and event.side not in right.who:
        msg = f"{event.side!r} may not object: only {', '.join(right.who)}"
        raise EventRefused(msg)
    if hold.state not in _OBJECTIONABLE:
        msg = f"hold {hold.id} is {hold.state}: there is nothing to object to"
        raise EventRefused(msg)
    step.put_hold(replace(hold, appeal_id=event.appeal_id))
    step.open_task(_appeal_task(step), "hold", hold.id)


def appeal_decided(step: Step, event: AppealDecided) -> None:
    """Close the appeal; an upheld one has the hold released."""
    for hold in step.holds.values():
        if event.appeal_id in hold.past_appeals:
            return
        if hold.appeal_id == event.appeal_id:
            break
    else:
        msg = f"there is no appeal {event.appeal_id} in this procedure"
        raise EventRefused(msg)
    _refuse_part(step, hold, event)
    step.close_tasks_of(hold.id, _appeal_task(step), how="done", by=event.by)
    hold = step.put_hold(replace(hold, appeal_id=None, past_appeals=(*hold.past_appeals, event.appeal_id)))
    if event.upheld and hold.state not in ENDED:
        if measures.was_confirmed(step, hold):
            measures.begin_release(step, hold, event.by, "appeal_upheld", keep_minor=event.keep_minor)
        elif all(request.stage in {*OVER, "queued"} for request in step.requests_of(hold.id)):
            claims.drop(step, hold, event.by)


def _appeal_task(step: Step) -> str:
    right = step.definition.objection
    return step.definition.watch["appeal"] if right is None else right.task


def _refuse_part(step: Step, hold: Hold, event: AppealDecided) -> None:
    """Refuse a partial release where the definition has none, or where nothing would be let go."""
    if event.keep_minor is None:
        return
    right, msg = step.definition.objection, None
    if right is None or right.effect != "partial":
        msg = f"{step.definition.name} releases a hold whole, or not at all"
    elif not event.upheld or not 0 < event.keep_minor < hold.held_minor:
        msg = f"what stays of hold {hold.id} must be more than nothing and less than the {hold.held_minor} held"
    if msg is not None:
        raise EventRefused(msg)
