"""Every event that may come next: from the state and the definition, one function for each who acts."""

from collections.abc import Callable, Hashable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from workflows import events as ev
from workflows.checking import answering, claiming, deciding, scenes
from workflows.checking.moves import BANK, PERSON, REPORTER, TIME, Move
from workflows.checking.scenes import Scene
from workflows.checking.shape import OVER, TRAVEL_CLOCKS
from workflows.checking.standing import hold_of, in_air
from workflows.scheme import Definition
from workflows.scheme_clocks import PAPERS
from workflows.state import Approval, Clock, ProcedureState, Request

_SECOND = timedelta(seconds=1)


class Possible:
    """What may happen under one definition; what is worth one try only is yielded once."""

    def __init__(self, definition: Definition, new_id: Callable[[], UUID]) -> None:
        """Take the definition; ``new_id`` gives an id that no event of any path had before."""
        self.definition = definition
        self.new_id = new_id
        self.answers = answering.Answers(definition, new_id, self.is_first)
        self.people = deciding.People(definition, new_id, self.is_first)
        self._tried: set[Hashable] = set()

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
            for approval in state.approvals.values():
                yield from self._approvals(scene, state, approval, at)
            yield from self.people.moves(scene, state, at)

    def _first_of_all(self, scene: Scene, state: ProcedureState, at: datetime) -> list[Move]:
        """Return what is done before anything else where holds are explored together.

        No other hold notices the filing, an approval that waits, or an open request that counts no term.
        """
        if scene.files and not scene.withdraws and state.holds and state.filing is None:
            return list(self.people.filing(scene, state, at))
        for approval in state.approvals.values():
            rules = self.definition.requests.get(approval.act)
            if rules is not None and rules.filing and state.filing is None:
                return [self.people.filed(at)]
            return list(self._approvals(scene, state, approval, at))
        for request in state.requests.values():
            rules = self.definition.requests[request.kind]
            if request.stage not in OVER and rules.role != "stop" and not rules.counts_term:
                moves = list(self.answers.moves(scene, state, request, at))
                if scene.others:
                    moves += self.people.held_back(state, state.holds[request.hold_id], at)
                return moves
        return []

    # -- the side of the reporter

    def _claims(self, scene: Scene, state: ProcedureState, at: datetime) -> Iterator[Move]:
        if not state.holds:
            claims = list(claiming.first_claims(self.definition, at))
            for words, claim in claims[:1] if scene.is_reduced else claims:
                yield self._claim(words, claim, at)
        elif scene.second and len(state.holds) == 1:
            second = scenes.claim(self.definition, 1, at, receipt=1)
            yield self._claim("a report names a second receipt in the same account", second, at)
            yield self._claim("the same receipt is claimed anew", scenes.claim(self.definition, 2, at), at)

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
            label = clock.code or clock.kind
            yield Move(actor=TIME, words=words, event=event, about=hold_id, label=label, rule=rule)

    def _clock_class(
        self, scene: Scene, state: ProcedureState, clock: Clock, hold_id: UUID | None
    ) -> tuple[Hashable, ...] | None:
        """Name the class of a clock of which one is enough; None for one that may change a hold."""
        hold = state.holds.get(hold_id) if hold_id else None
        where = hold.state if hold else None
        if clock.kind == "task":
            task = state.tasks[clock.subject_id]
            return ("again", task.kind, where, min(task.level, 1))
        if clock.kind.endswith(("_warning", "_review")):
            return (clock.kind, clock.code, min(clock.step, 9), where)
        if clock.kind in TRAVEL_CLOCKS and not scene.is_travel:
            return (clock.kind, state.requests[clock.subject_id].kind, where)
        if scene.is_travel and clock.subject_kind != "request":
            return ("beside", clock.kind, where)
        return None

    # -- the way of a request

    def _travelling(self, scene: Scene, state: ProcedureState, request: Request, at: datetime) -> Iterator[Move]:
        hold, kind, travel = state.holds[request.hold_id], request.kind, scene.is_travel
        if travel or self.is_first("delivered", kind, hold.state):
            delivered = ev.RequestDelivered(
                id=self.new_id(), at=at, request_id=request.id, channel="channel", sent_at=at, delivered_at=at
            )
            yield Move(actor=BANK, words=f"the {kind} is delivered", event=delivered, about=hold.id)
        if travel or self.is_first("missing", kind, hold.state):
            missing = ev.ChannelMissing(id=self.new_id(), at=at, request_id=request.id)
            yield Move(actor=PERSON, words=f"no channel reaches the bank for the {kind}", event=missing, about=hold.id)
        if self.is_first("remind", kind, request.stage, travel):
            asked = ev.ReminderAsked(id=self.new_id(), at=at, request_id=request.id, by="officer")
            yield Move(actor=PERSON, words=f"a person reminds the bank of the {kind}", event=asked, about=hold.id)
        needs_papers = any(condition.needs == PAPERS for condition in self.definition.conditions.values())
        if needs_papers or self.is_first("papers", kind, hold.state, travel):
            papers = ev.PapersFollowed(id=self.new_id(), at=at, request_id=request.id, document="papers")
            yield Move(actor=PERSON, words=f"the papers of the {kind} follow", event=papers, about=hold.id)
        limits = self.definition.answer_clock(kind, request.urgency)
        if limits.pause_on and (travel or self.is_first("pause", kind, hold.state)):
            stopped = ev.ClockPaused(id=self.new_id(), at=at, request_id=request.id, by="officer", reason="waits")
            yield Move(actor=PERSON, words=f"a person stops the clock of the {kind}", event=stopped, about=hold.id)
            again = ev.ClockResumed(id=self.new_id(), at=at, request_id=request.id, by="officer")
            yield Move(actor=PERSON, words=f"a person lets the clock of the {kind} run", event=again, about=hold.id)

    # -- approvals

    def _approvals(self, scene: Scene, state: ProcedureState, approval: Approval, at: datetime) -> Iterator[Move]:
        act, hold_id = approval.act, approval.hold_id
        hold = state.holds[hold_id]
        given = ev.ApprovalGiven(id=self.new_id(), at=at, approval_id=approval.id, by="leader")
        words = f"another person approves the {act}"
        yield Move(actor=PERSON, words=words, event=given, about=hold_id, label=f"approve {act}")
        if scene.is_reduced:
            return
        if self.is_first("not approved", act, hold.state, len(in_air(state, hold))):
            no = ev.ApprovalRefused(id=self.new_id(), at=at, approval_id=approval.id, by="leader", reason="not_needed")
            yield Move(actor=PERSON, words=f"the {act} is not approved", event=no, about=hold_id)
        if self.is_first("same person", act):
            same = ev.ApprovalGiven(id=self.new_id(), at=at, approval_id=approval.id, by=approval.asked_by)
            yield Move(actor=PERSON, words=f"whoever asked for the {act} approves it", event=same, about=hold_id)
