"""What a bank does with a request about one account: pure rules over the account's state.

An account is stopped for a term and the stop then ends by itself; it can be stopped twice; it can be frozen for an
amount; either can be released. Only ``Effect``s change an account, and the same effects always give the same account.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from antifraud.channel.wire import BankRequest, NextAccount
from antifraud.simulator.setup import STOP_TERMS

FREEZE_TERM: Final = timedelta(days=182)
WITHOUT_EFFECT: Final = frozenset(
    {
        "refused",
        "no_account",
        "name_mismatch",
        "already_stopped",
        "prior_freeze",
        "count_exceeded",
        "whitelist",
        "lost_card",
        "closed",
        "doc_missing",
        "unsupported",
        "sys_error",
        "expired_op",
        "wrong_reply",
    }
)
"""Outcomes that a script can give without anything happening to the account."""
WITH_AMOUNT: Final = frozenset({"full", "partial", "gone", "moved_on"})
SILENT: Final = "silent"


@dataclass(frozen=True, slots=True)
class Move:
    """Money that had left before the bank was asked."""

    institution: str
    number: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountScript:
    """How an account answers; what is ``None`` follows from the balance.

    ``answer`` is an outcome code or ``silent``; ``after_seconds`` of the clock pass before the answer, 0 and ``None``
    put it into the response.
    """

    institution: str
    number: str
    holder: str | None = None
    balance_minor: int
    asset: str
    moves: tuple[Move, ...] = ()
    answer: str | None = None
    held_minor: int | None = None
    after_seconds: float | None = None
    invented: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something that was done to an account; ``key`` is the request's id, or the stop's for a lapse."""

    effect: str
    bank: str
    number: str
    key: str
    at: datetime
    amount_minor: int
    asset: str
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What the effects so far have made of an account."""

    script: AccountScript
    terms: int = 0
    stopped_until: datetime | None = None
    stopped_by: str | None = None
    claims: Mapping[str, int] = field(default_factory=dict)
    frozen_minor: int = 0
    frozen_until: datetime | None = None
    returned_minor: int = 0

    def after(self, effect: Effect) -> "Account":  # noqa: PLR0911 - one line for each kind of effect
        """Return the account as ``effect`` leaves it."""
        match effect.effect:
            case "stop" | "second_stop":
                claims = {effect.key: effect.amount_minor}
                return replace(
                    self,
                    terms=self.terms + 1,
                    stopped_until=effect.ends_at,
                    stopped_by=effect.key,
                    claims=claims,
                )
            case "supplement":
                return replace(self, claims={**self.claims, effect.key: effect.amount_minor})
            case "extend":
                if self.stopped_until is None:
                    return replace(self, frozen_until=effect.ends_at)
                return replace(self, terms=self.terms + 1, stopped_until=effect.ends_at)
            case "freeze":
                return replace(
                    self._unstopped(),
                    frozen_minor=self.frozen_minor + effect.amount_minor,
                    frozen_until=effect.ends_at,
                )
            case "return" if self.frozen_minor:
                return replace(
                    self,
                    frozen_minor=self.frozen_minor - effect.amount_minor,
                    returned_minor=self.returned_minor + effect.amount_minor,
                )
            case "return" | "recall":
                returned = self.returned_minor + effect.amount_minor
                return replace(self._unstopped(), returned_minor=returned)
            case "lapse":
                if self.stopped_until is not None:
                    return self._unstopped()
                return replace(self, frozen_minor=0, frozen_until=None)
            case "release":
                return replace(self._unstopped(), frozen_minor=0, frozen_until=None)
            case unknown:
                raise ValueError(unknown)

    def _unstopped(self) -> "Account":
        return replace(self, stopped_until=None, stopped_by=None, claims={})

    @property
    def balance_minor(self) -> int:
        """What lies in the account, held or not."""
        return self.script.balance_minor - self.returned_minor

    @property
    def free_minor(self) -> int:
        """What lies in the account and is claimed by nobody yet."""
        return max(0, self.balance_minor - sum(self.claims.values()) - self.frozen_minor)

    @property
    def ends_at(self) -> datetime | None:
        """When the measure on the account ends by itself."""
        return self.stopped_until or self.frozen_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the bank says, and what it did."""

    outcome: str
    held_minor: int | None = None
    ends_at: datetime | None = None
    reason: str | None = None
    next: tuple[NextAccount, ...] = ()
    effects: tuple[Effect, ...] = ()


def decide(  # noqa: PLR0911 - one line for each kind of request
    account: Account, request: BankRequest, at: datetime, stop_term: timedelta
) -> Decision:
    """Return what becomes of a request about this account at this instant; lapses up to ``at`` are in it already."""
    script = account.script
    if script.answer in WITHOUT_EFFECT:
        reason = "本行不予办理: 该业务须由开户网点核实" if script.answer == "refused" else None
        return Decision(outcome=script.answer, reason=reason)
    asked_holder = request.account.holder
    if script.holder is not None and asked_holder is not None and script.holder != asked_holder:
        return Decision(outcome="name_mismatch")
    match request.kind:
        case "stop":
            return _stop(account, request, at, stop_term)
        case "second_stop":
            return _term(account, request, at, stop_term)
        case "extend":
            return _extend(account, request, at, stop_term)
        case "freeze":
            return _freeze(account, request, at)
        case "release":
            return _release(account, request, at)
        case "return":
            return _return(account, request, at)
        case "recall":
            return _recall(account, request, at)
        case "trace":
            return Decision(outcome="moved_on" if script.moves else "gone", held_minor=0, next=_next(script, at))
        case _:
            return Decision(outcome="unsupported")


