"""The week's figures from the facts of the centre, and their publication: once, whole, never changed.

Only rows of the facts are read. A centre's rows are its own, so the drill
centre's week is the drill's; historical cases write no facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Row, insert, select, text

from antifraud.audit.service import Happening, append_to_area
from antifraud.auth.service import Centre
from antifraud.banks.queries import by_id
from antifraud.cases.queries import facts_by_id, facts_of_cases, facts_of_week
from antifraud.deadlines.service import next_due_at
from antifraud.foundation.json import canonical, instant_text
from antifraud.foundation.json import loads as read_json
from antifraud.foundation.problems import NotFound
from antifraud.timeliness import measures
from antifraud.timeliness.facts import BOXES, Fact
from antifraud.timeliness.inputs import inputs_from_json, inputs_to_json
from antifraud.timeliness.models import snapshots
from antifraud.timeliness.rules import Figure, Inputs, compute, document, relevant
from antifraud.timeliness.weeks import Week
from antifraud.work import Work

AREA: Final = "timeliness"
_FACT_FIELDS: Final = tuple(field.name for field in fields(Fact))
_MAX_FIGURES_BYTES: Final = 16 * 1024 * 1024


class NotPublishable(Exception):
    """The week cannot be published now; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekFigures:
    """A week as computed now: the figures, what they were computed from, and the document of both."""

    inputs: Inputs
    figures: tuple[Figure, ...]
    document: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One edition of a published week; `figures` are its exact bytes."""

    id: UUID
    centre_id: UUID
    week: str
    edition: int
    starts_at: datetime
    ends_at: datetime
    cut_off_at: datetime
    measures_version: str
    inputs_hash: bytes
    inputs: dict[str, Any]
    figures: bytes
    published_at: datetime
    published_by: str
    reason: str | None

    def document(self) -> dict[str, Any]:
        """Return the figures as they were published."""
        return cast("dict[str, Any]", read_json(self.figures, max_bytes=_MAX_FIGURES_BYTES))

    def publication(self) -> dict[str, Any]:
        """Return which edition it is, and the hashes by which the published figures can be held against it."""
        return {
            "edition": self.edition,
            "published_at": self.published_at,
            "restated_for": self.reason,
            "inputs_hash": self.inputs_hash.hex(),
            "figures_hash": sha256(self.figures).hexdigest(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The edition that stands now; `is_new` is False where it stood already."""

    snapshot: Snapshot
    is_new: bool


def live_figures(work: Work, centre: Centre, week: Week) -> WeekFigures:
    """Compute a week from the facts written so far; a week that is not over has only the boxes that ended."""
    connection = work.connection
    of_week = facts_of_week(connection, (*BOXES, "claim"), week.start, week.end)
    rows = facts_of_cases(connection, {row.case_id for row in of_week})
    facts = relevant(week, (Fact(**{name: getattr(row, name) for name in _FACT_FIELDS}) for row in rows))
    named = by_id(connection, {fact.institution_id for fact in facts if fact.institution_id is not None})
    inputs = Inputs(
        centre=centre.code,
        week=week,
        cut_off_at=work.now(),
        institutions={institution.id: institution.code for institution in named.values()},
        facts=facts,
    )
    now = measures.load()
    figures = compute(inputs, now)
    return WeekFigures(inputs=inputs, figures=figures, document=document(inputs, now, figures))


def weekly_document(work: Work, centre: Centre, week: Week) -> dict[str, Any]:
    """Return the week for readers: as it was published, or else the live figures, marked so.

    Raises:
        NotFound: The week has not begun.
    """
    standing = latest(work, week.name)
    if standing is not None:
        return {"status": "published", "publication": standing.publication(), **standing.document()}
    if work.now() < week.start:
        raise NotFound(f"{week.name} has not begun: it begins at {instant_text(week.start)}")
    return {"status": "unpublished", "publication": None, **live_figures(work, centre, week).document}


# -- publication


def latest(work: Work, week: str) -> Snapshot | None:
    """Return the edition of a week that stands, if it was published."""
    row = work.connection.execute(
        select(snapshots)
        .where(snapshots.c.centre_id == work.centre_id, snapshots.c.week == week)
        .order_by(snapshots.c.edition.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _snapshot(row)


def all_snapshots(work: Work) -> list[Snapshot]:
    """Return every edition that the centre published, oldest week first."""
    rows = work.connection.execute(
        select(snapshots)
        .where(snapshots.c.centre_id == work.centre_id)
        .order_by(snapshots.c.starts_at, snapshots.c.edition)
    )
    return [_snapshot(row) for row in rows]


def publish(work: Work, centre: Centre, week: Week, *, restated_for: str | None = None) -> Publication:
    """Publish a week that is over, in the transaction of ``work``, under the name of its actor.

    Published already, it is left as it is: what was counted late stays late,
    whatever came since. With ``restated_for``, the reason that is printed
    beside it, a further edition is written, if the facts now give other
    figures; the earlier editions stay.

    Raises:
        NotPublishable: The week is not over, a wait that ended in it is still to be recorded, or a restatement
            changes nothing or has nothing to restate.
    """
    _one_at_a_time(work, week)
    standing = latest(work, week.name)
    if standing is not None and restated_for is None:
        return Publication(snapshot=standing, is_new=False)
    if standing is None and restated_for is not None:
        raise NotPublishable(f"{week.name} was not published yet: publish it, without a reason")
    if restated_for is not None and not restated_for.strip():
        raise NotPublishable("a restatement needs its reason in words: it is printed beside the figures")
    _refuse_unfinished(work, week)
    live = live_figures(work, centre, week)
    if standing is not None and not is_changed(standing, live):
        raise NotPublishable(f"the facts give the same figures: edition {standing.edition} of {week.name} stands")
    snapshot = _stored(work, live, standing, restated_for.strip() if restated_for else None)
    return Publication(snapshot=snapshot, is_new=True)


def is_changed(snapshot: Snapshot, live: WeekFigures) -> bool:
    """Return whether the facts now give other figures than were published."""
    return canonical(snapshot.document()["figures"]) != canonical(live.document["figures"])


def _one_at_a_time(work: Work, week: Week) -> None:
    work.connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"publish:{work.centre_id}:{week.name}"},
    )


