"""Looks at each transition: what must hold after every event, whatever the definition says."""

from uuid import UUID

from workflows import effects as fx
from workflows import events as ev
from workflows.checking import roles
from workflows.checking.answering import AMOUNTED
from workflows.checking.exploring import Transition
from workflows.checking.faults import Fault, Faults
from workflows.checking.moves import BANK
from workflows.checking.shape import OVER
from workflows.checking.standing import hold_of
from workflows.scheme import Definition
from workflows.state import LIVE_HOLDS, Hold, ProcedureState, Request

_KNOWN = frozenset({"stopped", "frozen", "queued_behind"})
"""States in which a hold waits for nothing but its own clocks."""
_ASKS = (fx.OpenTask, fx.OpenApproval, fx.SendRequest, fx.SendReminder)


class Looking:
    """The properties of one transition."""

    def __init__(self, definition: Definition, faults: Faults) -> None:
        """Add what is found to ``faults``."""
        self.definition = definition
        self.faults = faults
        self._looking_back = {definition.watch.get("papers"), definition.watch.get("review")}

    def look(self, step: Transition) -> None:
        """Add the faults of one transition."""
        event = step.move.event
        if step.crash is not None:
            code = "outcome_unhandled" if isinstance(event, ev.AnswerReceived | ev.AnswerSettled) else "event_unhandled"
            self._add(step, code, type(step.crash).__name__, f"{step.move.words}: the engine fails with {step.crash!r}")
            return
        if step.refusal is not None:
            if isinstance(event, ev.AnswerReceived):
                about = f"refused {event.outcome}"
                self._add(step, "outcome_unhandled", about, f"{step.move.words}, and is refused: {step.refusal}")
            return
        if step.state is step.before.state:
            return
        self._waits(step)
        self._releases(step)
        self._receipts(step)
        match event:
            case ev.ClockReached():
                self._clock(step, event)
            case ev.AnswerReceived():
                self._answer(step, event)
            case ev.ApprovalGiven():
                self._approval(step, event)
            case _:
                pass
        self._chase(step)

    def _add(self, step: Transition, code: str, about: str, sentence: str) -> None:
        if not self.faults.has(code, about, step.before.depth + 1):
            self.faults.add(Fault(code, sentence, step.path()), about)

    # -- waits and clocks

    def _waits(self, step: Transition) -> None:
        state = step.state
        if state.phase != "open":
            return
        own = self._waited_for(state)
        for hold in state.holds.values():
            if hold.state in LIVE_HOLDS and _mark(hold.id) not in own:
                self._unwatched(step, "hold", f"the hold is {hold.state}")
        for request in state.requests.values():
            if request.stage not in OVER and request.id not in own:
                self._unwatched(step, "request", f"the {request.kind} is {request.stage}")
        for approval in state.approvals.values():
            if approval.id not in own:
                self._unwatched(step, "approval", f"the {approval.act} waits for approval")

    def _waited_for(self, state: ProcedureState) -> set[UUID]:
        """Return what a clock runs for: its subject, the subject of its task, and the hold (see `_mark`) of either."""
        own: set[UUID] = set()
        for clock in state.clocks.values():
            if clock.kind == "reminder" or clock.kind.endswith("_warning"):
                continue
            own.add(clock.subject_id)
            if clock.subject_kind == "task":
                task = state.tasks[clock.subject_id]
                own.add(task.subject_id)
                if task.kind in self._looking_back:
                    continue
            owner = hold_of(state, clock.subject_kind, clock.subject_id)
            if owner is not None:
                own.add(_mark(owner))
        return own

    def _unwatched(self, step: Transition, about: str, what: str) -> None:
        self._add(step, "no_wait_without_clock", about, f"after “{step.move.words}” {what}, and no clock runs for it")

    def _clock(self, step: Transition, event: ev.ClockReached) -> None:
        before, after = step.before.state, step.state
        if _asks(step):
            return
        if any(_says_something(before.holds[key], hold) for key, hold in after.holds.items()):
            return
        if after.requests != before.requests or after.approvals != before.approvals:
            return
        clock = before.clocks[event.clock_id]
        if clock.kind == "answer_limit" and any(
            other.kind == "ladder" and other.subject_id == clock.subject_id for other in after.clocks.values()
        ):
            return  # written down as late under the second limit too; people are rung since the first
        hold_id = hold_of(before, clock.subject_kind, clock.subject_id)
        where = f" while the hold is {before.holds[hold_id].state}" if hold_id else ""
        sentence = f"{clock.kind} ({clock.derivation.rule}) comes due{where}; nothing changes, and nobody is asked"
        self._add(step, "clock_without_effect", clock.kind, sentence)

    # -- answers

    def _answer(self, step: Transition, event: ev.AnswerReceived) -> None:
        before, after = step.before.state, step.state
        request = before.requests[event.request_id]
        outcome = self.definition.outcomes.get(event.outcome)
        if request.stage in OVER or outcome is None or not outcome.conclusive or request.kind not in outcome.hold:
            return
        needs = outcome.amount != "none" and outcome.hold[request.kind] in AMOUNTED
        if after.requests[request.id].stage not in OVER:
            if not needs or event.held_minor is not None:
                sentence = f"{step.move.words}, and the request still waits: the answer counts as unknown"
                self._add(step, "outcome_unhandled", f"waits {outcome.code}", sentence)
            return
        hold, was = after.holds[request.hold_id], before.holds[request.hold_id]
        if hold.state not in LIVE_HOLDS or _says_something(was, hold):
            return
        if _asks(step):
            return
        if any(other.hold_id == hold.id and other.stage not in OVER for other in after.requests.values()):
            return
        is_asked_already = {*outcome.tasks, *outcome.tasks_if_short, *outcome.tasks_if_no_hop} & {
            *open_tasks(after, hold.id)
        }
        # A question that was answered leaves the hold what it was: its own clocks run on.
        is_told = self.definition.role_of(request.kind) == "query" and hold.state in _KNOWN
        if is_asked_already or is_told or outcome.hold[request.kind] == hold.state:
            return
        sentence = f"{step.move.words}; the hold stays {hold.state}, and nobody is asked what becomes of it"
        self._add(step, "outcome_unhandled", f"silent {outcome.code} {request.kind}", sentence)

    # -- releases

    def _releases(self, step: Transition) -> None:
        before, after = step.before.state, step.state
        for effect in step.effects:
            if isinstance(effect, fx.SendRequest):
                request = after.requests[effect.request_id]
                if roles.is_release(self.definition, request.kind):
                    self._sent_release(step, request)
            elif (
                isinstance(effect, fx.OpenApproval)
                and roles.is_release(self.definition, effect.approval.act)
                and effect.approval.hold_id not in step.confirmed
            ):
                sentence = f"{step.move.words}, though no institution ever confirmed that it held the money"
                self._add(step, "release_unconfirmed", "asked", sentence)
        for key, hold in after.holds.items():
            was = before.holds.get(key)
            is_new = was is None or was.state != hold.state
            is_told = hold.state == "returned" and isinstance(step.move.event, ev.AnswerReceived | ev.AnswerSettled)
            if is_new and hold.state in {"released", "returned"} and key not in step.confirmed and not is_told:
                sentence = (
                    f"{step.move.words}: the hold counts as {hold.state}, though nobody confirmed that it was held"
                )
                self._add(step, "release_unconfirmed", hold.state, sentence)

    def _sent_release(self, step: Transition, request: Request) -> None:
        if request.hold_id not in step.confirmed:
            sentence = f"{step.move.words}: a release leaves for money that nobody confirmed to hold"
            self._add(step, "release_unconfirmed", "sent", sentence)
        twins = [
            other
            for other in step.state.requests.values()
            if other.hold_id == request.hold_id
            and other.stage not in OVER
            and roles.is_release(self.definition, other.kind)
        ]
        if len(twins) > 1:
            self._add(step, "double_release", "", f"{step.move.words}: two releases of one hold wait for an answer")

    def _approval(self, step: Transition, event: ev.ApprovalGiven) -> None:
        approval = step.before.state.approvals.get(event.approval_id)
        if approval is not None and approval.asked_by == event.by:
            sentence = f"{step.move.words}, and it is taken"
            self._add(step, "approval_by_same_person", approval.act, sentence)

    # -- claims

    def _receipts(self, step: Transition) -> None:
        if len(step.state.holds) == 1:
            return
        seen = set()
        for hold in step.state.holds.values():
            if hold.state in LIVE_HOLDS and hold.account_id is not None:
                key = (hold.account_id, hold.receipt_id)
                if key in seen:
                    self._add(step, "receipt_claimed_twice", "", f"{step.move.words}: one receipt has two live holds")
                seen.add(key)

    def _chase(self, step: Transition) -> None:
        """Beyond the depth of the chase nothing leaves unless a person acts."""
        if step.move.actor != BANK and not isinstance(step.move.event, ev.ClaimAdded):
            return
        for effect in step.effects:
            if isinstance(effect, fx.SendRequest):
                request = step.state.requests[effect.request_id]
                tier = step.state.holds[request.hold_id].tier
                if tier > self.definition.chase_depth + step.state.chase_extra:
                    sentence = f"{step.move.words}: a {request.kind} leaves for tier {tier} and nobody was asked"
                    self._add(step, "chase_unbounded", "depth", sentence)


def _asks(step: Transition) -> bool:
    """Tell whether somebody is asked, or a clock was started that still runs."""
    return any(
        isinstance(effect, _ASKS) or (isinstance(effect, fx.StartClock) and effect.clock.id in step.state.clocks)
        for effect in step.effects
    )


def _mark(hold_id: UUID) -> UUID:
    """Return an id that stands for "somebody waits for this hold", apart from its own clocks."""
    return UUID(int=hold_id.int ^ (1 << 127))


def _says_something(was: Hold, now: Hold) -> bool:
    """Tell whether a hold became something else: its state, its end, its amount, or what is known of it."""
    return (was.state, was.held_minor, was.stop_seq, was.lapse_confirmed, was.executed_at) != (
        now.state,
        now.held_minor,
        now.stop_seq,
        now.lapse_confirmed,
        now.executed_at,
    ) or (now.ends_at is not None and was.ends_at != now.ends_at)


def open_tasks(state: ProcedureState, hold_id: UUID) -> list[str]:
    """Return the kinds of the tasks about a hold, or about what belongs to it."""
    return [task.kind for task in state.tasks.values() if hold_of(state, task.subject_kind, task.subject_id) == hold_id]
