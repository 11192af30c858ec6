"""What an institution may say, and what people make of answers that contradict each other."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from workflows import events as ev
from workflows.checking import scenes
from workflows.checking.moves import BANK, PERSON, Move
from workflows.checking.scenes import Scene
from workflows.checking.shape import OVER
from workflows.checking.standing import in_air, is_last
from workflows.scheme import HOLDING, Definition, Outcome
from workflows.state import Hold, ProcedureState, Request

UNKNOWN = "a_code_that_nobody_mapped"
AMOUNTED = HOLDING | {"reduced", "returned"}
"""Effects with which an answer may have to state how much is held."""
_COUPLING = frozenset({"stopped", "frozen", "renewed", "released", "returned", "none", "reduced"})
"""Effects that another hold of the account can notice."""


class Answers:
    """The answers that one definition knows, by kind of request and by what they make of a hold."""

    def __init__(self, definition: Definition, new_id: Callable[[], UUID], is_first: Callable[..., bool]) -> None:
        """Group the outcomes; ``is_first`` tells whether a class of moves is tried for the first time."""
        self.definition = definition
        self.new_id = new_id
        self.is_first = is_first
        self.groups = {kind: _groups(definition, kind) for kind in definition.requests}

    def moves(self, scene: Scene, state: ProcedureState, request: Request, at: datetime) -> Iterator[Move]:
        """Yield what the institution may say about a request, and what a person may decide between two answers."""
        hold = state.holds[request.hold_id]
        if request.stage in OVER:
            if scene.is_reduced:
                return
            if is_last(state, request) and not in_air(state, hold):
                yield from self._once_more(hold, request, at)
            if request.conflict:
                yield from self._settling(request, hold, at)
            return
        for outcomes in self.groups[request.kind]:
            yield from self._group(scene, state, request, outcomes, at)
        if scene.hops:
            yield from self._hops(scene, state, request, at)
        if not scene.is_reduced:
            yield from self.pending(scene, state, request, at)
            yield from self._odd(request, hold, at)

    def _group(
        self, scene: Scene, state: ProcedureState, request: Request, outcomes: tuple[Outcome, ...], at: datetime
    ) -> Iterator[Move]:
        first, hold = outcomes[0], state.holds[request.hold_id]
        is_declined = state.filing == "declined"
        if scene.is_reduced:
            if first.hold[request.kind] in _COUPLING:
                yield self._answer(request, first.code, at, *_amounts(first, request.kind, hold)[0])
            return
        for outcome in outcomes:
            for number, (words, held) in enumerate(_amounts(outcome, request.kind, hold)):
                is_followed = outcome is first and number == 0
                if is_followed or self.is_first("answer", outcome.code, request.kind, hold.state, is_declined, words):
                    yield self._answer(request, outcome.code, at, words, held)

    def _answer(self, request: Request, code: str, at: datetime, words: str = "", held: int | None = None) -> Move:
        event = ev.AnswerReceived(
            id=self.new_id(),
            at=at,
            reply_id=self.new_id(),
            request_id=request.id,
            outcome=code,
            held_minor=held,
            executed_at=at,
        )
        return Move(
            actor=BANK,
            words=f"the bank answers {code} to the {request.kind}{f', {words}' if words else ''}",
            event=event,
            about=request.hold_id,
            label=f"{request.kind}: {code}",
            rule=f"outcomes.{code}",
        )

    def pending(self, scene: Scene, state: ProcedureState, request: Request, at: datetime) -> Iterator[Move]:
        """Yield answers that are not final: pending ones, codes that the kind cannot have, unknown codes."""
        hold = state.holds[request.hold_id]
        where = (request.kind, hold.state, request.stage, scene.is_travel)
        limits = self.definition.answer_clock(request.kind, request.urgency)
        for code, outcome in self.definition.outcomes.items():
            is_final = outcome.conclusive and request.kind in outcome.hold
            moves_clock = scene.is_travel and code in {*limits.pause_on, *limits.resume_on}
            if not is_final and (moves_clock or self.is_first("pending", code, *where)):
                yield self._answer(request, code, at)
        if self.is_first("pending", UNKNOWN, *where):
            yield self._answer(request, UNKNOWN, at)

    def _odd(self, request: Request, hold: Hold, at: datetime) -> Iterator[Move]:
        """Yield answers whose amount or instant is missing or odd."""
        for code, outcome in self.definition.outcomes.items():
            effect = outcome.hold.get(request.kind)
            if not outcome.conclusive or effect is None:
                continue
            if outcome.amount != "none" and self.is_first("no amount", code, request.kind, hold.state):
                yield self._answer(request, code, at, "without an amount")
            if effect in HOLDING and self.is_first("instants", effect, request.kind, hold.state):
                yield from self._odd_instants(request, hold, code, at)

    def _odd_instants(self, request: Request, hold: Hold, code: str, at: datetime) -> Iterator[Move]:
        for words, executed_at, ends_at in (
            ("without its instant", None, None),
            ("with an instant that is still to come", at + timedelta(days=2), None),
            ("with an instant long before the request", at - timedelta(days=400), None),
            ("with an earlier end of its own", at, at + timedelta(hours=1)),
            ("with an end that has passed", at, at - timedelta(hours=1)),
        ):
            event = ev.AnswerReceived(
                id=self.new_id(),
                at=at,
                reply_id=self.new_id(),
                request_id=request.id,
                outcome=code,
                held_minor=scenes.whole(hold),
                executed_at=executed_at,
                ends_at=ends_at,
            )
            said = f"the bank answers {code} to the {request.kind}, {words}"
            yield Move(actor=BANK, words=said, event=event, about=request.hold_id, label=f"{request.kind}: {code}")

    def _once_more(self, hold: Hold, request: Request, at: datetime) -> Iterator[Move]:
        """Yield a second conclusive answer: one that holds and one that does not, against the first."""
        seen = set()
        for outcomes in self.groups.get(request.kind, ()):
            outcome = outcomes[0]
            sort = outcome.hold[request.kind] in HOLDING
            if sort in seen or outcome.code == request.outcome:
                continue
            seen.add(sort)
            if self.is_first("late", request.kind, hold.state, sort):
                yield self._answer(request, outcome.code, at, "once more", scenes.whole(hold) if sort else None)
        for code, outcome in self.definition.outcomes.items():
            ends = outcome.hold.get(request.kind) in {"lapsed", "released"}
            if ends and self.is_first("late", request.kind, hold.state, code):
                yield self._answer(request, code, at, "once more")

    def _settling(self, request: Request, hold: Hold, at: datetime) -> Iterator[Move]:
        for outcomes in self.groups.get(request.kind, ()):
            outcome = outcomes[0]
            settled = ev.AnswerSettled(
                id=self.new_id(),
                at=at,
                request_id=request.id,
                by="leader",
                outcome=outcome.code,
                held_minor=scenes.whole(hold) if outcome.amount != "none" else None,
                executed_at=at,
            )
            words = f"a person decides that the answer to the {request.kind} was {outcome.code}"
            yield Move(actor=PERSON, words=words, event=settled, about=request.hold_id)

    def _hops(self, scene: Scene, state: ProcedureState, request: Request, at: datetime) -> Iterator[Move]:
        """Yield answers that name where the money went: another account, and from there back to the first."""
        hold = state.holds[request.hold_id]
        if hold.tier > scene.hops or len(state.holds) > scene.hops:
            return
        hop = scenes.claim(self.definition, len(state.holds), at, account=hold.tier % 2, receipt=1, tier=hold.tier + 1)
        for outcomes in self.groups[request.kind]:
            outcome = outcomes[0]
            if outcome.hold[request.kind] not in {"none", "stopped"}:
                continue
            event = ev.AnswerReceived(
                id=self.new_id(),
                at=at,
                reply_id=self.new_id(),
                request_id=request.id,
                outcome=outcome.code,
                held_minor=scenes.part(hold) if outcome.amount != "none" else None,
                executed_at=at,
                next_hops=(hop,),
            )
            words = f"the bank answers {outcome.code} to the {request.kind} and names the next account"
            yield Move(actor=BANK, words=words, event=event, about=hold.id)


def _groups(definition: Definition, kind: str) -> tuple[tuple[Outcome, ...], ...]:
    """Return the conclusive outcomes of a kind, together where they make the same of a hold with the same amount."""
    found: dict[tuple[object, ...], list[Outcome]] = {}
    for outcome in definition.outcomes.values():
        if outcome.conclusive and kind in outcome.hold:
            effect = outcome.hold[kind]
            has_amount = outcome.amount != "none" and effect in AMOUNTED
            found.setdefault((effect, has_amount), []).append(outcome)
    return tuple(tuple(group) for group in found.values())


def _amounts(outcome: Outcome, kind: str, hold: Hold) -> tuple[tuple[str, int | None], ...]:
    if outcome.amount == "none":
        return (("", None),)
    if outcome.hold[kind] == "reduced":
        return (("in part", max(1, hold.held_minor // 2)),)
    return ("in full", scenes.whole(hold)), ("in part", scenes.part(hold)), ("with nothing held", 0)
