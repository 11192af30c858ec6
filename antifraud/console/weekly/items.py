"""Each thing that was counted for a figure, how, and by which rule: whoever doubts the figure counts them again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from antifraud.auth.service import Centre
from antifraud.foundation.problems import NotFound
from antifraud.timeliness import measures
from antifraud.timeliness.facts import Fact
from antifraud.timeliness.inputs import inputs_from_json
from antifraud.timeliness.rules import Figure, Inputs, Item, compute
from antifraud.timeliness.service import latest, live_figures
from antifraud.timeliness.weeks import Week
from antifraud.work import Work

AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing counted; `number` is its case's, `kind` what was asked, `took` from the box's start to what came."""

    number: str | None
    kind: str | None
    institution: str | None
    counted: str
    start_at: datetime | None
    due_at: datetime | None
    came_at: datetime | None
    took: timedelta | None
    rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The lines of one page, and how many there are of each way of counting; together they are all of them."""

    week: Week
    figure: Figure
    figures: tuple[Figure, ...]
    edition: int | None
    counts: dict[str, int]
    lines: list[Line]
    number: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be seen of a figure: one way of counting, one institution, one page; None is all."""

    figure: str
    counted: str | None
    institution: str | None
    page: int


def read(work: Work, centre: Centre, week: Week, wanted: Wanted) -> Items:
    """Return what was counted: of a published week from its stored inputs, else from the facts written so far.

    Raises:
        NotFound: The week has not begun, or there is no such figure, way of counting or page.
    """
    if work.now() < week.start:
        raise NotFound(f"{week.name} has not begun")
    standing = latest(work, week.name)
    if standing is None:
        live = live_figures(work, centre, week)
        inputs, figures = live.inputs, live.figures
    else:
        inputs = inputs_from_json(standing.inputs)
        figures = compute(inputs, measures.load(standing.measures_version))
    figure = next((one for one in figures if one.measure.id == wanted.figure), None)
    if figure is None:
        raise NotFound("there is no such figure")
    facts = {fact.id: fact for fact in inputs.facts}
    of_bank = [item for item in figure.items if _is_of(item, facts, inputs, wanted.institution)]
    counts = Counter(item.counted for item in of_bank)
    if wanted.counted is not None and wanted.counted not in ways(figure):
        raise NotFound("nothing is counted so")
    chosen = [item for item in of_bank if wanted.counted in {None, item.counted}]
    pages = max(1, -(-len(chosen) // AT_ONCE))
    if not 1 <= wanted.page <= pages:
        raise NotFound("there is no such page")
    shown = chosen[(wanted.page - 1) * AT_ONCE : wanted.page * AT_ONCE]
    cases = {facts[fact].case_id for item in shown for fact in item.facts} | {item.subject_id for item in shown}
    numbers = _case_numbers(work.connection, cases)
    return Items(
        week=week,
        figure=figure,
        figures=figures,
        edition=None if standing is None else standing.edition,
        counts={way: counts[way] for way in ways(figure)},
        lines=[_line(figure, item, [facts[fact] for fact in item.facts], inputs, numbers) for item in shown],
        number=len(of_bank),
        page=wanted.page,
        pages=pages,
    )


def ways(figure: Figure) -> tuple[str, ...]:
    """Return in which ways a figure can count a thing."""
    match figure.measure.rule:
        case "boxes":
            counted = ("in_time", "late", "open", "excluded")
            return counted if figure.measure.request_kinds is None else (*counted, "other_request")
        case "value":
            return ("held", "not_held")
        case "duration":
            return ("held", "never_held")


def _is_of(item: Item, facts: dict[UUID, Fact], inputs: Inputs, institution: str | None) -> bool:
    if institution is None:
        return True
    found = _institution([facts[fact] for fact in item.facts], inputs)
    return found == institution


def _institution(facts: Sequence[Fact], inputs: Inputs) -> str | None:
    last = max(facts, key=lambda fact: (fact.recorded_at, fact.id), default=None)
    return None if last is None or last.institution_id is None else inputs.institutions.get(last.institution_id)


def _line(figure: Figure, item: Item, facts: Sequence[Fact], inputs: Inputs, numbers: dict[UUID, str]) -> Line:
    ordered = sorted(facts, key=lambda fact: (fact.recorded_at, fact.id))
    start = min((fact.start_at for fact in ordered), default=None)
    arrived = [fact.stop_at for fact in ordered if fact.stop_at is not None]
    # What never came has no instant, whatever a later box of the same request says.
    came = min(arrived, default=None) if item.counted not in {"open", "never_held", "not_held"} else None
    return Line(
        number=numbers.get(ordered[0].case_id) if ordered else numbers.get(item.subject_id),
        kind=ordered[0].request_kind if ordered else None,
        institution=_institution(ordered, inputs),
        counted=item.counted,
        start_at=start,
        due_at=min((fact.due_at for fact in ordered if fact.due_at is not None), default=None),
        came_at=came,
        took=max(timedelta(), came - start) if came and start and figure.measure.rule == "boxes" else None,
        rule=ordered[-1].rule if ordered else None,
    )


def _case_numbers(connection: Connection, ids: set[UUID]) -> dict[UUID, str]:
    rows = connection.execute(text("SELECT id, no FROM cases WHERE id = ANY(:ids)"), {"ids": list(ids)})
    return {row.id: row.no for row in rows}
