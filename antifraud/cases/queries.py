"""Reads of the cases for others: typed rows, never the tables."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, Uuid, and_, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from antifraud.cases.models import facts, requests


@dataclass(frozen=True, slots=True)
class RequestReference:
    """Where a request stands: enough to store a reply to it."""

    id: UUID
    case_id: UUID
    institution_id: UUID
    key_id: UUID


def request_for_reply(connection: Connection, request_id: UUID) -> RequestReference | None:
    """Return a request if the transaction's credential may see it; row security decides."""
    row = connection.execute(
        select(requests.c.id, requests.c.case_id, requests.c.institution_id, requests.c.key_id).where(
            requests.c.id == request_id
        )
    ).one_or_none()
    return None if row is None else RequestReference(*row)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRow:
    """One timeliness fact, as written when a box ended or an answer came."""

    id: UUID
    case_id: UUID
    kind: str
    subject_id: UUID
    request_kind: str | None
    institution_id: UUID | None
    start_at: datetime
    limit_seconds: int | None
    due_at: datetime | None
    stop_at: datetime | None
    verdict: str
    amount_minor: int | None
    asset: str | None
    urgency: str | None
    rule: str
    recorded_at: datetime


_FACTS = select(*(facts.c[name] for name in FactRow.__slots__))


def facts_of_week(connection: Connection, kinds: Collection[str], start: datetime, end: datetime) -> list[FactRow]:
    """Return the facts of these kinds whose box ends in ``[start, end)``, or begins there where they have no end."""
    inside = or_(
        and_(facts.c.due_at >= start, facts.c.due_at < end),
        and_(facts.c.due_at.is_(None), facts.c.start_at >= start, facts.c.start_at < end),
    )
    return _facts(connection, _FACTS.where(facts.c.kind.in_(kinds), inside))


def facts_of_cases(connection: Connection, case_ids: Collection[UUID]) -> list[FactRow]:
    """Return every fact of the cases."""
    return _facts(connection, _FACTS.where(facts.c.case_id == any_(literal(list(case_ids), ARRAY(Uuid)))))


def facts_by_id(connection: Connection, fact_ids: Collection[UUID]) -> list[FactRow]:
    """Return those of the facts that are there."""
    return _facts(connection, _FACTS.where(facts.c.id == any_(literal(list(fact_ids), ARRAY(Uuid)))))


def _facts(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[FactRow]:
    return [FactRow(**row) for row in connection.execute(query).mappings()]
