"""The list of cases, newest first, a page at a time: what each is about, what became of its money, what waits in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Row, Select, Table, and_, func, or_, select

from antifraud.cases import flow, valuing
from antifraud.cases.dossier import Transfer
from antifraud.cases.figures import one_figure
from antifraud.cases.models import cases, holds, parties, procedures, requests, tasks, transfers
from antifraud.foundation.json import loads
from antifraud.vault.masks import NOTHING, mask_name
from antifraud.work import Work
from workflows.state import LIVE_HOLDS, Hold, Request

PHASES: Final = ("open", "closed", "historical")
_MAX_FACTS_BYTES: Final = 262_144
_V = TypeVar("_V", Hold, Request)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case in the list.

    `money` is one figure: where a case has several assets, their value in the
    centre's by the rates of its reports (`is_valued`), or, while a rate is
    missing, the first asset alone, with `other_assets` left out.
    """

    id: UUID
    no: str
    opened_at: datetime
    phase: str
    fraud_type: str | None
    victim: str
    money: flow.Money | None
    accounts: int
    tiers: int
    waiting: int
    late: int
    tasks: int
    due_at: datetime | None
    ends_at: datetime | None
    is_valued: bool = False
    other_assets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the list leaves out; every one may stand in an address."""

    phase: str | None = None
    fraud_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_held: bool = False


def page_of_cases(
    work: Work, filters: Filters, *, size: int, below: str | None = None, among: Collection[UUID] | None = None
) -> tuple[list[CaseLine], bool]:
    """Return a page of cases with numbers below ``below``, and whether there are more.

    The number of statements does not depend on the size of the page.
    """
    query = _filtered(select(cases), filters)
    if below is not None:
        query = query.where(cases.c.no < below)
    if among is not None:
        query = query.where(cases.c.id.in_(list(among)))
    found = work.connection.execute(query.order_by(cases.c.no.desc()).limit(size + 1)).all()
    return _lines(work, found[:size]), len(found) > size


def fraud_types(work: Work) -> list[str]:
    """Return the kinds of fraud that the centre's cases name, most frequent first."""
    return list(
        work.connection.scalars(
            select(cases.c.fraud_type)
            .where(cases.c.fraud_type.is_not(None))
            .group_by(cases.c.fraud_type)
            .order_by(func.count().desc(), cases.c.fraud_type)
            .limit(40)
        )
    )


def _filtered(query: Select[*tuple[Any, ...]], filters: Filters) -> Select[*tuple[Any, ...]]:
    match filters.phase:
        case "open":
            query = query.where(cases.c.closed_at.is_(None), cases.c.origin == "live")
        case "closed":
            query = query.where(cases.c.closed_at.is_not(None))
        case "historical":
            query = query.where(cases.c.closed_at.is_(None), cases.c.origin == "historical")
        case _:
            pass
    if filters.fraud_type is not None:
        query = query.where(cases.c.fraud_type == filters.fraud_type)
    if filters.since is not None:
        query = query.where(cases.c.opened_at >= filters.since)
    if filters.until is not None:
        query = query.where(cases.c.opened_at < filters.until)
    if filters.is_held:
        query = query.where(
            select(holds.c.id).where(holds.c.case_id == cases.c.id, holds.c.state.in_(("stopped", "frozen"))).exists()
        )
    return query


