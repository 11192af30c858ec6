"""The worklist as read: a page of what people must do, of what is to be approved, and of what institutions owe.

Rows come in one order: due instant, then amount at stake, the largest and the
unknown first. A page is taken by keyset, so that it costs the same wherever it
begins; whatever is shown of its rows is then read at once for all of them.
"""

# ruff: noqa: S608 - the statements are put together from the words of this module alone

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from antifraud.cases.worklist import UNCLAIMED_AFTER, UNCLAIMED_BEFORE_DUE

SCOPES: Final = ("mine", "shift", "approve", "open", "unclaimed")
"""Mine; the whole shift's; what waits for a second person; all of it and what institutions owe; what nobody took."""
PAGE_ROWS: Final = 60
SNOOZED_ROWS: Final = 30
COUNTED: Final = 1000
"""Counts stop here: more is written as `999+`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the next one begins behind it."""

    due_at: datetime
    amount_minor: int | None
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row: `source` is task, approval or wait; `kind` a task kind, an act to approve, or the clock that runs.

    `case_no`, `fraud_type`, hold, request and institution are what it is
    about; those of a lead are None. Nothing of it is personal data.
    """

    source: str
    id: UUID
    case_id: UUID
    case_no: str
    fraud_type: str | None
    kind: str
    reason: str | None
    level: int
    due_at: datetime
    since: datetime
    amount_minor: int | None
    asset: str | None
    owner_id: UUID | None
    snoozed_until: datetime | None
    asked_by: str | None
    hold_id: UUID | None
    hold_state: str | None
    tier: int | None
    account_id: UUID | None
    ends_at: datetime | None
    stop_seq: int | None
    institution_zh: str | None
    institution_en: str | None
    request_id: UUID | None
    request_kind: str | None
    stage: str | None
    outcome: str | None
    asked_at: datetime | None
    delivered_at: datetime | None
    acknowledged_at: datetime | None

    @property
    def place(self) -> Place:
        """Return the place of the row in its list."""
        return Place(self.due_at, self.amount_minor, self.id)

    @property
    def may_be_reminded(self) -> bool:
        """Tell whether an institution has the request that this is about and still owes an answer."""
        return self.request_id is not None and self.stage in {"delivered", "received", "executed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """A page of rows, those that are put off, and where the next page begins (None at the end)."""

    rows: tuple[Entry, ...]
    snoozed: tuple[Entry, ...]
    following: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many rows each scope has, and the groups of one of them; up to `COUNTED`.

    `owned` has of every person who claimed tasks how many they have, and how
    many of them are overdue: one statement for all, whoever looks.
    """

    scopes: dict[str, int]
    groups: dict[str, int]
    owned: dict[UUID, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """The instants between the groups of the list: overdue, 5 minutes, 30 minutes, today, later."""

    now: datetime
    soon: datetime
    next: datetime
    tomorrow: datetime

    def group_of(self, due_at: datetime) -> str:
        """Return the group of a due instant; at the instant itself it is still in time."""
        if due_at < self.now:
            return "late"
        if due_at <= self.soon:
            return "soon"
        if due_at <= self.next:
            return "next"
        return "today" if due_at < self.tomorrow else "later"


_TASKS: Final = """
    SELECT 'task' AS source, t.id, t.case_id, t.kind, t.reason, t.level::int AS level, t.due_at, t.opened_at AS since,
           t.amount_minor, t.asset, t.owner_id, t.snoozed_until, NULL::text AS asked_by,
           CASE t.subject_kind WHEN 'hold' THEN t.subject_id END AS hold_id,
           CASE t.subject_kind WHEN 'request' THEN t.subject_id END AS request_id
    FROM tasks t WHERE t.state = 'open'"""
# The decision waits for its own clock, and no longer than the measure that it is about lasts.
_APPROVALS: Final = """
    SELECT 'approval' AS source, t.id, t.case_id, t.act AS kind, NULL::text AS reason, 0 AS level, t.due_at,
           t.asked_at AS since, t.amount_minor, t.asset, NULL::uuid AS owner_id, NULL::timestamptz AS snoozed_until,
           t.asked_by, t.hold_id, NULL::uuid AS request_id
    FROM (SELECT a.id, a.case_id, a.act, a.asked_at, a.asked_by, a.hold_id, h.traced_minor AS amount_minor, h.asset,
                 CASE WHEN h.state IN ('stopped', 'frozen') THEN least(d.due_at, h.ends_at) ELSE d.due_at END AS due_at
          FROM approvals a JOIN holds h ON h.id = a.hold_id
          JOIN deadlines d ON d.case_id = a.case_id AND d.subject_id = a.id AND d.state = 'running'
          WHERE a.state = 'waiting') t WHERE true"""
_WAITS: Final = """
    SELECT 'wait' AS source, t.id, t.case_id, t.kind, NULL::text AS reason, t.step::int AS level, t.due_at,
           t.started_at AS since, r.asked_minor AS amount_minor, r.asset, NULL::uuid AS owner_id,
           NULL::timestamptz AS snoozed_until, NULL::text AS asked_by, r.hold_id, r.id AS request_id
    FROM deadlines t JOIN requests r ON r.id = t.subject_id
    WHERE t.state = 'running' AND t.subject_kind = 'request' AND t.kind IN ('receipt', 'answer')"""
_AWAKE: Final = "(t.snoozed_until IS NULL OR t.snoozed_until <= :now)"
_OWED: Final = "t.owner_id IS NULL AND t.opened_at <= :unclaimed_since AND t.due_at <= :unclaimed_due"
_BRANCHES: Final = {
    "mine": (f"{_TASKS} AND {_AWAKE} AND t.owner_id = :person",),
    "shift": (f"{_TASKS} AND {_AWAKE}", _APPROVALS),
    "approve": (_APPROVALS,),
    "open": (f"{_TASKS} AND {_AWAKE}", _APPROVALS, _WAITS),
    "unclaimed": (f"{_TASKS} AND {_AWAKE} AND {_OWED}",),
}
_SNOOZED: Final = {
    "mine": f"{_TASKS} AND t.snoozed_until > :now AND t.owner_id = :person",
    "shift": f"{_TASKS} AND t.snoozed_until > :now",
    "open": f"{_TASKS} AND t.snoozed_until > :now",
}
# What the list is ordered by stands in the same order in the index of open tasks.
_ORDER: Final = "due_at, amount_minor DESC, id"
_AMOUNT: Final = {"task": "t.amount_minor", "approval": "t.amount_minor", "wait": "r.asked_minor"}
_ROW: Final = """
    SELECT l.source, l.id, l.case_id, c.no AS case_no, c.fraud_type, l.kind, l.reason, l.level, l.due_at, l.since,
           l.amount_minor, l.asset, l.owner_id, l.snoozed_until, l.asked_by,
           h.id AS hold_id, h.state AS hold_state, h.tier, h.account_id, h.ends_at, h.stop_seq, h.traced_minor,
           i.name_zh AS institution_zh, i.name_en AS institution_en,
           r.id AS request_id, r.kind AS request_kind, r.stage, r.outcome, r.created_at AS asked_at,
           r.delivered_at, r.acknowledged_at, l.is_snoozed
    FROM listed l JOIN cases c ON c.id = l.case_id
    LEFT JOIN requests r ON r.id = l.request_id
    LEFT JOIN holds h ON h.id = coalesce(l.hold_id, r.hold_id)
    LEFT JOIN institutions i ON i.id = h.institution_id
    ORDER BY l.is_snoozed, l.due_at, l.amount_minor DESC, l.id"""


def agenda(
    connection: Connection, scope: str, edges: Edges, *, person_id: UUID | None = None, after: Place | None = None
) -> Agenda:
    """Return a page of a scope, in one statement; what is put off only comes with the first page.

    Args:
        connection: The open transaction of a centre.
        scope: One of `SCOPES`.
        edges: The present instant, and the groups that follow from it.
        person_id: Whose rows `mine` are.
        after: The place behind which the page begins.
    """
    branches = [f"({_behind(branch, after)} ORDER BY {_ordered(branch)} LIMIT :most)" for branch in _BRANCHES[scope]]
    union = " UNION ALL ".join(branches)
    listed = f"SELECT false AS is_snoozed, u.* FROM ({union}) u ORDER BY {_ORDER} LIMIT :most"
    if scope in _SNOOZED and after is None:
        put_off = f"SELECT true AS is_snoozed, s.* FROM ({_SNOOZED[scope]}) s ORDER BY s.due_at, s.id LIMIT :most_off"
        listed = f"({listed}) UNION ALL ({put_off})"
    rows = connection.execute(
        text(f"WITH listed AS ({listed}) {_ROW}"),
        {
            **_instants(edges),
            "person": person_id,
            "most": PAGE_ROWS + 1,
            "most_off": SNOOZED_ROWS,
            **({"due": after.due_at, "amount": after.amount_minor, "id": after.id} if after else {}),
        },
    ).all()
    awake = [_entry(row) for row in rows if not row.is_snoozed]
    places = [Place(row.due_at, _whole(row.amount_minor), row.id) for row in rows if not row.is_snoozed]
    return Agenda(
        rows=tuple(awake[:PAGE_ROWS]),
        snoozed=tuple(_entry(row) for row in rows if row.is_snoozed),
        following=places[PAGE_ROWS - 1] if len(awake) > PAGE_ROWS else None,
    )


def counts(connection: Connection, scope: str, edges: Edges, *, person_id: UUID | None = None) -> Counts:
    """Return how many rows every scope has but `mine`, and the groups of one of them, in two statements."""
    shared = [one for one in SCOPES if one != "mine"]
    sizes = ", ".join(f"(SELECT count(*) FROM ({_capped(one)}) q) AS n_{one}" for one in shared)
    groups = (
        "count(*) FILTER (WHERE due_at < :now) AS g_late,"
        " count(*) FILTER (WHERE due_at >= :now AND due_at <= :soon) AS g_soon,"
        " count(*) FILTER (WHERE due_at > :soon AND due_at <= :next) AS g_next,"
        " count(*) FILTER (WHERE due_at > :next AND due_at < :tomorrow) AS g_today,"
        " count(*) FILTER (WHERE due_at >= :tomorrow AND due_at > :next) AS g_later"
    )
    row = connection.execute(
        text(f"SELECT {sizes}, {groups} FROM ({_capped(scope)}) g"),
        {
            **_instants(edges),
            "person": person_id,
            "soon": edges.soon,
            "next": edges.next,
            "tomorrow": edges.tomorrow,
            "counted": COUNTED,
        },
    ).one()
    owned = connection.execute(
        text(
            "SELECT t.owner_id, count(*) AS number, count(*) FILTER (WHERE t.due_at < :now) AS late FROM tasks t"
            f" WHERE t.state = 'open' AND t.owner_id IS NOT NULL AND {_AWAKE} GROUP BY t.owner_id"
        ),
        {"now": edges.now},
    )
    return Counts(
        scopes={one: getattr(row, f"n_{one}") for one in shared},
        groups={one: getattr(row, f"g_{one}") for one in ("late", "soon", "next", "today", "later")},
        owned={one.owner_id: (one.number, one.late) for one in owned},
    )


def _capped(scope: str) -> str:
    branches = " UNION ALL ".join(
        f"(SELECT b.due_at FROM ({branch} ORDER BY t.due_at LIMIT :counted) b)" for branch in _BRANCHES[scope]
    )
    return f"SELECT due_at FROM ({branches}) c ORDER BY due_at LIMIT :counted"


def _behind(branch: str, after: Place | None) -> str:
    """Return a branch that begins behind a place; the first condition lets its index be entered there."""
    if after is None:
        return branch
    amount = _amount_of(branch)
    if after.amount_minor is None:
        later = f"({amount} IS NOT NULL OR t.id > :id)"
    else:
        later = f"({amount} < :amount OR ({amount} = :amount AND t.id > :id))"
    return f"{branch} AND t.due_at >= :due AND (t.due_at > :due OR {later})"


def _ordered(branch: str) -> str:
    return f"t.due_at, {_amount_of(branch)} DESC, t.id"


def _amount_of(branch: str) -> str:
    return _AMOUNT["wait" if branch is _WAITS else "task"]


def _instants(edges: Edges) -> dict[str, Any]:
    return {
        "now": edges.now,
        "unclaimed_since": edges.now - UNCLAIMED_AFTER,
        "unclaimed_due": edges.now + UNCLAIMED_BEFORE_DUE,
    }


def _entry(row: Row[Any]) -> Entry:
    values = {name: getattr(row, name) for name in Entry.__slots__}
    amount = row.amount_minor if row.amount_minor is not None else row.traced_minor
    return Entry(**{**values, "amount_minor": _whole(amount)})


def _whole(value: Any) -> int | None:  # noqa: ANN401 - a NUMERIC as the driver gives it
    return None if value is None else int(value)
