"""The canonical form of a state: two states with the same form are the same to every rule.

Ids become places in the order of the holds, instants become "there is one",
amounts become full, part or none, and clocks become which of them run. What
is left out is named in `bounds.ABSTRACTIONS`. A field that this module does
not know is kept as it is, so that a language that grows loses no difference.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from workflows.scheme import Definition
from workflows.state import Approval, Clock, Hold, ProcedureState, Request, Task

_T = TypeVar("_T")

OVER = frozenset({"answered", "withdrawn"})
TRAVEL_CLOCKS = frozenset({"receipt", "answer", "reminder", "ladder"})
"""Clocks of a request by themselves: they ask people and banks, and change no hold."""

_HOLD_KEPT = ("state", "lapse_confirmed")
_HOLD_LEFT = frozenset(
    {"id", "account_id", "institution_id", "lead_id", "receipt_id", "tier", "asset", "traced_minor", "held_minor"}
    | {"counted_minor", "scope", "urgency", "since", "paid_at", "executed_at", "held_at", "ends_at", "appeal_id"}
    | {"end_is_provisional", "cause_request_id", "past_appeals", "past_approvals", *_HOLD_KEPT}
    | {"renewals", "lane", "reason", "references", "cross_border", "agreed_answer"}
    | {"stop_seq", "papers"},
)
_REQUEST_LEFT = frozenset(
    {"id", "hold_id", "kind", "stage", "urgency", "scope", "asset", "asked_minor", "executed_minor", "outcome"}
    | {"conflict", "stop_seq", "created_at", "sent_at", "delivered_at", "acknowledged_at", "answered_at"}
    | {"answer_due_at", "channel", "replies", "documents", "ends_at", "undelivered", "late", "supplement", "by_hand"}
    | {"reminded_at"},
)
_STATE_LEFT = frozenset(
    {
        "schema",
        "opened_at",
        "filed_at",
        "declined_at",
        "doubts",
        "holds",
        "requests",
        "clocks",
        "tasks",
        "approvals",
        "met",
        "chase_extra",
    },
)


def _others(kind: type[Any], left: frozenset[str]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in left)


_HOLD_MORE = _others(Hold, _HOLD_LEFT)
_REQUEST_MORE = _others(Request, _REQUEST_LEFT)
_STATE_MORE = _others(ProcedureState, _STATE_LEFT)


def plain(value: object) -> Hashable:
    """Return a value of an unknown field without ids and instants."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return min(max(value, -1), 3)
    if isinstance(value, UUID | datetime):
        return True
    if isinstance(value, Mapping):
        return tuple(sorted((repr(plain(key)), repr(plain(item))) for key, item in value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(sorted({repr(plain(item)) for item in value}))
    names = getattr(value, "__dataclass_fields__", None)
    return repr(value) if names is None else tuple(plain(getattr(value, name)) for name in names)


def _unusual(item: object, names: tuple[str, ...]) -> tuple[Hashable, ...]:
    """Return the fields that are not empty, by name."""
    return tuple((name, plain(value)) for name in names if (value := getattr(item, name)))


class Lens:
    """How closely a state is looked at.

    Args:
        definition: The definition whose tasks and clocks are told apart.
        travel: Whether the way of each request to the institution is part of the form.
    """

    def __init__(self, definition: Definition, *, travel: bool = False) -> None:
        """Find out which tasks matter to a hold."""
        self.travel = travel
        self._rungs = len(definition.rungs)
        self._terms = definition.terms_allowed or 1
        renewals = [term.renewal.limit for term in definition.terms if term.renewal is not None]
        self._renewals = max([limit for limit in renewals if limit is not None], default=0)
        self._travel_clocks = TRAVEL_CLOCKS if _only_ladders(definition) else TRAVEL_CLOCKS - {"answer"}
        papers = definition.watch.get("papers")
        self.tasks = frozenset(kind for kind, rules in definition.tasks.items() if rules.decided and kind != papers)

    def form(self, state: ProcedureState, confirmed: frozenset[UUID]) -> Hashable:
        """Return the canonical form; ``confirmed`` are the holds that an institution ever said it held."""
        holds = list(state.holds.values())
        accounts = _places(hold.account_id for hold in holds)
        receipts = _places(hold.receipt_id for hold in holds)
        of_request = {request.id: request.hold_id for request in state.requests.values()}
        requests = _grouped(state.requests.values(), lambda request: request.hold_id)
        approvals = _grouped(state.approvals.values(), lambda approval: approval.hold_id)
        tasks = _grouped(state.tasks.values(), lambda task: of_request.get(task.subject_id, task.subject_id))
        clocks = _grouped(state.clocks.values(), lambda clock: clock.subject_id)
        formed = [
            (
                accounts.get(hold.account_id),
                receipts.get(hold.receipt_id),
                self._hold(
                    hold,
                    requests.get(hold.id, ()),
                    approvals.get(hold.id, ()),
                    tasks.get(hold.id, ()),
                    clocks,
                    hold.id in confirmed,
                ),
            )
            for hold in holds
        ]
        deeper = state.chase_extra if any(hold.state == "unconfirmed" for hold in holds) else 0
        rest = (deeper, *_unusual(state, _STATE_MORE), tuple(sorted({met.condition for met in state.met})))
        return rest, tuple(formed) if len(formed) == 1 else _sorted(formed)

    def _hold(
        self,
        hold: Hold,
        requests: Iterable[Request],
        approvals: Iterable[Approval],
        tasks: Iterable[Task],
        clocks: Mapping[UUID, list[Clock]],
        is_confirmed: bool,  # noqa: FBT001 - one more thing about the hold
    ) -> Hashable:
        open_requests, conflicts = [], []
        for request in requests:
            if request.conflict:
                conflicts.append(request.kind)
            if request.stage not in OVER:
                open_requests.append(self._request(request, clocks.get(request.id, ())))
        own = sorted(
            (clock.kind, str(getattr(clock, "code", None)))
            for clock in clocks.get(hold.id, ())
            if not clock.kind.endswith(("_warning", "_review"))
        )
        return (
            tuple(getattr(hold, name) for name in _HOLD_KEPT),
            hold.account_id is not None,
            hold.state == "frozen" and hold.held_minor > 0,
            hold.executed_at is not None,
            is_confirmed,
            hold.appeal_id is not None,
            hold.lane if hold.state == "unconfirmed" else None,
            min(hold.renewals, self._renewals),
            min(hold.stop_seq, self._terms),
            _unusual(hold, _HOLD_MORE),
            tuple(sorted(open_requests, key=repr)),
            tuple(sorted(conflicts)),
            tuple(sorted(approval.act for approval in approvals)),
            tuple(sorted(task.kind for task in tasks if task.kind in self.tasks)),
            tuple(own),
        )

    def _request(self, request: Request, clocks: Iterable[Clock]) -> Hashable:
        more = _unusual(request, _REQUEST_MORE)
        formed = (request.kind, min(request.stop_seq, self._terms), request.supplement, more)
        if not self.travel:
            return (*formed, tuple(sorted(clock.kind for clock in clocks if clock.kind not in self._travel_clocks)))
        running = tuple(sorted((clock.kind, min(clock.step, self._rungs)) for clock in clocks))
        marks = (
            request.urgency,
            request.stage,
            request.undelivered,
            request.late,
            request.by_hand,
            request.channel is not None,
        )
        return (*formed, marks, running)


def _only_ladders(definition: Definition) -> bool:
    """Tell whether silence never does more than have people rung."""
    clocks = [rules.own_clock for rules in definition.requests.values() if rules.own_clock is not None]
    return all(clock.on_lapse == "ladder" for clock in [*clocks, *definition.answer_clocks.values()])


def _places(ids: Iterable[UUID | None]) -> dict[UUID | None, int]:
    found: dict[UUID | None, int] = {}
    for item in ids:
        if item is not None:
            found.setdefault(item, len(found))
    return found


def _grouped(items: Iterable[_T], of: Callable[[_T], UUID]) -> dict[UUID, list[_T]]:
    found: dict[UUID, list[_T]] = {}
    for item in items:
        found.setdefault(of(item), []).append(item)
    return found


def _sorted(formed: list[tuple[int | None, int | None, Hashable]]) -> Hashable:
    """Order the holds by what they are, and number accounts and receipts anew in that order."""
    ordered = sorted(formed, key=lambda item: repr(item[2]))
    accounts: dict[int | None, int] = {}
    receipts: dict[int | None, int] = {}
    return tuple(
        (
            None if account is None else accounts.setdefault(account, len(accounts)),
            None if receipt is None else receipts.setdefault(receipt, len(receipts)),
            form,
        )
        for account, receipt, form in ordered
    )
