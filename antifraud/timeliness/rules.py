"""The week's figures from its facts: pure functions, the same bytes from the same rows in whatever order.

A request belongs to the week in which its box ends, a stop to the week in
which its term ends, a case to the week of its first claim on a first-tier
account: each to exactly one week, fixed at the latest when the box ends. The
dispatch of a request goes with its receipt limit, because an order that waited
for a person would otherwise fall into a week that was published before it left.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from antifraud.foundation.money import to_json as minor_to_json
from antifraud.timeliness.facts import MONEY, Box, Fact, boxes_of_week, grouped, last_of_each
from antifraud.timeliness.measures import Measure, Measures
from antifraud.timeliness.weeks import Week

METHOD: Final = "nearest_rank"
_WHOLE: Final = 1000
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a week's figures depend on, beside the measures; stored whole with what is published.

    `institutions` are the codes by which the figures name those of the facts.
    """

    centre: str
    week: Week
    cut_off_at: datetime
    institutions: Mapping[UUID, str]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that was counted: a request, a hold or a case, how, and the facts that say so."""

    subject_id: UUID
    counted: str
    facts: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure of the week as it is published, and what was counted for it."""

    measure: Measure
    values: dict[str, Any]
    items: tuple[Item, ...]


def relevant(week: Week, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return the facts on which the figures of the week depend, in one order, from any that may be among them."""
    given = {fact.id: fact for fact in facts}.values()
    boxes = boxes_of_week(week, given)
    wanted = {fact_id for found in boxes.values() for box in found for fact_id in box.facts}
    cases = cohort(week, given)
    chosen = [fact for fact in given if fact.id in wanted or (fact.kind in MONEY and fact.case_id in cases)]
    return tuple(sorted(chosen, key=lambda fact: (fact.recorded_at, fact.id)))


def compute(inputs: Inputs, measures: Measures) -> tuple[Figure, ...]:
    """Return every figure of the week, in the order of the measures."""
    boxes = boxes_of_week(inputs.week, inputs.facts)
    figures = []
    for measure in measures.measures:
        match measure.rule:
            case "boxes":
                figures.append(_share(measure, boxes[measure.kind], inputs.institutions))
            case "value":
                figures.append(_value(measure, inputs))
            case "duration":
                figures.append(_duration(measure, inputs))
    return tuple(figures)


def document(inputs: Inputs, measures: Measures, figures: Sequence[Figure]) -> dict[str, Any]:
    """Return the week as it is published: every figure with its fraction, its definition and its version."""
    week = inputs.week
    return {
        "centre": inputs.centre,
        "week": week.name,
        "zone": week.zone,
        "starts_at": week.start,
        "ends_at": week.end,
        "hours": week.hours(),
        "cut_off_at": inputs.cut_off_at,
        "measures_version": measures.version,
        "measures_hash": measures.hash,
        "figures": [
            {
                "id": figure.measure.id,
                "version": figure.measure.version,
                "headline": figure.measure.headline,
                "title": {"zh": figure.measure.title.zh, "en": figure.measure.title.en},
                "definition": {"zh": figure.measure.definition.zh, "en": figure.measure.definition.en},
                "rounding": figure.measure.rounding,
                "publish_minimum": figure.measure.publish_minimum,
                "rank_minimum": figure.measure.rank_minimum,
                "rule": figure.measure.rule,
                **figure.values,
            }
            for figure in figures
        ],
    }


# -- arithmetic


def percentage(part: int, whole: int) -> str | None:
    """Return ``part`` of ``whole`` in per cent, half up to 0.1, never 100.0 from less than all; None of nothing."""
    if whole == 0:
        return None
    tenths = (2 * _WHOLE * part + whole) // (2 * whole)
    if tenths >= _WHOLE and part < whole:
        tenths = _WHOLE - 1
    return f"{tenths // 10}.{tenths % 10}"


def nearest_rank(rising: Sequence[int | None], percent: int) -> int | None:
    """Return the value at place ceil(percent/100 x n); None where nothing is there, or that place was never reached."""
    if not rising:
        return None
    return rising[max(1, -(-percent * len(rising) // 100)) - 1]


def _rate(measure: Measure, part: int, whole: int, counted: int) -> dict[str, Any]:
    """The percentage, or why there is none; ``counted`` is how many requests or cases stand behind it."""
    if whole == 0:
        return {"rate": None, "rate_withheld": "nothing_to_count", "comparable": False}
    comparable = counted >= measure.rank_minimum
    if counted < measure.publish_minimum:
        return {"rate": None, "rate_withheld": "below_publish_minimum", "comparable": comparable}
    return {"rate": percentage(part, whole), "rate_withheld": None, "comparable": comparable}


# -- boxes


def _share(measure: Measure, ended: Sequence[Box], institutions: Mapping[UUID, str]) -> Figure:
    kinds = measure.request_kinds
    boxes = [box for box in ended if kinds is None or box.request_kind in kinds]
    others = [box for box in ended if kinds is not None and box.request_kind not in kinds]
    by_institution: dict[str | None, list[Box]] = defaultdict(list)
    for box in boxes:
        by_institution[institutions.get(box.institution_id) if box.institution_id else None].append(box)
    return Figure(
        measure=measure,
        values={
            **_fraction(measure, boxes),
            "request_kinds": None if kinds is None else list(kinds),
            "other_requests": len(others),
            "institutions": [
                {"institution": code, **_fraction(measure, by_institution[code])}
                for code in sorted(by_institution, key=lambda code: (code is None, code or ""))
            ],
        },
        items=(
            *(Item(subject_id=box.subject_id, counted=_counted(box), facts=box.facts) for box in boxes),
            *(Item(subject_id=box.subject_id, counted="other_request", facts=box.facts) for box in others),
        ),
    )


def _counted(box: Box) -> str:
    """How a box stands in the figure: in_time, excluded, late (it came after all) or open (it never came)."""
    return box.verdict if box.verdict != "late" else "open" if box.came_at is None else "late"


def _fraction(measure: Measure, boxes: Sequence[Box]) -> dict[str, Any]:
    counts = {name: sum(_counted(box) == name for box in boxes) for name in ("in_time", "late", "open", "excluded")}
    denominator = len(boxes) - counts["excluded"]
    numerator = counts["in_time"] if measure.counts == "in_time" else denominator - counts["in_time"]
    return {
        "numerator": numerator,
        "denominator": denominator,
        **_rate(measure, numerator, denominator, denominator),
        **{name: counts[name] for name in ("late", "open", "excluded")},
    }


# -- cases


def cohort(week: Week, facts: Iterable[Fact]) -> dict[UUID, datetime]:
    """Return the cases whose first claim that still counts lies in the week, and when it was made."""
    claims = last_of_each(fact for fact in facts if fact.kind == "claim")
    first = {case: min(f.start_at for f in group) for case, group in grouped(claims, lambda f: f.case_id).items()}
    return {case: at for case, at in first.items() if week.has(at)}


def _money(inputs: Inputs, kind: str) -> list[Fact]:
    return last_of_each(fact for fact in inputs.facts if fact.kind == kind)


def _value(measure: Measure, inputs: Inputs) -> Figure:
    cases = cohort(inputs.week, inputs.facts)
    claimed: dict[tuple[UUID, str], int] = defaultdict(int)
    held: dict[tuple[UUID, str], int] = defaultdict(int)
    facts: dict[UUID, list[UUID]] = defaultdict(list)
    unknown = set()
    for kind, sums in (("claim", claimed), ("hold", held)):
        for fact in _money(inputs, kind):
            if fact.case_id not in cases:
                continue
            facts[fact.case_id].append(fact.id)
            if fact.asset is not None and fact.amount_minor is not None:
                sums[fact.case_id, fact.asset] += fact.amount_minor
            elif kind == "claim":
                unknown.add(fact.case_id)
    capped = {key: min(amount, claimed.get(key, 0)) for key, amount in held.items()}
    rows = []
    for asset in sorted({asset for _, asset in [*claimed, *held]}):
        behind = sum(1 for _, code in claimed if code == asset)
        whole = sum(amount for (_, code), amount in claimed.items() if code == asset)
        part = sum(amount for (_, code), amount in capped.items() if code == asset)
        beyond = sum(amount for (_, code), amount in held.items() if code == asset) - part
        rows.append(
            {
                "asset": asset,
                "numerator_minor": minor_to_json(part),
                "denominator_minor": minor_to_json(whole),
                "cases": behind,
                **_rate(measure, part, whole, behind),
                "held_beyond_claims_minor": minor_to_json(beyond),
            }
        )
    with_hold = {case for (case, _), amount in held.items() if amount}
    return Figure(
        measure=measure,
        values={"cases": len(cases), "cases_with_unknown_amount": len(unknown), "assets": rows},
        items=tuple(
            Item(subject_id=case, counted="held" if case in with_hold else "not_held", facts=tuple(sorted(facts[case])))
            for case in sorted(cases)
        ),
    )


def _duration(measure: Measure, inputs: Inputs) -> Figure:
    cases = cohort(inputs.week, inputs.facts)
    first: dict[UUID, Fact] = {}
    for fact in _money(inputs, "hold"):
        if fact.case_id in cases and fact.stop_at is not None and fact.amount_minor:
            other = first.setdefault(fact.case_id, fact)
            if (fact.stop_at, fact.id) < (other.stop_at or fact.stop_at, other.id):
                first[fact.case_id] = fact
    took = {case: max(0, (fact.stop_at - cases[case]) // _MILLISECOND) for case, fact in first.items() if fact.stop_at}
    held: list[int | None] = [*sorted(took.values())]
    everyone = held + [None] * (len(cases) - len(held))

    def places(rising: Sequence[int | None]) -> dict[str, Any]:
        if len(rising) < measure.publish_minimum:
            return {"cases": len(rising), "median_ms": None, "p90_ms": None}
        return {"cases": len(rising), "median_ms": nearest_rank(rising, 50), "p90_ms": nearest_rank(rising, 90)}

    return Figure(
        measure=measure,
        values={
            "method": METHOD,
            "cases": len(cases),
            "never_held": len(cases) - len(held),
            "of_held": places(held),
            "of_all": places(everyone),
        },
        items=tuple(
            Item(
                subject_id=case,
                counted="held" if case in first else "never_held",
                facts=(first[case].id,) if case in first else (),
            )
            for case in sorted(cases)
        ),
    )