def _asked(request: BankRequest) -> int | None:
    asked = request.measure.amount_minor
    return request.receipt.amount_minor if asked is None else asked


def _effect(kind: str, account: Account, request: BankRequest, at: datetime, amount: int) -> Effect:
    return Effect(
        effect=kind,
        bank=account.script.institution,
        number=account.script.number,
        key=str(request.id),
        at=at,
        amount_minor=amount,
        asset=account.script.asset,
    )


def _next(script: AccountScript, at: datetime) -> tuple[NextAccount, ...]:
    return tuple(
        NextAccount(
            institution=move.institution,
            number=move.number,
            scheme="card",
            holder=None,
            amount_minor=move.amount_minor,
            asset=script.asset,
            at=at - timedelta(minutes=1),
        )
        for move in script.moves
    )


def _stop(account: Account, request: BankRequest, at: datetime, stop_term: timedelta) -> Decision:
    if account.stopped_until is not None:
        if request.supplement:
            return _hold(account, request, at, "supplement", account.stopped_until)
        return Decision(outcome="already_stopped", ends_at=account.stopped_until)
    if account.frozen_minor and not account.free_minor:
        return Decision(outcome="prior_freeze", ends_at=account.frozen_until)
    return _term(account, request, at, stop_term)


def _term(account: Account, request: BankRequest, at: datetime, stop_term: timedelta) -> Decision:
    if account.terms >= STOP_TERMS:
        return Decision(outcome="count_exceeded", ends_at=account.stopped_until)
    return _hold(replace(account, claims={}), request, at, request.kind, at + stop_term)


def _hold(account: Account, request: BankRequest, at: datetime, kind: str, ends_at: datetime | None) -> Decision:
    script, asked = account.script, _asked(request)
    held = script.held_minor
    if held is None:
        held = account.free_minor if asked is None else min(account.free_minor, asked)
    is_short = held == 0 or (asked is not None and held < asked)
    onward = _next(script, at) if is_short else ()
    outcome = script.answer or _outcome(held, is_short=is_short, has_moved=bool(onward))
    if outcome in {"gone", "moved_on"}:
        return Decision(outcome=outcome, held_minor=0, next=onward)
    effect = replace(_effect(kind, account, request, at, held), ends_at=ends_at)
    return Decision(outcome=outcome, held_minor=held, ends_at=ends_at, next=onward, effects=(effect,))


def _outcome(held: int, *, is_short: bool, has_moved: bool) -> str:
    if held == 0:
        return "moved_on" if has_moved else "gone"
    return "partial" if is_short else "full"


def _extend(account: Account, request: BankRequest, at: datetime, stop_term: timedelta) -> Decision:
    if account.stopped_until is not None:
        if account.terms >= STOP_TERMS:
            return Decision(outcome="count_exceeded", ends_at=account.stopped_until)
        amount, ends_at = sum(account.claims.values()), account.stopped_until + stop_term
    elif account.frozen_minor:
        amount, ends_at = account.frozen_minor, request.measure.ends_at or at + FREEZE_TERM
    else:
        return Decision(outcome="expired_op")
    effect = replace(_effect("extend", account, request, at, amount), ends_at=ends_at)
    return Decision(outcome="extended", held_minor=amount, ends_at=ends_at, effects=(effect,))


def _freeze(account: Account, request: BankRequest, at: datetime) -> Decision:
    asked = _asked(request)
    free = max(0, account.balance_minor - account.frozen_minor)
    amount = free if asked is None else min(free, asked)
    if amount == 0:
        onward = _next(account.script, at)
        return Decision(outcome="moved_on" if onward else "gone", held_minor=0, next=onward)
    ends_at = request.measure.ends_at or at + FREEZE_TERM
    effect = replace(_effect("freeze", account, request, at, amount), ends_at=ends_at)
    outcome = "partial" if asked is not None and amount < asked else "frozen"
    return Decision(outcome=outcome, held_minor=amount, ends_at=ends_at, effects=(effect,))


def _release(account: Account, request: BankRequest, at: datetime) -> Decision:
    if account.stopped_until is None and not account.frozen_minor:
        return Decision(outcome="expired_op", held_minor=0)
    amount = sum(account.claims.values()) + account.frozen_minor
    return Decision(outcome="released", held_minor=0, effects=(_effect("release", account, request, at, amount),))


def _return(account: Account, request: BankRequest, at: datetime) -> Decision:
    asked = _asked(request)
    kept = account.frozen_minor or sum(account.claims.values())
    amount = kept if asked is None else min(kept, asked)
    if amount == 0:
        return Decision(outcome="refused", held_minor=0, reason="账户内没有已冻结的资金")
    return Decision(outcome="returned", held_minor=amount, effects=(_effect("return", account, request, at, amount),))


def _recall(account: Account, request: BankRequest, at: datetime) -> Decision:
    """Give the money back at once, as far as it is there: a recall holds nothing."""
    asked = _asked(request)
    amount = account.free_minor if asked is None else min(account.free_minor, asked)
    if amount == 0:
        return Decision(outcome="gone", held_minor=0)
    return Decision(outcome="returned", held_minor=amount, effects=(_effect("recall", account, request, at, amount),))


def lapse_of(account: Account, until: datetime) -> Effect | None:
    """Return the end that came by itself at or before ``until``, if one did."""
    ends_at = account.ends_at
    if ends_at is None or ends_at > until:
        return None
    return Effect(
        effect="lapse",
        bank=account.script.institution,
        number=account.script.number,
        key=account.stopped_by or "freeze",
        at=ends_at,
        amount_minor=sum(account.claims.values()) or account.frozen_minor,
        asset=account.script.asset,
    )
