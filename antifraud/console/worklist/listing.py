"""Reads a page of the list with all that stands beside it: so many statements, whatever the number of rows."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from antifraud.auth.people import people_by_id
from antifraud.auth.service import Centre
from antifraud.cases import beside
from antifraud.cases.accounts import cards_of
from antifraud.cases.agenda import Counts, Edges, Place, agenda, counts
from antifraud.cases.beside import Quiet
from antifraud.console.frame.shown import NEXT, SOON
from antifraud.console.worklist.rows import GROUPS, Known, RowView, view
from antifraud.installation import Installation
from antifraud.vault.masks import mask_number

ACTOR: Final = "loop:console"
"""Who reads for everybody: nothing is shown that a log of reads would have to name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of the list with its rows; `number` counts also those of later pages."""

    name: str
    number: int
    rows: tuple[RowView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of one scope as everybody sees it; `version` changes with anything that is shown of it."""

    scope: str
    groups: tuple[Group, ...]
    counts: Counts
    following: Place | None
    quiet: Quiet | None
    version: str

    @property
    def rows(self) -> list[RowView]:
        """Return every row, in the order of the list."""
        return [row for group in self.groups for row in group.rows]

    @property
    def overdue(self) -> int:
        """Return how many rows of the scope are overdue."""
        return self.counts.groups["late"]


def edges_of(centre: Centre, now: datetime) -> Edges:
    """Return the instants between the groups; the day ends at midnight where the centre is."""
    local = now.astimezone(ZoneInfo(centre.zone))
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return Edges(now=now, soon=now + SOON, next=now + NEXT, tomorrow=midnight)


def read(
    installation: Installation, centre: Centre, scope: str, *, person_id: UUID | None = None, after: Place | None = None
) -> Listing:
    """Return a page of a scope in the language of the request; `mine` needs whose."""
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, ACTOR)
        edges = edges_of(centre, work.now())
        found = agenda(connection, scope, edges, person_id=person_id, after=after)
        sizes = counts(connection, scope, edges, person_id=person_id)
        entries = (*found.rows, *found.snoozed)
        case_ids = sorted({entry.case_id for entry in entries})
        cards = cards_of(work, {entry.account_id for entry in entries if entry.account_id is not None})
        hops: dict[UUID, list[beside.Hop]] = {}
        for hop in beside.hops(connection, case_ids):
            hops.setdefault(hop.case_id, []).append(hop)
        known = Known(
            victims=beside.victims(work, case_ids),
            accounts={account_id: mask_number(card.number) for account_id, card in cards.items()},
            people=people_by_id(connection, {entry.owner_id for entry in entries if entry.owner_id is not None}),
            hops=hops,
        )
        quiet = None if entries or after is not None else beside.quiet(connection)
    rows = [
        *(view(entry, edges, known, is_snoozed=False) for entry in found.rows),
        *(view(entry, edges, known, is_snoozed=True) for entry in found.snoozed),
    ]
    numbers = {**sizes.groups, "snoozed": len(found.snoozed)}
    groups = [(name, tuple(row for row in rows if row.group == name)) for name in GROUPS]
    return Listing(
        scope=scope,
        groups=tuple(
            Group(name=name, number=max(numbers[name], len(inside)), rows=inside) for name, inside in groups if inside
        ),
        counts=sizes,
        following=found.following,
        quiet=quiet,
        version=hashlib.sha256(repr((rows, sizes.groups, found.following, quiet)).encode()).hexdigest()[:32],
    )
