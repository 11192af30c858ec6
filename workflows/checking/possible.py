"""Every event that may come next: from the state and the definition, one function for each who acts."""

from collections.abc import Callable, Hashable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from workflows import events as ev
from workflows.checking import answering, scenes
from workflows.checking.moves import BANK, PERSON, REPORTER, TIME, Move
from workflows.checking.scenes import Scene
from workflows.checking.shape import OVER, TRAVEL_CLOCKS
from workflows.checking.standing import APPEAL, CONFLICT, hold_of, in_air
from workflows.scheme import Definition
from workflows.state import LIVE_HOLDS, Approval, Clock, Hold, ProcedureState, Request

_SECOND = timedelta(seconds=1)


class Possible:
    """What may happen under one definition; what is worth one try only is yielded once."""

    def __init__(self, definition: Definition, new_id: Callable[[], UUID]) -> None:
        """Group the outcomes of each kind of request by what they make of a hold."""
        self.definition = definition
        self.new_id = new_id
        self.answers = answering.Answers(definition, new_id, self.is_first)
        self._tried: set[Hashable] = set()
        counting = [kind for kind, rules in definition.requests.items() if rules.counts_term and kind != "stop"]
        self._coupled = ("stop", *counting[:1], "release")

    def is_first(self, *key: Hashable) -> bool:
        """Tell whether a move of this class was not yielded before."""
        if key in self._tried:
            return False
        self._tried.add(key)
        return True

    def moves(self, scene: Scene, state: ProcedureState, now: datetime) -> Iterator[Move]:
        """Yield what may happen after ``now``."""
        at = now + _SECOND
        if state.phase == "new":
            event = ev.ProcedureOpened(id=self.new_id(), at=at, content_hash=self.definition.content_hash)
            yield Move(actor=REPORTER, words="the case is opened", event=event)
        elif scene.is_travel:
            yield from self._time(scene, state, now)
            for request in state.requests.values():
                if request.stage not in OVER:
                    yield from self._travelling(scene, state, request, at)
                    yield from self.answers.pending(scene, state, request, at)
        elif scene.is_reduced and (first := self._first_of_all(scene, state, at)):
            yield from first
        else:
            yield from self._claims(scene, state, at)
            yield from self._time(scene, state, now)
            for request in state.requests.values():
                yield from self.answers.moves(scene, state, request, at)
                if not scene.is_reduced and request.stage not in OVER:
                    yield from self._travelling(scene, state, request, at)
            yield from self._filing(scene, state, at)
            for approval in state.approvals.values():
                yield from self._approvals(scene, state, approval, at)
            for hold in state.holds.values():
                yield from self._people(scene, state, hold, at)
            if not scene.is_reduced:
                yield from self._tasks(state, at)
                yield from self._doubts(state, at)

    def _first_of_all(self, scene: Scene, state: ProcedureState, at: datetime) -> list[Move]:
        """Return what is done before anything else where holds are explored together.

        No other hold notices the filing, an approval that waits, or an open request that counts no term.
        """
        if scene.files and state.holds and state.filing is None:
            return list(self._filing(scene, state, at))
        for approval in state.approvals.values():
            return list(self._approvals(scene, state, approval, at))
        for request in state.requests.values():
            rules = self.definition.requests[request.kind]
            if request.stage not in OVER and request.kind != "stop" and not rules.counts_term:
                return list(self.answers.moves(scene, state, request, at))
        return []

    # -- the side of the reporter

    def _claims(self, scene: Scene, state: ProcedureState, at: datetime) -> Iterator[Move]:
        if not state.holds:
            claims = list(scenes.first_claims(self.definition, at))
            for words, claim in claims[:1] if scene.is_reduced else claims:
                yield self._claim(words, claim, at)
        elif scene.second and len(state.holds) == 1:
            claim = scenes.claim(1, at, receipt=1)
            yield self._claim("a report names a second receipt in the same account", claim, at)
            yield self._claim("the same receipt is claimed anew", scenes.claim(2, at), at)

    def _claim(self, words: str, claim: ev.Claim, at: datetime) -> Move:
        event = ev.ClaimAdded(id=self.new_id(), at=at, claim=claim)
        return Move(actor=REPORTER, words=words, event=event, about=claim.hold_id, label="claim")

    # -- time

    def _time(self, scene: Scene, state: ProcedureState, now: datetime) -> Iterator[Move]:
        for clock in state.clocks.values():
            hold_id = hold_of(state, clock.subject_kind, clock.subject_id)
            once = self._clock_class(scene, state, clock, hold_id)
            if once is not None and (scene.is_reduced or not self.is_first(*once)):
                continue
            if scene.is_reduced and clock.kind == "approval":
                continue
            event = ev.ClockReached(id=self.new_id(), at=max(now, clock.due_at), clock_id=clock.id)
            rule = clock.derivation.rule
            words = f"time: the clock {clock.kind} comes due ({rule}, {clock.derivation.length})"
            yield Move(actor=TIME, words=words, event=event, about=hold_id, label=clock.kind, rule=rule)

    def _clock_class(
        self, scene: Scene, state: ProcedureState, clock: Clock, hold_id: UUID | None
    ) -> tuple[Hashable, ...] | None:
        """Name the class of a clock of which one is enough; None for one that may change a hold."""
        hold = state.holds.get(hold_id) if hold_id else None
        where = hold.state if hold else None
        if clock.kind == "task":
            task = state.tasks[clock.subject_id]
            return ("again", task.kind, where, min(task.level, 1))
        if clock.kind.endswith("_warning"):
            return (clock.kind, clock.step, where)
        if clock.kind in TRAVEL_CLOCKS and not scene.is_travel:
            return (clock.kind, state.requests[clock.subject_id].kind, where)
        if scene.is_travel and clock.kind not in TRAVEL_CLOCKS:
            return ("beside", clock.kind, where)
        return None

    # -- the way of a request

    def _travelling(self, scene: Scene, state: ProcedureState, request: Request, at: datetime) -> Iterator[Move]:
        hold, kind = state.holds[request.hold_id], request.kind
        if scene.is_travel or self.is_first("delivered", kind, hold.state):
            delivered = ev.RequestDelivered(
                id=self.new_id(), at=at, request_id=request.id, channel="channel", sent_at=at, delivered_at=at
            )
            yield Move(actor=BANK, words=f"the {kind} is delivered", event=delivered, about=hold.id)
        if scene.is_travel or self.is_first("missing", kind, hold.state):
            missing = ev.ChannelMissing(id=self.new_id(), at=at, request_id=request.id)
            yield Move(actor=PERSON, words=f"no channel reaches the bank for the {kind}", event=missing, about=hold.id)
        if self.is_first("remind", kind, request.stage, scene.is_travel):
            asked = ev.ReminderAsked(id=self.new_id(), at=at, request_id=request.id, by="officer")
            yield Move(actor=PERSON, words=f"a person reminds the bank of the {kind}", event=asked, about=hold.id)
        if self.is_first("papers", kind, hold.state, scene.is_travel):
            papers = ev.PapersFollowed(id=self.new_id(), at=at, request_id=request.id, document="papers")
            yield Move(actor=PERSON, words=f"the papers of the {kind} follow", event=papers, about=hold.id)

    # -- people

    def _filing(self, scene: Scene, state: ProcedureState, at: datetime) -> Iterator[Move]:
        if state.filing is not None or not state.holds:
            return
        airborne = [(hold.state, in_air(state, hold)) for hold in state.holds.values()]
        if any(air for _, air in airborne) and not self.is_first("filing", scene.name, *sorted(airborne)):
            return
        if scene.files:
            filed = ev.CaseFiled(id=self.new_id(), at=at, by="officer", document="filing")
            yield Move(actor=PERSON, words="the case is filed", event=filed, label="filed")
        if scene.declines:
            declined = ev.CaseNotFiled(id=self.new_id(), at=at, by="officer", document="refusal")
            yield Move(actor=PERSON, words="the authority declines to file the case", event=declined, label="not filed")

    def _approvals(self, scene: Scene, state: ProcedureState, approval: Approval, at: datetime) -> Iterator[Move]:
        act, hold_id = approval.act, approval.hold_id
        where = state.holds[hold_id].state
        given = ev.ApprovalGiven(id=self.new_id(), at=at, approval_id=approval.id, by="leader")
        words = f"another person approves the {act}"
        yield Move(actor=PERSON, words=words, event=given, about=hold_id, label=f"approve {act}")
        if scene.is_reduced:
            return
        if self.is_first("not approved", act, where):
            no = ev.ApprovalRefused(id=self.new_id(), at=at, approval_id=approval.id, by="leader", reason="not_needed")
            yield Move(actor=PERSON, words=f"the {act} is not approved", event=no, about=hold_id)
        if self.is_first("same person", act):
            same = ev.ApprovalGiven(id=self.new_id(), at=at, approval_id=approval.id, by=approval.asked_by)
            yield Move(actor=PERSON, words=f"whoever asked for the {act} approves it", event=same, about=hold_id)

    def _people(self, scene: Scene, state: ProcedureState, hold: Hold, at: datetime) -> Iterator[Move]:
        if hold.state == "unconfirmed":
            yield from self._looking(hold, at)
        if hold.state in LIVE_HOLDS:
            dropped = ev.ClaimDropped(id=self.new_id(), at=at, hold_id=hold.id, by="officer", reason="wrong")
            yield Move(actor=PERSON, words="a person drops the claim", event=dropped, about=hold.id, label="drop")
        yield from self._asking(scene, state, hold, at)
        if scene.is_reduced:
            return
        if hold.appeal_id is None and not hold.past_appeals and not in_air(state, hold):
            appeal = ev.AppealReceived(id=self.new_id(), at=at, hold_id=hold.id, appeal_id=scenes.APPEAL)
            yield Move(actor=REPORTER, words="the holder of the account objects", event=appeal, about=hold.id)
        if hold.appeal_id is not None:
            for upheld in (True, False):
                decided = ev.AppealDecided(
                    id=self.new_id(), at=at, appeal_id=hold.appeal_id, by="leader", upheld=upheld
                )
                words = f"the objection is {'upheld' if upheld else 'rejected'}"
                yield Move(actor=PERSON, words=words, event=decided, about=hold.id)

    def _looking(self, hold: Hold, at: datetime) -> Iterator[Move]:
        confirmed = ev.ClaimConfirmed(id=self.new_id(), at=at, hold_id=hold.id, by="officer")
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

    def _asking(self, scene: Scene, state: ProcedureState, hold: Hold, at: datetime) -> Iterator[Move]:
        """Yield each further measure: alone wherever it may be, beside another one once for each pair and state."""
        airborne = in_air(state, hold)
        if len(airborne) >= scene.in_air or APPEAL in airborne or CONFLICT in airborne:
            return
        for kind in self._coupled if scene.is_reduced else self.definition.requests:
            if airborne and not self.is_first("pair", hold.state, airborne, kind):
                continue
            asked = ev.MeasureAsked(id=self.new_id(), at=at, hold_id=hold.id, kind=kind, by="officer")
            words = f"a person asks for {kind}"
            yield Move(actor=PERSON, words=words, event=asked, about=hold.id, label=f"ask {kind}")

    def _tasks(self, state: ProcedureState, at: datetime) -> Iterator[Move]:
        for task in state.tasks.values():
            hold_id = hold_of(state, task.subject_kind, task.subject_id)
            hold = state.holds.get(hold_id) if hold_id else None
            if not self.definition.tasks[task.kind].done and not self.is_first(
                "tick", task.kind, hold.state if hold else None
            ):
                continue
            done = ev.TaskCompleted(id=self.new_id(), at=at, task_id=task.id, by="officer")
            words = f"a person ticks off the task {task.kind}"
            yield Move(actor=PERSON, words=words, event=done, about=hold_id, label=f"done: {task.kind}")

    def _doubts(self, state: ProcedureState, at: datetime) -> Iterator[Move]:
        for hold in state.holds.values():
            for kind in ("differ", "quarantine"):
                if self.is_first("doubt", kind, hold.state):
                    doubt = ev.DoubtRaised(
                        id=self.new_id(), at=at, kind=kind, subject_kind="hold", subject_id=hold.id, reason="amount"
                    )
                    yield Move(actor=REPORTER, words=f"a doubt is raised: {kind}", event=doubt, about=hold.id)
