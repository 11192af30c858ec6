"""Typed facts as the figures see them, and how several facts about one box are judged together.

Facts only append. Of one box there may be several: at the due instant that
nothing had come, later what came at last, perhaps a correction. The two
instants decide, in whatever order the facts were written:

* in time, where one of them shows what was awaited at or before the due instant;
* excluded, where at or before the due instant an answer put the fault on the
  centre, or a person excluded the box (a fact without `stop_at`);
* late otherwise. So what comes after the due instant never turns a box timely,
  nor takes it out of the denominator.

Money is the other way round: of the facts about one hold the last written
counts, since an amount may be put in question and settled again.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from antifraud.foundation.money import to_json as minor_to_json
from antifraud.timeliness.weeks import Week

Verdict = Literal["in_time", "late", "excluded"]
REQUEST_BOXES = ("dispatch", "delivery", "answer")
BOXES = (*REQUEST_BOXES, "conversion")
MONEY = ("claim", "hold")
_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One row of the facts; `subject_id` is a request (boxes of requests) or a hold (conversion, claim, hold)."""

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

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values for `canonical`; instants stay instants, large amounts become text."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        if self.amount_minor is not None:
            plain["amount_minor"] = minor_to_json(self.amount_minor)
        return plain


def fact_from_json(document: Mapping[str, Any]) -> Fact:
    """Return the fact that `Fact.to_json` wrote."""

    def instant(name: str) -> datetime | None:
        return None if document[name] is None else datetime.fromisoformat(document[name])

    return Fact(
        id=UUID(document["id"]),
        case_id=UUID(document["case_id"]),
        kind=document["kind"],
        subject_id=UUID(document["subject_id"]),
        request_kind=document["request_kind"],
        institution_id=None if document["institution_id"] is None else UUID(document["institution_id"]),
        start_at=datetime.fromisoformat(document["start_at"]),
        limit_seconds=document["limit_seconds"],
        due_at=instant("due_at"),
        stop_at=instant("stop_at"),
        verdict=document["verdict"],
        amount_minor=None if document["amount_minor"] is None else int(document["amount_minor"]),
        asset=document["asset"],
        urgency=document["urgency"],
        rule=document["rule"],
        recorded_at=datetime.fromisoformat(document["recorded_at"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One time box that has ended, judged; `came_at` is when what was awaited came, late or not."""

    subject_id: UUID
    request_kind: str | None
    institution_id: UUID | None
    due_at: datetime
    came_at: datetime | None
    verdict: Verdict
    facts: tuple[UUID, ...]


def judge(facts: Iterable[Fact]) -> Box:
    """Return the verdict on one box from every fact about it, which are one or more."""
    ordered = sorted((fact for fact in facts if fact.due_at is not None), key=lambda fact: (fact.recorded_at, fact.id))
    due_at = min(fact.due_at for fact in ordered if fact.due_at is not None)
    came = [fact.stop_at for fact in ordered if fact.stop_at is not None and fact.verdict != "excluded"]
    own_fault = [fact.stop_at for fact in ordered if fact.verdict == "excluded"]
    verdict: Verdict = "late"
    if any(at <= due_at for at in came):
        verdict = "in_time"
    elif any(at is None or at <= due_at for at in own_fault):
        verdict = "excluded"
    arrived = [*came, *(at for at in own_fault if at is not None)]
    return Box(
        subject_id=ordered[0].subject_id,
        request_kind=ordered[0].request_kind,
        institution_id=ordered[-1].institution_id,
        due_at=due_at,
        came_at=min(arrived, default=None),
        verdict=verdict,
        facts=tuple(fact.id for fact in ordered),
    )


def last_of_each(facts: Iterable[Fact]) -> list[Fact]:
    """Return, of the facts about money, the last one written about each hold, unless it takes the money out again."""
    last: dict[UUID, Fact] = {}
    for fact in sorted(facts, key=lambda fact: (fact.recorded_at, fact.id)):
        last[fact.subject_id] = fact
    return [fact for fact in last.values() if fact.verdict == "counted"]


def grouped(facts: Iterable[Fact], key: Callable[[Fact], _K]) -> dict[_K, list[Fact]]:
    """Return the facts by what ``key`` says of each."""
    groups: dict[_K, list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[key(fact)].append(fact)
    return groups


def boxes_of_week(week: Week, facts: Iterable[Fact]) -> dict[str, list[Box]]:
    """Return the judged boxes of the week by kind: dispatch, delivery, answer, conversion."""
    timed = [fact for fact in facts if fact.kind in BOXES and fact.due_at is not None]
    by_request = {
        kind: grouped((fact for fact in timed if fact.kind == kind), lambda fact: fact.subject_id)
        for kind in REQUEST_BOXES
    }
    terms = grouped((f for f in timed if f.kind == "conversion"), lambda fact: (fact.subject_id, fact.due_at))
    deliveries = {subject: judge(group) for subject, group in by_request["delivery"].items()}
    found = {
        "delivery": list(deliveries.values()),
        "answer": [judge(group) for group in by_request["answer"].values()],
        "conversion": [judge(group) for group in terms.values()],
    }
    inside = {kind: [box for box in boxes if week.has(box.due_at)] for kind, boxes in found.items()}
    inside["dispatch"] = _dispatches(week, by_request["dispatch"], deliveries)
    return {kind: sorted(boxes, key=lambda box: (box.due_at, box.subject_id)) for kind, boxes in inside.items()}


def _dispatches(week: Week, sent: Mapping[UUID, list[Fact]], deliveries: Mapping[UUID, Box]) -> list[Box]:
    boxes = []
    for subject in sent.keys() | deliveries.keys():
        delivery, own = deliveries.get(subject), judge(sent[subject]) if subject in sent else None
        box = own or delivery
        if box is None or not week.has((delivery or box).due_at):
            continue
        if own is None:  # nothing left that arrived: open, whatever became of it
            box = Box(
                subject_id=subject,
                request_kind=box.request_kind,
                institution_id=box.institution_id,
                due_at=box.due_at,
                came_at=None,
                verdict="late",
                facts=box.facts,
            )
        boxes.append(box)
    return boxes
