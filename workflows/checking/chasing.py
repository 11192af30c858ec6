"""Follows a chain of accounts that answers name, until a person is asked."""

from datetime import timedelta
from uuid import UUID

from workflows import events as ev
from workflows.checking import scenes
from workflows.checking.bounds import Bound
from workflows.checking.faults import Fault, Faults
from workflows.checking.moves import BANK, REPORTER, Move
from workflows.engine import EventRefused, advance
from workflows.scheme import HOLDING, Definition
from workflows.state import ProcedureState

_LENGTH = 2_000


def chase_ends(definition: Definition, bound: Bound, faults: Faults) -> int:
    """Let each answer name one more account; return how many orders left before a person was asked."""
    state, at, asset = ProcedureState(), scenes.START, scenes.asset_of(definition)
    moves: list[Move] = []
    opened = ev.ProcedureOpened(id=_number(0), at=at, content_hash=definition.content_hash)
    state, _ = advance(definition, state, opened)
    moves.append(Move(actor=REPORTER, words="the case is opened", event=opened))
    claim = _claim(1, asset)
    added = ev.ClaimAdded(id=_number(1), at=at + timedelta(seconds=1), claim=claim)
    state, _ = advance(definition, state, added)
    moves.append(Move(actor=REPORTER, words="a report names the account that received the money", event=added))
    for tier in range(2, bound.tiers + 2):
        waiting = [request for request in state.requests.values() if request.hold_id == claim.hold_id]
        if not waiting:
            return tier - 2
        at += timedelta(seconds=2)
        request, claim = waiting[0], _claim(tier, asset)
        code, held = _gone(definition, request.kind)
        answer = ev.AnswerReceived(
            id=_number(tier),
            at=at,
            reply_id=_number(tier),
            request_id=request.id,
            outcome=code,
            held_minor=held,
            executed_at=at,
            next_hops=(claim,),
        )
        try:
            state, _ = advance(definition, state, answer)
        except EventRefused:
            return tier - 1
        words = f"the bank answers {code} to the {request.kind} and names an account of tier {tier}"
        moves.append(Move(actor=BANK, words=words, event=answer))
    if any(request.hold_id == claim.hold_id for request in state.requests.values()):
        sentence = f"answers alone open {bound.tiers + 1} accounts in a row, and no person is asked to go on"
        faults.add(Fault("chase_unbounded", sentence, tuple(moves)), "tiers")
    return bound.tiers + 1


def _number(number: int) -> UUID:
    return UUID(int=(1 << 98) + number)


def _claim(tier: int, asset: str) -> ev.Claim:
    at = scenes.START + timedelta(seconds=2 * tier)
    return ev.Claim(
        hold_id=_number(_LENGTH + tier),
        account_id=_number(2 * _LENGTH + tier),
        institution_id=scenes.BANK,
        lead_id=None,
        receipt_id=_number(3 * _LENGTH + tier),
        tier=tier,
        amount_minor=scenes.AMOUNT,
        asset=asset,
        paid_at=at - scenes.FRESH,
        since=at,
    )


def _gone(definition: Definition, kind: str) -> tuple[str, int | None]:
    """Return an answer that says the money moved on, else any that holds it."""
    conclusive = [outcome for outcome in definition.outcomes.values() if outcome.conclusive and kind in outcome.hold]
    gone = [outcome for outcome in conclusive if outcome.hold[kind] == "none"]
    outcome = (gone or [outcome for outcome in conclusive if outcome.hold[kind] in HOLDING] or conclusive)[0]
    return outcome.code, scenes.AMOUNT // 2 if outcome.amount != "none" else None