def _refuse_unfinished(work: Work, week: Week) -> None:
    now = work.now()
    if now < week.end:
        raise NotPublishable(f"{week.name} is not over before {instant_text(week.end)}: publish it then")
    due = next_due_at(work)
    if due is not None and due < week.end:
        # Its end would be written after the publication, and be missing in every week.
        raise NotPublishable(
            f"a wait that ended in {week.name} ({instant_text(due)}) is still to be recorded:"
            " see that the worker runs, and publish again in a minute"
        )


def _stored(work: Work, live: WeekFigures, standing: Snapshot | None, reason: str | None) -> Snapshot:
    week = live.inputs.week
    inputs = inputs_to_json(live.inputs)
    snapshot = Snapshot(
        id=work.new_id(),
        centre_id=work.centre_id,
        week=week.name,
        edition=1 if standing is None else standing.edition + 1,
        starts_at=week.start,
        ends_at=week.end,
        cut_off_at=live.inputs.cut_off_at,
        measures_version=measures.CURRENT,
        inputs_hash=sha256(canonical(inputs)).digest(),
        inputs=inputs,
        figures=canonical(live.document),
        published_at=work.now(),
        published_by=work.actor,
        reason=reason,
    )
    work.connection.execute(insert(snapshots), {name: getattr(snapshot, name) for name in Snapshot.__slots__})
    append_to_area(
        work,
        AREA,
        [
            Happening(
                id=work.new_id(),
                at=snapshot.published_at,
                kind="WeekPublished",
                payload={
                    "snapshot_id": str(snapshot.id),
                    "week": snapshot.week,
                    "edition": snapshot.edition,
                    "measures_version": snapshot.measures_version,
                    "inputs_hash": snapshot.inputs_hash.hex(),
                    "figures_hash": sha256(snapshot.figures).hexdigest(),
                },
            )
        ],
    )
    return snapshot


def _snapshot(row: Row[*tuple[Any, ...]]) -> Snapshot:
    values = {column.name: getattr(row, column.name) for column in snapshots.c}
    return Snapshot(**{**values, "inputs_hash": bytes(row.inputs_hash), "figures": bytes(row.figures)})


# -- computing it again


def recompute(work: Work, snapshot: Snapshot) -> tuple[str, ...]:
    """Return how a published week differs from what its stored inputs give; nothing where it is the same, byte by byte.

    Also looks whether the facts that were used still say the same in the table.
    """
    differences = []
    where = f"{snapshot.week} edition {snapshot.edition}"
    if sha256(canonical(snapshot.inputs)).digest() != snapshot.inputs_hash:
        differences.append(f"{where}: the stored inputs do not have the stored hash")
    try:
        inputs = inputs_from_json(snapshot.inputs)
        then = measures.load(snapshot.measures_version)
        again = canonical(document(inputs, then, compute(inputs, then)))
    except measures.UnknownMeasures as error:
        return (*differences, f"{where}: {error}")
    except (KeyError, TypeError, ValueError) as error:
        return (*differences, f"{where}: the stored inputs cannot be read ({type(error).__name__})")
    if again != snapshot.figures:
        differences.append(f"{where}: {_first_difference(snapshot.document(), again)}")
    stored = {row.id: row for row in facts_by_id(work.connection, [fact.id for fact in inputs.facts])}
    for fact in inputs.facts:
        row = stored.get(fact.id)
        if row is None or any(getattr(row, name) != getattr(fact, name) for name in _FACT_FIELDS):
            differences.append(f"{where}: fact {fact.id} is {'gone' if row is None else 'not what was published'}")
            break
    return tuple(differences)


def _first_difference(published: Mapping[str, Any], again: bytes) -> str:
    computed = cast("dict[str, Any]", read_json(again, max_bytes=_MAX_FIGURES_BYTES))
    for name in sorted(published.keys() | computed.keys()):
        if name != "figures" and published.get(name) != computed.get(name):
            return f"{name} differs"
    for was, now in zip(published.get("figures", ()), computed["figures"], strict=False):
        if was != now:
            return f"figure {now['id']} differs"
    return "the bytes of the figures differ"
