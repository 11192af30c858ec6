"""What a move of a case to another version of its scheme would change, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from antifraud.cases.dossier import Dossier
from antifraud.console.casework import wording
from antifraud.console.frame import shown, words
from workflows.migrating import Plan
from workflows.state import Clock

_KINDS: Final = {"requests": "request_kind", "tasks": "task", "outcomes": "outcome", "urgency": "urgency"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedWait:
    """A wait that the other version counts otherwise: what it is, of which account, and both due instants."""

    what: str
    about: str
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a move would change in one procedure; with `obstacles` it cannot be done."""

    title: str
    was: str
    to: str
    waits: tuple[MovedWait, ...]
    kept: int
    obstacles: tuple[str, ...]


def told(dossier: Dossier, procedure_id: UUID, plan: Plan) -> Told:
    """Return in words what a move would change in one procedure of a case."""
    definition = next(one.definition for one in dossier.procedures if one.id == procedure_id)
    return Told(
        title=wording.title(definition),
        was=definition.name,
        to=plan.definition,
        waits=tuple(
            MovedWait(
                what=str(words.word("clock", clock.kind)),
                about=_about(dossier, clock),
                was=shown.instant(moved.was.due_at),
                now=shown.instant(moved.now.due_at),
            )
            for clock, moved in plan.moved
        ),
        kept=plan.kept,
        obstacles=tuple(_obstacles(plan)),
    )


def _about(dossier: Dossier, clock: Clock) -> str:
    subject, task = clock.subject_id, dossier.open_tasks.get(clock.subject_id)
    parts = []
    if task is not None:
        parts.append(str(words.word("task", task.kind)))
        subject = task.subject_id
    request_ = dossier.requests.get(subject)
    if request_ is not None:
        parts.append(wording.kind_of_request(dossier.definition_of(request_.hold_id), request_.kind))
        subject = request_.hold_id
    hold = dossier.holds.get(subject)
    if hold is not None:
        parts.append(wording.account(dossier.label_of(hold)))
    return " · ".join(parts)


def _obstacles(plan: Plan) -> Iterator[str]:
    """Return what is open and unknown to the new version, by what people call it."""
    for obstacle in plan.obstacles:
        table, _point, code = obstacle.partition(":")[0].partition(".")
        yield str(words.word(_KINDS[table], code)) if table in _KINDS else code