def _lines(work: Work, found: Collection[Row[*tuple[Any, ...]]]) -> list[CaseLine]:
    ids = [row.id for row in found]
    if not ids:
        return []
    connection = work.connection
    moved = _by_case(
        _transfer(row) for row in connection.execute(select(transfers).where(transfers.c.case_id.in_(ids)))
    )
    held = _by_case((row.case_id, _value(Hold, holds, row)) for row in _all(work, holds, ids))
    open_or_returned = or_(requests.c.stage.not_in(("answered", "withdrawn")), requests.c.role == "return")
    asked = _by_case(
        (row.case_id, _value(Request, requests, row))
        for row in connection.execute(select(requests).where(requests.c.case_id.in_(ids), open_or_returned))
    )
    todo = {
        row.case_id: row
        for row in connection.execute(
            select(tasks.c.case_id, func.count().label("tasks"), func.min(tasks.c.due_at).label("due_at"))
            .where(tasks.c.case_id.in_(ids), tasks.c.state == "open")
            .group_by(tasks.c.case_id)
        )
    }
    filings: dict[UUID, str | None] = {
        row.case_id: row.filing
        for row in connection.execute(
            select(procedures.c.case_id, procedures.c.state["filing"].astext.label("filing")).where(
                and_(procedures.c.case_id.in_(ids), procedures.c.state["filing"].astext.is_not(None))
            )
        )
    }
    victims = victims_of(work, ids)
    charts = {
        row.id: flow.build(
            moved.get(row.id, []),
            {hold.id: hold for hold in held.get(row.id, [])},
            {request.id: request for request in asked.get(row.id, [])},
            filing=filings.get(row.id),
        )
        for row in found
    }
    valued = _valued(work, charts)
    lines = []
    for row in found:
        own, waits, task = held.get(row.id, []), asked.get(row.id, []), todo.get(row.id)
        chart, figure = charts[row.id], valued.get(row.id)
        waiting = [request for request in waits if request.stage not in {"answered", "withdrawn"}]
        lines.append(
            CaseLine(
                id=row.id,
                no=row.no,
                opened_at=row.opened_at,
                phase="closed" if row.closed_at else "historical" if row.origin == "historical" else "open",
                fraud_type=row.fraud_type,
                victim=victims.get(row.id, NOTHING),
                money=figure or (chart.money[0] if chart.money else None),
                is_valued=figure is not None,
                other_assets=0 if figure else max(len(chart.money) - 1, 0),
                accounts=sum(len(tier) for tier in chart.tiers),
                tiers=len(chart.tiers),
                waiting=len(waiting),
                late=sum(request.late for request in waiting),
                tasks=task.tasks if task else 0,
                due_at=task.due_at if task else None,
                ends_at=min((hold.ends_at for hold in own if hold.ends_at and hold.state in LIVE_HOLDS), default=None),
            )
        )
    return lines


def _valued(work: Work, charts: Mapping[UUID, flow.Flow]) -> dict[UUID, flow.Money]:
    """Return the one figure of each case that has several assets and a rate for each."""
    several = {case_id: chart.money for case_id, chart in charts.items() if len(chart.money) > 1}
    if not several:
        return {}
    into = valuing.currency_of(work)
    rates = valuing.rates_of_cases(work, several.keys(), into)
    figures = {case_id: one_figure(moneys, rates.get(case_id, ()), into) for case_id, moneys in several.items()}
    return {case_id: figure for case_id, figure in figures.items() if figure is not None}


def victims_of(work: Work, case_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the masked name of each case's victim; a case whose victim was forgotten or never named has none."""
    rows = work.connection.execute(
        select(parties.c.id, parties.c.case_id, parties.c.key_id, parties.c.facts_cipher)
        .where(parties.c.case_id.in_(list(case_ids)), parties.c.role == "victim")
        .order_by(parties.c.id.desc())
    ).all()
    keys = work.vault.load(work.connection, {row.key_id for row in rows})
    names = {}
    for row in rows:
        key = keys.get(row.key_id)
        if key is not None:
            facts = loads(key.open("parties", "facts", row.id, row.facts_cipher), max_bytes=_MAX_FACTS_BYTES)
            names[row.case_id] = mask_name(facts.get("name")) if isinstance(facts, dict) else NOTHING
    return names


def _all(work: Work, table: Table, ids: Collection[UUID]) -> Collection[Row[*tuple[Any, ...]]]:
    return work.connection.execute(select(table).where(table.c.case_id.in_(list(ids)))).all()


def _by_case(pairs: Any) -> Mapping[UUID, list[Any]]:  # noqa: ANN401 - one pass for three kinds of rows
    found: dict[UUID, list[Any]] = {}
    for case_id, value in pairs:
        found.setdefault(case_id, []).append(value)
    return found


def _transfer(row: Row[*tuple[Any, ...]]) -> tuple[UUID, Transfer]:
    return row.case_id, Transfer(
        id=row.id,
        position=row.position,
        tier=row.tier,
        payer_id=row.payer_account_id,
        payee_id=row.payee_account_id,
        amount_minor=row.amount_minor,
        asset=row.asset,
        earliest_at=row.earliest_at,
        latest_at=row.latest_at,
        precision=row.precision,
        standing=row.standing,
        report_id=row.report_id,
    )


def _value(kind: type[_V], table: Table, row: Row[*tuple[Any, ...]]) -> _V:
    """Return the workflow's value as far as its row tells it; what only the state knows takes its default."""
    values = {one.name: getattr(row, one.name) for one in fields(kind) if one.name in table.c}
    if "documents" in values:
        values["documents"] = tuple(values["documents"])
    return kind(**values)


def number_of_case(work: Work, *, no: str | None = None, case_id: UUID | None = None) -> str | None:
    """Return the number of a case of the centre, sought by its number or its id; None where there is none."""
    wanted = cases.c.no == no if no is not None else cases.c.id == case_id
    found: str | None = work.connection.scalar(select(cases.c.no).where(wanted))
    return found
