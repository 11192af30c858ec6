"""What people may do: look at claims, ask for measures, file, decide, correct, tick off."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from workflows import events as ev
from workflows.checking import roles, scenes
from workflows.checking.moves import PERSON, REPORTER, Move
from workflows.checking.scenes import Scene
from workflows.checking.standing import APPEAL, CONFLICT, hold_of, in_air
from workflows.scheme import Definition
from workflows.scheme_clocks import FILED, PAPERS
from workflows.state import LIVE_HOLDS, Hold, ProcedureState, Task


class People:
    """The acts of people under one definition."""

    def __init__(self, definition: Definition, new_id: Callable[[], UUID], is_first: Callable[..., bool]) -> None:
        """Find the measures that other holds of an account notice."""
        self.definition = definition
        self.new_id = new_id
        self.is_first = is_first
        self._coupled = _coupled(definition)
        self._freezes = roles.freezes(definition)[:1]

    def moves(self, scene: Scene, state: ProcedureState, at: datetime) -> Iterator[Move]:
        """Yield what people may do with the case and with each hold."""
        yield from self.filing(scene, state, at)
        for hold in state.holds.values():
            yield from self._on_hold(scene, state, hold, at)
            if not scene.is_reduced:
                yield from self._objections(state, hold, at)
                yield from self._conditions(hold, at)
                yield from self._doubts(hold, at)
            if scene.others:
                yield from self.held_back(state, hold, at)
            if scene.corrects:
                yield from self._correction(state, hold, at)
        if scene.withdraws:
            yield from self._withdrawal(state, at)
        if not scene.is_reduced:
            yield from self._tasks(state, at)

    def filing(self, scene: Scene, state: ProcedureState, at: datetime) -> Iterator[Move]:
        """Yield the decisions whether the case is filed; beside open measures once for each combination."""
        if state.filing is not None or not state.holds:
            return
        airborne = [(hold.state, in_air(state, hold)) for hold in state.holds.values()]
        if any(air for _, air in airborne) and not self.is_first("filing", scene.name, *sorted(airborne)):
            return
        if scene.files:
            yield self.filed(at)
        if scene.declines:
            no = ev.CaseNotFiled(id=self.new_id(), at=at, by="officer", document="refusal")
            yield Move(actor=PERSON, words="the authority declines to file the case", event=no, label="not filed")

    def filed(self, at: datetime) -> Move:
        """Return that the case is filed."""
        event = ev.CaseFiled(id=self.new_id(), at=at, by="officer", document="filing")
        return Move(actor=PERSON, words="the case is filed", event=event, label="filed")

    # -- one hold

    def _on_hold(self, scene: Scene, state: ProcedureState, hold: Hold, at: datetime) -> Iterator[Move]:
        if hold.state == "unconfirmed":
            yield from self._looking(hold, at)
        if hold.state in LIVE_HOLDS:
            dropped = ev.ClaimDropped(id=self.new_id(), at=at, hold_id=hold.id, by="officer", reason="wrong")
            yield Move(actor=PERSON, words="a person drops the claim", event=dropped, about=hold.id, label="drop")
        yield from self._asking(scene, state, hold, at)

    def _looking(self, hold: Hold, at: datetime) -> Iterator[Move]:
        confirmed = ev.ClaimConfirmed(id=self.new_id(), at=at, hold_id=hold.id, by="officer", note="note")
        words = "a person confirms the account"
        yield Move(actor=PERSON, words=words, event=confirmed, about=hold.id, label="confirm")
        if hold.account_id is None:
            resolved = ev.LeadResolved(
                id=self.new_id(),
                at=at,
                hold_id=hold.id,
                account_id=scenes.ACCOUNTS[0],
                institution_id=scenes.BANK,
                by="officer",
            )
            yield Move(actor=PERSON, words="a person finds the account", event=resolved, about=hold.id)
        if hold.tier > self.definition.chase_depth:
            deeper = ev.ChaseExtended(id=self.new_id(), at=at, hold_id=hold.id, by="officer")
            yield Move(actor=PERSON, words="a person asks to follow deeper", event=deeper, about=hold.id)

    def _asking(self, scene: Scene, state: ProcedureState, hold: Hold, at: datetime) -> Iterator[Move]:
        """Yield each further measure: alone wherever it may be, beside another one once for each pair and state."""
        airborne = in_air(state, hold)
        if len(airborne) >= scene.in_air or APPEAL in airborne or CONFLICT in airborne:
            return
        kinds = (*self._coupled, *(self._freezes if scene.withdraws else ()))
        for kind in kinds if scene.is_reduced else self.definition.requests:
            if airborne and not self.is_first("pair", scene.name, hold.state, airborne, kind):
                continue
            papers = self.definition.requests[kind].documents
            asked = ev.MeasureAsked(id=self.new_id(), at=at, hold_id=hold.id, kind=kind, by="officer", papers=papers)
            words = f"a person asks for {kind}"
            yield Move(actor=PERSON, words=words, event=asked, about=hold.id, label=f"ask {kind}")

    def _objections(self, state: ProcedureState, hold: Hold, at: datetime) -> Iterator[Move]:
        if hold.appeal_id is None and not hold.past_appeals and not in_air(state, hold):
            appeal = ev.AppealReceived(id=self.new_id(), at=at, hold_id=hold.id, appeal_id=scenes.APPEAL)
            yield Move(actor=REPORTER, words="the holder of the account objects", event=appeal, about=hold.id)
        if hold.appeal_id is None:
            return
        kept = scenes.part(hold) if hold.held_minor > scenes.part(hold) else None
        for words, upheld, keep in (("upheld", True, None), ("upheld in part", True, kept), ("rejected", False, None)):
            if words == "upheld in part" and (keep is None or not self.is_first("in part", hold.state)):
                continue
            decided = ev.AppealDecided(
                id=self.new_id(), at=at, appeal_id=hold.appeal_id, by="leader", upheld=upheld, keep_minor=keep
            )
            yield Move(actor=PERSON, words=f"the objection is {words}", event=decided, about=hold.id)

    def _conditions(self, hold: Hold, at: datetime) -> Iterator[Move]:
        """Yield what a condition needs, where it is neither the filing nor papers, which come by themselves."""
        for condition in self.definition.conditions.values():
            if condition.needs in {FILED, PAPERS} or hold.state not in LIVE_HOLDS:
                continue
            if hold.state == condition.applies_to or self.is_first("condition", condition.code, hold.state):
                met = ev.ConditionMet(
                    id=self.new_id(), at=at, condition=condition.code, document="d", by="officer", hold_id=hold.id
                )
                words = f"what {condition.code} needs comes: {condition.needs}"
                yield Move(actor=PERSON, words=words, event=met, about=hold.id, label=condition.code)

    def held_back(self, state: ProcedureState, hold: Hold, at: datetime) -> Iterator[Move]:
        """Yield that another procedure claims the account that a release would open, and the decision about it."""
        for request in state.requests.values():
            is_waiting = request.hold_id == hold.id and request.stage == "queued"
            is_release = is_waiting and self.definition.role_of(request.kind) == "release"
            if is_release and self.is_first("held back", hold.state, in_air(state, hold)):
                back = ev.ReleaseHeldBack(id=self.new_id(), at=at, request_id=request.id, claims=(scenes.OTHER_CASE,))
                words = "another case claims the account: the release is held back"
                yield Move(actor=REPORTER, words=words, event=back, about=hold.id)
        decision = self.definition.watch.get("claims_of_others")
        if any(task.kind == decision and task.subject_id == hold.id for task in state.tasks.values()):
            for go in (True, False):
                decided = ev.ReleaseDecided(id=self.new_id(), at=at, hold_id=hold.id, by="leader", go=go)
                words = f"a person decides that the release {'goes out' if go else 'does not go out'}"
                yield Move(actor=PERSON, words=words, event=decided, about=hold.id)

    def _doubts(self, hold: Hold, at: datetime) -> Iterator[Move]:
        for kind in ("differ", "quarantine", "balance", "parts"):
            if kind in self.definition.watch and self.is_first("doubt", kind, hold.state):
                doubt = ev.DoubtRaised(
                    id=self.new_id(), at=at, kind=kind, subject_kind="hold", subject_id=hold.id, reason="amount"
                )
                yield Move(actor=REPORTER, words=f"a doubt is raised: {kind}", event=doubt, about=hold.id)

    # -- the centre's own error, and the reporter's change of mind

    def _correction(self, state: ProcedureState, hold: Hold, at: datetime) -> Iterator[Move]:
        if len(state.holds) == 1 and hold.state in LIVE_HOLDS:
            right = replace(scenes.claim(self.definition, 1, at, account=1), tier=hold.tier)
            event = ev.ClaimCorrected(
                id=self.new_id(), at=at, hold_id=hold.id, claim=right, by="officer", reason="digits"
            )
            yield Move(actor=PERSON, words="the centre corrects the account", event=event, about=hold.id)

    def _withdrawal(self, state: ProcedureState, at: datetime) -> Iterator[Move]:
        if not state.withdrawals and self.definition.withdrawal_sides:
            asked = ev.WithdrawalAsked(
                id=self.new_id(),
                at=at,
                withdrawal_id=scenes.WITHDRAWAL,
                report_id=scenes.REPORT,
                hold_ids=tuple(state.holds),
                side=min(self.definition.withdrawal_sides),
                by="officer",
            )
            standing = [(hold.state, in_air(state, hold)) for hold in state.holds.values()]
            if standing and self.is_first("withdrawn", state.filing, *standing):
                yield Move(actor=REPORTER, words="the reporter's side wants the report back", event=asked)
        for withdrawal in state.withdrawals.values():
            if withdrawal.stage == "asked":
                verified = ev.WithdrawalVerified(id=self.new_id(), at=at, withdrawal_id=withdrawal.id, by="officer")
                yield Move(actor=PERSON, words="a person verifies the withdrawal", event=verified)
            if withdrawal.stage in {"asked", "verified"}:
                for approved in (True, False):
                    decided = ev.WithdrawalDecided(
                        id=self.new_id(), at=at, withdrawal_id=withdrawal.id, by="leader", approved=approved
                    )
                    words = f"the withdrawal is {'approved' if approved else 'refused'}"
                    yield Move(actor=PERSON, words=words, event=decided)

    # -- tasks

    def _tasks(self, state: ProcedureState, at: datetime) -> Iterator[Move]:
        for task in state.tasks.values():
            hold_id = hold_of(state, task.subject_kind, task.subject_id)
            hold = state.holds.get(hold_id) if hold_id else None
            if self._matters(task, hold) or self.is_first("tick", task.kind, hold.state if hold else None):
                done = ev.TaskCompleted(id=self.new_id(), at=at, task_id=task.id, by="officer")
                words = f"a person ticks off the task {task.kind}"
                yield Move(actor=PERSON, words=words, event=done, about=hold_id, label=f"done: {task.kind}")

    def _matters(self, task: Task, hold: Hold | None) -> bool:
        """Tell whether ticking off the task changes a hold: it confirms the lapse, or ends what a lane leaves."""
        if self.definition.tasks[task.kind].done:
            return True
        return hold is not None and self.definition.lane(hold.lane).task == task.kind


def _coupled(definition: Definition) -> tuple[str, ...]:
    """Return the kinds that stand for all where holds are explored together: stop, one that counts, release."""
    stops = [kind for kind, rules in definition.requests.items() if rules.role == "stop"]
    counting = [kind for kind, rules in definition.requests.items() if rules.counts_term and kind not in stops]
    releases = [kind for kind, rules in definition.requests.items() if rules.role == "release"]
    return (*stops[:1], *counting[:1], *releases[:1])
