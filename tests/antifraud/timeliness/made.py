"""Facts as the cases would write them, made by hand; valid unless told otherwise."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from antifraud.timeliness import measures
from antifraud.timeliness.facts import REQUEST_BOXES, Fact
from antifraud.timeliness.rules import Figure, Inputs, compute, document, relevant
from antifraud.timeliness.weeks import Week

WEEK = Week.parse("2026-W47", "Asia/Shanghai")
TUESDAY = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
BANK, OTHER_BANK = UUID(int=901), UUID(int=902)
CODES = {BANK: "SIM-PROMPT", OTHER_BANK: "SIM-SLOW"}
HALF_AN_HOUR = timedelta(minutes=30)


class Book:
    """A growing list of facts; `at` is when the next one is written."""

    def __init__(self, *, at: datetime = TUESDAY) -> None:
        self.at = at
        self.facts: list[Fact] = []
        self._ids = 0

    def new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)

    def add(self, kind: str, **given: object) -> Fact:
        self.at += timedelta(milliseconds=1)
        fields: dict[str, Any] = {
            "id": self.new_id(),
            "case_id": UUID(int=500),
            "kind": kind,
            "subject_id": self.new_id(),
            "request_kind": "stop" if kind in REQUEST_BOXES else None,
            "institution_id": BANK,
            "start_at": TUESDAY,
            "limit_seconds": None,
            "due_at": None,
            "stop_at": None,
            "verdict": "counted",
            "amount_minor": None,
            "asset": None,
            "urgency": "urgent",
            "rule": "cn_emergency_stop:test",
            "recorded_at": self.at,
        }
        fact = Fact(**{**fields, **given})
        self.facts.append(fact)
        return fact

    def box(
        self,
        kind: str,
        *,
        start: datetime = TUESDAY,
        limit: timedelta = HALF_AN_HOUR,
        took: timedelta | None = None,
        verdict: str | None = None,
        **given: object,
    ) -> Fact:
        """Add the fact of a box that ended: what was awaited came ``took`` after its start, or did not come."""
        stop, due = None if took is None else start + took, start + limit
        if verdict is None:
            verdict = "in_time" if stop is not None and stop <= due else "late"
        return self.add(
            kind,
            start_at=start,
            limit_seconds=int(limit.total_seconds()),
            due_at=due,
            stop_at=stop,
            verdict=verdict,
            **given,
        )

    def again(self, fact: Fact, **changes: object) -> Fact:
        """Add a later fact about the same subject."""
        self.at += timedelta(milliseconds=1)
        fields: dict[str, Any] = {"id": self.new_id(), "recorded_at": self.at, **changes}
        later = replace(fact, **fields)
        self.facts.append(later)
        return later

    def case(
        self,
        number: int,
        *,
        claimed: int | None,
        held: int | None = None,
        after: float = 60,
        start: datetime = TUESDAY,
        asset: str = "CNY",
        **given: object,
    ) -> Fact:
        """Add a case with one first-tier claim, and what is held of it ``after`` seconds."""
        case = UUID(int=10_000 + number)
        claim = self.add("claim", case_id=case, start_at=start, amount_minor=claimed, asset=asset, **given)
        if held is not None:
            self.again(claim, kind="hold", amount_minor=held, stop_at=start + timedelta(seconds=after))
        return claim


def inputs_of(facts: Iterable[Fact], week: Week = WEEK) -> Inputs:
    return Inputs(centre="drill", week=week, cut_off_at=week.end, institutions=CODES, facts=relevant(week, facts))


def figures(facts: Iterable[Fact], week: Week = WEEK) -> dict[str, dict[str, Any]]:
    """Return the values of every figure by its id."""
    return {figure.measure.id: figure.values for figure in all_figures(facts, week).values()}


def all_figures(facts: Iterable[Fact], week: Week = WEEK) -> dict[str, Figure]:
    return {figure.measure.id: figure for figure in compute(inputs_of(facts, week), measures.load())}


def whole_document(facts: Iterable[Fact], week: Week = WEEK) -> dict[str, Any]:
    inputs, by = inputs_of(facts, week), measures.load()
    return document(inputs, by, compute(inputs, by))
