"""How money that moved on is followed: how deep, by whom, and what is owed to those who hold none of it."""

from workflows import effects as fx
from workflows.copying import replace
from workflows.engine import claims, measures, waits
from workflows.engine.step import EventRefused, Step
from workflows.events import ChaseExtended
from workflows.ids import derived_id
from workflows.state import Approval, Hold, Request

EXTEND = "extend_chase"
"""The act of an approval by which the chase goes deeper."""
_KEPT = frozenset({"stopped", "frozen"})
BEYOND = "chase_depth"
"""Why a hold waits that lies deeper than the money is followed by itself."""


def depth(step: Step) -> int:
    """Return the tier down to which money is followed by now."""
    return step.definition.chase_depth + step.chase_extra


def beyond_task(step: Step) -> str:
    """Return the task of a hold that lies deeper."""
    extension = step.definition.extension
    return step.definition.chase_task if extension is None else extension.task


def chase_extended(step: Step, event: ChaseExtended) -> None:
    """Follow the money deeper, with the approval that the definition wants; the chase stays bounded by its limit.

    Raises:
        EventRefused: The definition has no extension, or the chase is at its limit.
    """
    hold, extension = step.hold(event.hold_id), step.definition.extension
    approval_id = derived_id(step.at, event.id, "approval")
    if approval_id in step.approvals or approval_id in hold.past_approvals or hold.tier <= depth(step):
        return
    if extension is None:
        msg = f"{step.definition.name} has no extension of the chase: confirm the account, or drop it"
        raise EventRefused(msg)
    if depth(step) + extension.by > extension.limit:
        msg = f"the chase goes to tier {extension.limit} at most, and is at {depth(step)}"
        raise EventRefused(msg)
    if any(approval.act == EXTEND for approval in step.approvals.values()):
        msg = "an extension of the chase already waits for approval"
        raise EventRefused(msg)
    if extension.approval == "before":
        step.open_approval(
            Approval(
                id=approval_id,
                act=EXTEND,
                hold_id=hold.id,
                asked_by=event.by,
                amount_minor=None,
                ends_at=None,
                documents=(),
                reason=BEYOND,
            )
        )
        return
    extend(step, event.by)


def extend(step: Step, by: str) -> None:
    """Go deeper by one extension, and ask about what waited there."""
    extension = step.definition.extension
    if extension is None or depth(step) + extension.by > extension.limit:
        return
    step.chase_extra += extension.by
    for task in list(step.tasks.values()):
        hold = step.holds.get(task.subject_id)
        if hold is None or hold.tier > depth(step) or not (task.reason or "").startswith(BEYOND):
            continue
        step.close_task(task, "done", by)
        claims.go_on(step, hold, tuple((task.reason or "").split(",")[1:]))


# -- bank to bank


def told(step: Step, hold: Hold) -> None:
    """Watch the next institution, which the one that moved the money tells itself: the centre sends nothing yet."""
    box = step.definition.told
    request = measures.written(step, hold, claims.first_kind(step, hold), asked_minor=hold.traced_minor)
    request = step.put_request(replace(request, stage="delivered", delivered_at=step.at, told=True))
    if box is not None:
        derivation = step.derive(box, step.at)
        step.put_request(replace(request, answer_due_at=derivation.due_at))
        step.start_clock("answer", "request", request.id, derivation)


def ask_itself(step: Step, request: Request) -> None:
    """Send what the other institution should have told: nothing was heard in time; our own speed counts from now."""
    hold = step.hold(request.hold_id)
    step.put_hold(replace(hold, since=step.at))
    request = step.put_request(
        replace(request, told=False, stage="queued", created_at=step.at, delivered_at=None, answer_due_at=None)
    )
    step.effects.append(fx.SendRequest(request_id=request.id, rank=measures.rank_of(step, request)))
    waits.await_receipt(step, request)


# -- those who hold no money


def owe(step: Step, hold: Hold, *occasions: str) -> None:
    """Open the tasks of the duties that an occasion brings; each says towards whom."""
    for duty in step.definition.obligations:
        if duty.when in occasions:
            step.open_task(duty.task, "hold", hold.id, reason=duty.to)


def after_answer(step: Step, before: Hold, marks: frozenset[str], *, has_hops: bool) -> None:
    """Open the duties that an answer brings: money held, let go, drawn, spent or gone to another institution."""
    if not step.definition.obligations:
        return
    hold = step.hold(before.id)
    occasions = set(marks)
    if has_hops:
        occasions.add("moved_on")
    if hold.state in _KEPT and before.state not in _KEPT:
        occasions.add("held")
    if hold.state == "released" and before.state != "released":
        occasions.add("released")
    owe(step, hold, *occasions)
